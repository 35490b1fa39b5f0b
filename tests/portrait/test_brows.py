"""Brows and lids: neither is stretched, and none lies over the eye."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray

from dicetalk.motion.basis import face_shapes
from dicetalk.motion.landmarks import RIGHT_LOWER_LID, RIGHT_UPPER_LID
from dicetalk.motion.space import SHAPES, index
from dicetalk.portrait.brows import EDGES, ROOM, carry_whole
from dicetalk.portrait.eyes import draw_lids


@pytest.fixture
def carried() -> NDArray[np.float64]:
    delta = face_shapes()["delta"].copy()
    carry_whole(delta, face_shapes()["neutral"])
    return delta


def raised(delta: NDArray[np.float64], *names: str) -> NDArray[np.float64]:
    """How far each vertex is lifted by some shapes (468,)."""
    return np.asarray(-sum(delta[index(name), :, 1] for name in names))


@pytest.mark.parametrize("names", [("browInnerUp", "browOuterUpRight"), ("browDownRight",), ("noseSneerRight",)])
def test_a_brow_is_as_high_when_it_has_moved(carried: NDArray[np.float64], names: tuple[str, ...]) -> None:
    upper, lower = EDGES["Right"]
    lifted = raised(carried, *names)
    stretch = np.abs(lifted[list(upper)] - lifted[list(lower)])
    assert stretch.max() < 0.12 * np.abs(lifted[list(upper)]).max()


def test_lashes_stay_with_their_lid(carried: NDArray[np.float64]) -> None:
    own = face_shapes()["delta"]
    lid = list(RIGHT_UPPER_LID)
    for name in ("browOuterUpRight", "browDownRight"):
        assert np.allclose(carried[index(name)][lid], own[index(name)][lid], atol=0.02)


def test_low_brows_come_down_less() -> None:
    """Over deep-set eyes there is no room for the whole of a frown."""
    low = face_shapes()["neutral"].copy()
    upper, lower = EDGES["Right"]
    low[[*upper, *lower], 1] += 0.2
    delta = face_shapes()["delta"].copy()
    carry_whole(delta, low)
    room = np.mean(low[list(RIGHT_UPPER_LID), 1]) - np.mean(low[[*upper, *lower], 1])
    assert -raised(delta, "browDownRight")[[*upper, *lower]].min() < 1.5 * ROOM * room


def test_what_moves_no_brow_is_left_alone(carried: NDArray[np.float64]) -> None:
    rows = [i for i, name in enumerate(SHAPES) if not name.startswith(("brow", "noseSneer"))]
    assert np.array_equal(carried[rows], face_shapes()["delta"][rows])


def lids(gap: float) -> tuple[NDArray[np.float64], NDArray[np.float64]]:
    """Two rims of an eye 60 px wide, `gap` px apart in the middle; their vertices do not face each other."""
    one, two = np.linspace(0, 1, len(RIGHT_UPPER_LID)), np.linspace(0, 1, len(RIGHT_LOWER_LID)) ** 1.3
    return (
        np.stack([20 + 60 * one, 30 - 0.4 * gap * np.sin(np.pi * one)], 1),
        np.stack([20 + 60 * two, 30 + 0.6 * gap * np.sin(np.pi * two)], 1),
    )


def test_shut_lids_meet_in_one_unbroken_line() -> None:
    region = np.full((60, 100, 3), 180, np.uint8)
    draw_lids(region, *lids(0.5), np.array([60.0, 40, 40]), unit=120.0, amount=1.0)
    line = region[..., 0].min(0)[26:75].astype(int)
    assert line.max() < 150
    assert np.abs(np.diff(line)).max() < 12


def test_open_lids_that_moved_keep_their_lashes() -> None:
    region = np.full((60, 100, 3), 180, np.uint8)
    upper, lower = lids(16)
    draw_lids(region, upper, lower, np.array([60.0, 40, 40]), unit=120.0, amount=1.0)
    drawn = region[:, 50, 0].astype(int)
    assert abs(drawn.argmin() - upper[len(upper) // 2, 1]) < 2
    assert drawn.min() < 140
    assert drawn[int(lower[len(lower) // 2, 1])] == 180


def test_lids_at_rest_get_no_line() -> None:
    region = np.full((60, 100, 3), 180, np.uint8)
    for gap in (16, 0.5):
        draw_lids(region, *lids(gap), np.array([60.0, 40, 40]), unit=120.0, amount=0.0)
    assert (region == 180).all()
