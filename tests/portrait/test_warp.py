"""A picture on a mesh: still it is the picture, moved it is as sharp as cubic curves make it."""

from __future__ import annotations

import cv2
import numpy as np
import pytest

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


def test_it_is_as_sharp_as_cubic_curves(picture: Picture) -> None:
    y, x = np.mgrid[:SIDE, :SIDE].astype(np.float32)
    ours, curved, straight = list[float](), list[float](), list[float]()
    for across, down in np.mgrid[0:1:5j, 0:1:5j].reshape(2, -1).T[1:-1]:
        maps = x - np.float32(across), y - np.float32(down)
        ours.append(detail(moved(picture, across, down)))
        for seen, way in ((curved, cv2.INTER_CUBIC), (straight, cv2.INTER_LINEAR)):
            seen.append(detail(np.asarray(cv2.remap(picture, *maps, way), np.uint8)))
    assert 0.97 < np.mean(ours) / np.mean(curved) < 1.03  # of noise; of portraits it is 1.00
    assert min(ours) > 0.95 * min(curved) > min(straight)


def test_a_part_too_large_to_double_is_drawn_by_cubic_curves(picture: Picture, monkeypatch: pytest.MonkeyPatch) -> None:
    doubled = moved(picture, 0.5, 0.25)
    monkeypatch.setattr(warp, "LARGEST_DOUBLED", 10)
    np.testing.assert_array_equal(moved(picture, 0, 0), picture)
    assert np.abs(moved(picture, 0.5, 0.25)[8:56, 8:56].astype(int) - doubled[8:56, 8:56]).mean() < 6


@pytest.mark.parametrize("largest", [10, 2048**2], ids=["cubic", "doubled"])
def test_bands_of_rows_change_nothing(picture: Picture, monkeypatch: pytest.MonkeyPatch, largest: int) -> None:
    monkeypatch.setattr(warp, "LARGEST_DOUBLED", largest)
    whole = moved(picture, 3.3, -2.7)
    monkeypatch.setattr(warp, "BAND", 7)
    np.testing.assert_array_equal(moved(picture, 3.3, -2.7), whole)
