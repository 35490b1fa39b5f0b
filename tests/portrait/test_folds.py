"""Folds look like skin in its own light, not like strokes: unbroken, soft, never very dark, alike on both sides."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.interpolate import CubicSpline

from dicetalk.motion.basis import face_shapes
from dicetalk.motion.space import SHAPES
from dicetalk.portrait.folds import FOLDS, STEPS, Shading, curve_through, fold_shading

UNIT = 120.0
MIDDLE = np.array([200.0, 180.0, 0.0])


@pytest.fixture(scope="module")
def local() -> NDArray[np.float64]:
    """The mean face, made the same on both sides."""
    neutral, mirror = face_shapes()["neutral"], face_shapes()["mirror"].astype(int)
    return np.asarray((neutral + neutral[mirror] * (-1, 1, 1)) / 2)


@pytest.fixture(scope="module")
def shading(local: NDArray[np.float64]) -> Shading:
    return fold_shading(skin(), local, (np.eye(3) * UNIT, MIDDLE), face_shapes()["mirror"].astype(int))


def skin() -> NDArray[np.uint8]:
    return np.full((420, 401, 3), (200, 160, 140), np.uint8)


def folded(shading: Shading, *names: str) -> NDArray[np.float64]:
    """Light on an even skin (H, W), 1 where nothing folds, with some shapes at full weight."""
    shapes = np.array([float(name.removesuffix("Left").removesuffix("Right") in names) for name in SHAPES])
    return np.asarray(shaded(shading, skin(), shapes)[..., 1] / 160.0)


def shaded(shading: Shading, picture: NDArray[np.uint8], shapes: NDArray[np.float64]) -> NDArray[np.uint8]:
    """A picture in which nothing moves, folded."""
    frame = picture.copy()
    y, x = np.mgrid[: picture.shape[0], : picture.shape[1]].astype(np.float32)
    shading.apply(frame, shapes, x, y)
    return frame


EMOTIONS = [
    ("browDown", "noseSneer", "mouthUpperUp"),
    ("browInnerUp", "browOuterUp", "mouthStretch"),
    ("mouthSmile", "cheekSquint", "eyeSquint"),
    ("browInnerUp", "mouthFrown", "mouthShrugLower"),
]


@pytest.mark.parametrize("names", EMOTIONS)
def test_no_fold_is_a_dark_stroke(shading: Shading, names: tuple[str, ...]) -> None:
    light = folded(shading, *names)
    assert 0.55 < light.min() < 0.92
    assert np.abs(np.diff(light, axis=0)).max() < 0.11
    assert np.abs(np.diff(light, axis=1)).max() < 0.11


@pytest.mark.parametrize("names", EMOTIONS)
def test_folds_are_alike_on_both_sides(shading: Shading, names: tuple[str, ...]) -> None:
    light = folded(shading, *names)
    apart = np.abs(light - light[:, ::-1])[:, 1:-1]
    # Every second pixel is drawn: the grid lies up to half a pixel aside of the mirrored one, where folds are steep.
    assert apart.max() < 0.07
    assert apart[light[:, 1:-1] != 1].mean() < 0.01


def test_lines_of_the_forehead_run_across_it_unbroken(shading: Shading, local: NDArray[np.float64]) -> None:
    """Two halves that each fade out towards the middle look like dashes."""
    light = folded(shading, "browInnerUp", "browOuterUp")
    top, x = int(local[9, 1] * UNIT + MIDDLE[1] - 0.25 * UNIT), int(MIDDLE[0])
    forehead = light[top : int(top + 0.16 * UNIT)].min(0)
    assert forehead[x - 40 : x + 41].max() < 0.97


def test_the_root_of_the_nose_wrinkles_in_one_line(shading: Shading, local: NDArray[np.float64]) -> None:
    """Never two dots beside the middle."""
    row = folded(shading, "noseSneer")[int(local[168, 1] * UNIT + MIDDLE[1] - 0.01 * UNIT)]
    x = int(MIDDLE[0])
    assert row[x] <= row[x - 20 : x + 21].min() + 0.03


def test_every_fold_has_a_cause_and_none_is_all_crease() -> None:
    assert all(fold.causes and fold.crease <= 0.4 for fold in FOLDS)


def test_nothing_folds_without_its_cause(shading: Shading) -> None:
    assert np.array_equal(folded(shading, "jawOpen"), folded(shading))


@pytest.mark.parametrize("size", [(300, 301), (333, 402)])
def test_folds_lie_within_any_picture(local: NDArray[np.float64], size: tuple[int, int]) -> None:
    picture = np.full((*size, 3), 150, np.uint8)
    shading = fold_shading(picture, local, (np.eye(3) * UNIT, MIDDLE), face_shapes()["mirror"].astype(int))
    assert (shaded(shading, picture, np.ones(len(SHAPES))) != picture).any()


def test_folds_move_with_the_skin(shading: Shading) -> None:
    """Drawn on a part that begins elsewhere, in steps of half a pixel, from pixels that moved."""
    whole = shaded(shading, skin(), np.ones(len(SHAPES)))
    y, x = np.mgrid[40:360, 30:370].astype(np.float32)
    part = np.ascontiguousarray(skin()[40:360, 30:370])
    shading.seen_from(30, 40).apply(part, np.ones(len(SHAPES)), (x - 30 + 7) * 2, (y - 40 - 5) * 2, detail=2)
    np.testing.assert_array_equal(part[5:, :-7], whole[40:355, 37:370])


@pytest.mark.parametrize("count", [2, 3, 4, 5, 8])
def test_a_curve_is_the_spline_through_its_knots(count: int) -> None:
    knots = np.cumsum(np.random.default_rng(count).uniform(1, 20, (count, 2)), axis=0)
    lengths = np.concatenate([[0], np.cumsum(np.linalg.norm(np.diff(knots, axis=0), axis=1) + 1e-6)])
    expected = CubicSpline(lengths, knots)(np.linspace(0, lengths[-1], STEPS))
    np.testing.assert_allclose(curve_through(knots), expected, atol=1e-3)  # [px]
