"""The shipped face shapes themselves: names, symmetry, lids that close, lips that never cross, locality."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra import numpy as hnp
from places import ROOT
from safetensors import safe_open

from dicetalk.arrays import Float32, Float64
from dicetalk.portrait.topology import face_triangles

FILE = ROOT / "src" / "dicetalk" / "weights" / "face_shapes.safetensors"
UPPER = [78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308]
LOWER = [78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308]
LIPS = sorted(
    {*UPPER, *LOWER, 61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291, 146, 91, 181, 84, 17, 314, 405, 321, 375}
)
LIDS = {
    "Left": ([398, 384, 385, 386, 387, 388, 466], [382, 381, 380, 374, 373, 390, 249]),
    "Right": ([173, 157, 158, 159, 160, 161, 246], [155, 154, 153, 145, 144, 163, 7]),
}
BROWS = [70, 63, 105, 66, 107, 46, 53, 52, 65, 55, 300, 293, 334, 296, 336, 276, 283, 282, 295, 285]
OVAL = [234, 93, 132, 58, 172, 454, 323, 361, 288, 397, 127, 162, 21, 54, 103, 67, 109, 10, 338, 297, 332, 284, 251]
ROUNDING = 1e-6  # float32 of values below 1

with safe_open(FILE, "np") as file:
    DELTA, NEUTRAL, MIRROR = (file.get_tensor(key) for key in ("delta", "neutral", "mirror"))
    METADATA = file.metadata()
NAMES = METADATA["names"].split(",")


def shape(name: str) -> Float32:
    return DELTA[NAMES.index(name)]


def size(name: str, points: list[int]) -> float:
    return float(np.linalg.norm(shape(name)[points], axis=1).max())


def partner(name: str) -> str:
    if name.endswith("Left"):
        return name.removesuffix("Left") + "Right"
    return name.removesuffix("Right") + "Left" if name.endswith("Right") else name


def test_contents() -> None:
    assert DELTA.shape == (52, 468, 3) and DELTA.dtype == np.float32 and np.isfinite(DELTA).all()
    assert NEUTRAL.shape == (468, 3) and NEUTRAL.dtype == np.float32
    assert len(set(NAMES)) == 52 and NAMES[0] == "eyeBlinkLeft" and NAMES[-1] == "tongueOut"
    assert "USC Institute for Creative Technologies" in METADATA["licence"]


def test_unit_is_the_inter_ocular_distance_and_origin_lies_between_the_eyes() -> None:
    right, left = NEUTRAL[[33, 133]].mean(axis=0), NEUTRAL[[263, 362]].mean(axis=0)
    assert np.linalg.norm(left - right) == pytest.approx(1.0, abs=0.01)
    assert np.abs(left + right).max() < 0.01
    assert NEUTRAL[152, 1] > NEUTRAL[13, 1] > 0 > NEUTRAL[10, 1]
    assert NEUTRAL[1, 2] < NEUTRAL[234, 2]


def test_mirror_is_an_involution_and_neutral_is_symmetric() -> None:
    assert (MIRROR[MIRROR] == np.arange(468)).all()
    assert np.abs(NEUTRAL[MIRROR] * [-1, 1, 1] - NEUTRAL).max() < ROUNDING


@pytest.mark.parametrize("name", NAMES)
def test_each_shape_is_the_mirror_of_its_partner(name: str) -> None:
    assert np.abs(shape(partner(name))[MIRROR] * [-1, 1, 1] - shape(name)).max() < ROUNDING


@pytest.mark.parametrize("name", [n for n in NAMES if n != "tongueOut"])
def test_each_shape_moves_a_visible_but_possible_amount(name: str) -> None:
    assert 0.03 < np.linalg.norm(shape(name), axis=1).max() < 0.7


def test_tongue_is_not_on_the_mesh() -> None:
    assert not shape("tongueOut").any()


def test_inner_and_outer_brow_are_told_apart() -> None:
    inner, outer = -shape("browInnerUp")[:, 1], -shape("browOuterUpLeft")[:, 1]
    assert inner[336] > 4 * inner[300]
    assert outer[300] > 2 * outer[336]


def flipped(delta: Float32) -> int:
    """How many of the mesh's triangles turn over, seen from the front, slivers left out."""
    triangles = face_triangles()

    def area(points: Float32) -> Float32:
        a, b = (points[triangles[:, k], :2] - points[triangles[:, 0], :2] for k in (1, 2))
        return np.asarray((a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]) / 2, np.float32)

    before, after = area(NEUTRAL), area(NEUTRAL + delta)
    visible = (np.abs(before) > 5e-4) & (np.abs(after) > 2e-4)
    return int((visible & (np.sign(before) != np.sign(after))).sum())


@pytest.mark.parametrize("name", [n for n in NAMES if n != "mouthClose"])
def test_no_shape_folds_the_skin(name: str) -> None:
    at_the_corner_of_the_mouth = 2
    assert flipped(shape(name)) <= at_the_corner_of_the_mouth


def test_open_jaw_with_closed_lips_folds_no_skin() -> None:
    assert flipped(shape("jawOpen") + shape("mouthClose")) == 0


@pytest.mark.parametrize("side", ["Left", "Right"])
def test_blink_closes_the_lids_exactly_near_the_lower_one(side: str) -> None:
    upper, lower = LIDS[side]
    closed = NEUTRAL + shape(f"eyeBlink{side}")
    assert np.abs(closed[upper] - closed[lower]).max() < ROUNDING
    raised = (NEUTRAL[lower, 1] - closed[lower, 1]) / (NEUTRAL[lower, 1] - NEUTRAL[upper, 1])
    assert ((raised > 0.14) & (raised < 0.21)).all()
    other = LIDS["Right" if side == "Left" else "Left"]
    assert size(f"eyeBlink{side}", other[0] + other[1]) == 0


def test_jaw_open_and_mouth_close_leave_the_lips_closed() -> None:
    both = NEUTRAL + shape("jawOpen") + shape("mouthClose")
    assert np.abs(both[LOWER] - both[UPPER]).max() < ROUNDING
    assert both[152, 1] - NEUTRAL[152, 1] > 0.3


@settings(max_examples=200, deadline=None)
@given(hnp.arrays(np.float64, 52, elements=st.floats(0, 1)))
def test_no_mix_of_weights_crosses_the_lips(weights: Float64) -> None:
    close, jaw = NAMES.index("mouthClose"), NAMES.index("jawOpen")
    weights[close] = min(weights[close], weights[jaw])
    face = NEUTRAL + np.einsum("s,sij->ij", weights, DELTA.astype(np.float64))
    assert (face[LOWER, 1] - face[UPPER, 1]).min() >= -52 * ROUNDING


@pytest.mark.parametrize("name", [n for n in NAMES if n.startswith(("brow", "eye"))])
def test_upper_face_shapes_leave_the_lips_alone(name: str) -> None:
    assert size(name, LIPS) == 0


@pytest.mark.parametrize("name", [n for n in NAMES if n.startswith(("mouth", "jaw"))])
def test_lower_face_shapes_leave_the_brows_alone(name: str) -> None:
    assert size(name, BROWS) == 0


@pytest.mark.parametrize("name", [n for n in NAMES if not n.startswith("jaw")])
def test_the_outline_of_the_face_moves_with_the_jaw_only(name: str) -> None:
    assert size(name, OVAL) < 0.07


def test_side_effects_stay_small() -> None:
    assert size("cheekPuff", [61, 291]) < 0.35 * np.linalg.norm(shape("cheekPuff"), axis=1).max()
    assert size("noseSneerLeft", LIPS) < 0.75 * np.linalg.norm(shape("noseSneerLeft"), axis=1).max()


@pytest.mark.parametrize(
    ("name", "point", "axis", "sign"),
    [
        ("browDownLeft", 285, 1, 1),
        ("browInnerUp", 336, 1, -1),
        ("browOuterUpLeft", 334, 1, -1),
        ("eyeWideLeft", 386, 1, -1),
        ("eyeSquintLeft", 374, 1, -1),
        ("cheekSquintLeft", 280, 1, -1),
        ("noseSneerLeft", 327, 1, -1),
        ("mouthSmileLeft", 291, 1, -1),
        ("mouthFrownLeft", 291, 1, 1),
        ("mouthStretchLeft", 291, 0, 1),
        ("mouthPucker", 291, 0, -1),
        ("mouthLowerDownLeft", 402, 1, 1),
        ("mouthUpperUpLeft", 311, 1, -1),
        ("mouthLeft", 13, 0, 1),
        ("jawLeft", 152, 0, 1),
        ("jawForward", 152, 2, -1),
        ("jawOpen", 152, 1, 1),
    ],
)
def test_each_shape_moves_what_its_name_says(name: str, point: int, axis: int, sign: int) -> None:
    assert sign * shape(name)[point, axis] > 0.02
