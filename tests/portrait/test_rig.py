"""The rig: shapes move what their names say, closing closes, nothing passes through anything, mirrors are mirrors."""

from __future__ import annotations

from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from motions import one_frame
from numpy.typing import NDArray

from dicetalk.face import Face, choose_face, find_faces
from dicetalk.media import Picture, read_picture
from dicetalk.motion.basis import face_shapes
from dicetalk.motion.landmarks import FACE_VERTICES, LOWER_LIP, OVAL, UPPER_LIP
from dicetalk.motion.space import SHAPES, Motion, index
from dicetalk.portrait import lips
from dicetalk.portrait.rig import BELOW_LIP, EYES, LID_FOLDS, Rig, build_rig
from dicetalk.portrait.topology import face_triangles, ring_vertices

BROWS = (70, 63, 105, 66, 107, 300, 293, 334, 296, 336)
OUTER_LIPS = (61, 0, 291, 17)


@pytest.fixture(scope="module")
def rig(hopper_picture: Picture, face: Face) -> Rig:
    return build_rig(hopper_picture, face)


def moved(rig: Rig, **weights: float) -> NDArray[Any]:
    """Displacement (V, 3) in the head's frame [inter-ocular distances]."""
    still, there = (rig.deformed(m, settle=0)[0] for m in (one_frame(), one_frame(**weights)))
    return (there - still) @ rig.axes / rig.unit


def test_mesh_is_a_disc_with_three_holes() -> None:
    triangles = face_triangles()
    edges = {tuple(sorted((t[i], t[(i + 1) % 3]))) for t in triangles.tolist() for i in range(3)}
    assert FACE_VERTICES - len(edges) + len(triangles) == 1 - 3  # Euler's formula: mouth and eyes are open


def test_no_shape_moves_the_outermost_ring(rig: Rig) -> None:
    assert np.isfinite(rig.shapes).all()
    assert np.allclose(rig.shapes[:, ring_vertices(4)], 0)


def test_no_motion_is_the_picture(rig: Rig) -> None:
    assert np.allclose(rig.deformed(Motion.still(3), settle=0)[2], rig.points, atol=1e-9)


@pytest.mark.parametrize("name", [n for n in SHAPES if n.startswith(("brow", "eye"))])
def test_upper_face_shapes_leave_the_lips(rig: Rig, name: str) -> None:
    assert np.abs(moved(rig, **{name: 1.0})[list(OUTER_LIPS)]).max() < 0.01


@pytest.mark.parametrize("name", [n for n in SHAPES if n.startswith(("jaw", "mouth"))])
def test_lower_face_shapes_leave_the_brows(rig: Rig, name: str) -> None:
    assert np.abs(moved(rig, **{name: 1.0})[list(BROWS)]).max() < 0.015


@pytest.mark.parametrize(
    ("weights", "vertex", "axis", "sign"),
    [
        (dict(jawOpen=1), 14, 1, 1),
        (dict(mouthSmileLeft=1), 291, 0, 1),
        (dict(mouthSmileLeft=1), 291, 1, -1),
        (dict(mouthSmileRight=1), 61, 0, -1),
        (dict(mouthFrownLeft=1), 291, 1, 1),
        (dict(mouthPucker=1), 291, 0, -1),
        (dict(mouthStretchLeft=1), 291, 0, 1),
        (dict(mouthUpperUpLeft=1), 312, 1, -1),
        (dict(mouthLowerDownLeft=1), 317, 1, 1),
        (dict(mouthLeft=1), 13, 0, 1),
        (dict(mouthRight=1), 13, 0, -1),
        (dict(jawLeft=1), 152, 0, 1),
        (dict(jawForward=1), 152, 2, -1),
        (dict(browInnerUp=1), 107, 1, -1),
        (dict(browOuterUpLeft=1), 300, 1, -1),
        (dict(browDownRight=1), 107, 1, 1),
        (dict(eyeBlinkLeft=1), 386, 1, 1),
        (dict(eyeWideRight=1), 159, 1, -1),
        (dict(eyeSquintLeft=1), 374, 1, -1),
        (dict(cheekSquintRight=1), 50, 1, -1),
        (dict(noseSneerLeft=1), 278, 1, -1),
        (dict(yaw=0.1), 1, 0, 1),
        (dict(pitch=0.1), 1, 1, 1),
        (dict(roll=0.1), 10, 0, -1),
    ],
)
def test_shape_moves_what_its_name_says(rig: Rig, weights: dict[str, float], vertex: int, axis: int, sign: int) -> None:
    assert moved(rig, **weights)[vertex, axis] * sign > 0.01


@pytest.mark.parametrize("side", ["Left", "Right"])
def test_blink_closes_its_own_eye_only(rig: Rig, side: str) -> None:
    other = "Right" if side == "Left" else "Left"
    there = rig.deformed(one_frame(**{"eyeBlink" + side: 1.0}), settle=0)[0]
    down = rig.axes[:, 1]
    for eye, closed in ((side, True), (other, False)):
        upper, lower = (list(line[1:-1]) for line in EYES[eye])
        gap = ((there[lower] - there[upper]) @ down / rig.unit).max()
        assert (gap < 0.005) == closed


def test_closing_closes_any_opening(rig: Rig) -> None:
    for amount in (0.2, 0.6, 1.0):
        there = rig.deformed(one_frame(jawOpen=amount, mouthClose=amount), settle=0)[0]
        assert np.abs(lips.lip_gaps(there, rig.axes[:, 1])).max() / rig.unit < 0.01


@settings(max_examples=30, deadline=None)
@given(st.lists(st.floats(0, 1), min_size=52, max_size=52))
def test_lips_and_lids_never_cross(rig: Rig, weights: list[float]) -> None:
    motion = Motion(np.array([weights], np.float32), np.zeros((1, 6), np.float32))
    there = rig.deformed(motion, settle=1)[0]
    for upper, lower in ((UPPER_LIP, LOWER_LIP), *EYES.values()):
        gap = (there[list(lower[1:-1])] - there[list(upper[1:-1])]) @ rig.axes[:, 1]
        assert gap.min() / rig.unit > -1e-9


@settings(max_examples=20, deadline=None)
@given(st.sampled_from(SHAPES), st.floats(0, 0.9), st.floats(0.05, 0.1))
def test_more_weight_moves_further(rig: Rig, name: str, weight: float, more: float) -> None:
    one, two = (np.abs(moved(rig, **{name: w})).sum() for w in (weight, weight + more))
    assert two >= one - 1e-9


def test_the_rig_of_a_mirrored_portrait_is_the_mirrored_rig(hopper_picture: Picture, face: Face) -> None:
    mirror = face_shapes()["mirror"].astype(int)
    landmarks = face.landmarks.copy()
    landmarks[:FACE_VERTICES] = face.landmarks[mirror]
    landmarks[:, 0] = hopper_picture.shape[1] - 1 - landmarks[:, 0]
    flipped = build_rig(np.ascontiguousarray(hopper_picture[:, ::-1]), Face(landmarks))
    rig = build_rig(hopper_picture, face)
    motion = one_frame(mouthSmileLeft=0.7, browDownRight=0.5, jawOpen=0.3, eyeBlinkLeft=0.4, yaw=0.1, roll=0.05)
    here = rig.deformed(motion)[0][:FACE_VERTICES][mirror]
    there = flipped.deformed(motion.mirrored())[0][:FACE_VERTICES]
    there[:, 0] = hopper_picture.shape[1] - 1 - there[:, 0]
    # The lip seam is searched on pixels, left to right or right to left: a pixel or so of difference is its due.
    assert np.abs(here - there)[:, :2].max() < 0.03 * rig.unit


def test_the_head_turns_and_its_surroundings_stay(rig: Rig) -> None:
    still, there = rig.points, rig.deformed(one_frame(yaw=0.15), settle=0)[0]
    away = np.linalg.norm(there - still, axis=1) / rig.unit
    assert away[1] > 0.1  # the tip of the nose
    assert away[ring_vertices(4)].max() == 0
    hair = ring_vertices(0)[[0, 1, 35]]  # above the forehead
    assert away[hair].mean() > 0.3 * away[list(OVAL)].mean()


def test_seam_finds_the_dark_line_between_the_lips(face: Face) -> None:
    points = face.landmarks[:FACE_VERTICES].astype(float)
    unit = np.linalg.norm(points[[263, 362]].mean(0) - points[[33, 133]].mean(0))
    middle = (points[list(UPPER_LIP), :2] + points[list(LOWER_LIP), :2]) / 2
    picture = np.full((600, 512, 3), 180, np.uint8)
    y, x = np.mgrid[0:600, 0:512]
    line = np.interp(x, middle[:, 0], middle[:, 1] + 0.03 * unit * np.sin(np.linspace(0, np.pi, 11)))
    picture[np.abs(y - line) < 1.2] = 40
    found = lips.seam(picture, points, float(unit))
    truth = np.interp(found[:, 0], middle[:, 0], middle[:, 1] + 0.03 * unit * np.sin(np.linspace(0, np.pi, 11)))
    assert np.abs(found[:, 1] - truth)[2:-2].max() < 1.0


def test_a_smile_in_the_picture_is_taken_out_first(portraits: object) -> None:
    from dicetalk.media import read_picture

    picture = read_picture(portraits / "cc0_044.jpg")  # type: ignore[operator]
    rig = build_rig(picture, choose_face(find_faces(picture)))
    assert rig.mouth_is_open and rig.rest[index("mouthSmileLeft")] > 0.5
    settled = rig.deformed(Motion.still(1), settle=1)[0]
    gap = np.median(lips.lip_gaps(settled, rig.axes[:, 1])[3:8]) / rig.unit
    assert gap < 0.02 < np.median(lips.lip_gaps(rig.points, rig.axes[:, 1])[3:8]) / rig.unit


@pytest.mark.parametrize(
    ("portrait", "look"),
    [
        ("st_sad", "mouthFrownLeft"),
        ("cc0_060", "browDownLeft"),
        ("lp_s11", "browInnerUp"),
        ("cc0_044", "mouthSmileLeft"),
    ],
)
def test_whatever_look_is_in_the_picture_is_taken_out_first(portraits: object, portrait: str, look: str) -> None:
    from dicetalk.media import read_picture

    picture = read_picture(portraits / f"{portrait}.jpg")  # type: ignore[operator]
    rig = build_rig(picture, choose_face(find_faces(picture)))
    assert rig.rest[index(look)] > 0.2
    assert rig.rest.min() >= 0 and rig.rest.max() <= 1
    settled = rig.deformed(Motion.still(1), settle=1)[0] - rig.seal
    moved = (settled - rig.points)[:FACE_VERTICES].ravel()
    assert moved @ rig.shapes[index(look), :FACE_VERTICES].ravel() < 0


def test_a_usual_face_keeps_its_look(portraits: object) -> None:
    from dicetalk.media import read_picture

    picture = read_picture(portraits / "cc0_076.jpg")  # type: ignore[operator]
    assert build_rig(picture, choose_face(find_faces(picture))).rest.max() < 0.1


def test_a_head_held_askew_turns_about_its_own_axes(hopper_picture: Picture, face: Face) -> None:
    height = hopper_picture.shape[0]
    # A quarter turn of the picture: (x, y) goes to (height - 1 - y, x).
    landmarks = face.landmarks[:, [1, 0, 2]] * np.array([-1, 1, 1], np.float32) + np.array(
        [height - 1, 0, 0], np.float32
    )
    askew = build_rig(np.ascontiguousarray(np.rot90(hopper_picture, -1)), Face(landmarks))
    upright = build_rig(hopper_picture, face)
    motion = one_frame(pitch=0.15, yaw=0.05, y=0.05)
    moved_one, moved_two = (
        ((rig.deformed(motion)[0] - rig.deformed(one_frame())[0]) @ rig.axes / rig.unit)[:FACE_VERTICES]
        for rig in (upright, askew)
    )
    assert np.abs(moved_one - moved_two).max() < 0.01


@pytest.mark.parametrize("nod", [-0.15, 0.15])
def test_lips_that_were_parted_stay_shut_when_the_head_nods(portraits: Path, nod: float) -> None:
    """Parted lips lie at two depths; closed in the plane of the picture alone they would show a line of teeth."""
    picture = read_picture(portraits / "cc0_030.jpg")
    rig = build_rig(picture, choose_face(find_faces(picture)))
    assert rig.mouth_is_open
    settled = rig.deformed(one_frame(pitch=nod), settle=1)[0]
    gaps = lips.lip_gaps(settled, rig.axes[:, 1])[2:9] / rig.unit
    assert np.abs(gaps).max() < 0.004


def test_the_chin_folds_under_a_lip_that_is_drawn_down(rig: Rig) -> None:
    drawn = dict(mouthLowerDown=1.0, jawOpen=1.0, mouthRollLower=0.5, mouthFrown=1.0)
    mesh = rig.deformed(one_frame(**drawn))[0] @ rig.axes
    for above, below in pairwise(BELOW_LIP):
        assert (mesh[list(below), 1] > mesh[list(above), 1]).all()


def test_skin_under_lowered_brows_stays_above_the_lid(rig: Rig) -> None:
    mesh = rig.deformed(one_frame(browDown=1.0, noseSneer=1.0, eyeWide=1.0))[0] @ rig.axes
    for side, (upper, _) in EYES.items():
        for row in LID_FOLDS[side]:
            assert (mesh[list(row), 1] < mesh[list(upper[1:-1]), 1]).all()
