"""A picture on a mesh: still it is the picture, moved it is as sharp as cubic curves make it."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from numpy.typing import NDArray

from dicetalk.media import Picture
from dicetalk.portrait import warp
from dicetalk.portrait.warp import Warp

SIDE = 64
CORNERS = np.array([[4, 4, 0], [60, 4, 0], [60, 60, 0], [4, 60, 0]], np.float64)
TRIANGLES = np.array([[0, 1, 2], [0, 2, 3]], np.int32)


@pytest.fixture(scope="module")
def picture() -> Picture:
    noise = np.random.default_rng(0).integers(0, 256, (SIDE, SIDE, 3)).astype(np.float32)
    return np.asarray(np.clip(cv2.GaussianBlur(noise, (0, 0), 0.8) * 2 - 128, 0, 255), np.uint8)


def moved(picture: Picture, across: float, down: float) -> Picture:
    there = Warp(picture, CORNERS[:, :2])
    there.move((CORNERS + np.array([across, down, 0])).astype(np.float32), TRIANGLES)
    frame = np.zeros_like(picture)
    there.draw(frame)
    return frame


def detail(picture: Picture) -> float:
    """How much two neighbours differ, well inside the mesh."""
    return float(np.abs(np.diff(picture[8:56, 8:56].astype(float), axis=1)).mean())


def test_nothing_moved_is_the_picture(picture: Picture) -> None:
    np.testing.assert_array_equal(moved(picture, 0, 0), picture)


def test_whole_pixels_are_kept(picture: Picture) -> None:
    np.testing.assert_array_equal(moved(picture, 3, -2)[10:50, 10:50], picture[12:52, 7:47])


@pytest.mark.parametrize("away", [(0.5, 0.0), (0.25, 0.0), (0.3, 0.4), (0.5, 0.5)])
def test_it_is_as_sharp_as_cubic_curves(picture: Picture, away: tuple[float, float]) -> None:
    y, x = np.mgrid[:SIDE, :SIDE].astype(np.float32)
    cubic: NDArray[np.uint8] = np.asarray(
        cv2.remap(picture, x - np.float32(away[0]), y - np.float32(away[1]), cv2.INTER_CUBIC), np.uint8
    )
    ours, plain = moved(picture, *away), cv2.remap(picture, x - np.float32(away[0]), y - np.float32(away[1]), 1)
    assert detail(ours) > 0.93 * detail(cubic)
    inside = (slice(8, 56), slice(8, 56))
    off, off_plain = (np.abs(one[inside].astype(float) - cubic[inside]).mean() for one in (ours, plain))
    assert off < 0.45 * off_plain or away == (0.25, 0.0)


def test_a_part_too_large_to_double_is_drawn_by_cubic_curves(picture: Picture, monkeypatch: pytest.MonkeyPatch) -> None:
    doubled = moved(picture, 0.5, 0.25)
    monkeypatch.setattr(warp, "LARGEST_DOUBLED", 10)
    np.testing.assert_array_equal(moved(picture, 0, 0), picture)
    assert np.abs(moved(picture, 0.5, 0.25)[8:56, 8:56].astype(int) - doubled[8:56, 8:56]).mean() < 6
