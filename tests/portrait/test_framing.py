"""From a picture to the frame: which face, how large, how much around it, and what cannot be used."""

from __future__ import annotations

import re

import numpy as np
import pytest

from dicetalk.errors import InputError, NoFaceError
from dicetalk.face import Face
from dicetalk.media import Picture
from dicetalk.portrait.framing import (
    LARGEST_SIDE,
    SEARCH_SIZE,
    SMALLEST_SIDE,
    check_size,
    checked_picture,
    face_of,
    framed,
)


def box_face(left: float, top: float, right: float, bottom: float) -> Face:
    """A face of which only the box matters."""
    points = np.zeros((478, 3), np.float32)
    points[:, :2] = left, top
    points[0, :2] = right, bottom
    return Face(points)


def blank(width: int, height: int) -> Picture:
    return np.zeros((height, width, 3), np.uint8)


@pytest.mark.parametrize("size", [0, 64, 1024, 4096])
def test_sizes(size: int) -> None:
    check_size(size)


@pytest.mark.parametrize("size", [-1, 1, 63, 4097])
def test_sizes_that_make_no_sense(size: int) -> None:
    with pytest.raises(InputError, match=f"the size is {size}; use 64 to 4096 pixels, or 0 for"):
        check_size(size)


def test_a_copy_of_a_picture_is_given_back() -> None:
    picture = blank(SMALLEST_SIDE, SMALLEST_SIDE)
    found = checked_picture(picture)
    np.testing.assert_array_equal(found, picture)
    assert not np.shares_memory(found, picture)


@pytest.mark.parametrize(
    ("picture", "says"),
    [
        (np.zeros((100, 100, 3), np.float32), r"the portrait is float32 \(100, 100, 3\); pass uint8 \(H, W, 3\), RGB"),
        (np.zeros((100, 100), np.uint8), r"uint8 \(100, 100\); pass"),
        (np.zeros((100, 100, 4), np.uint8), r"uint8 \(100, 100, 4\); pass"),
        (np.zeros((5, 100, 100, 3), np.uint8), r"uint8 \(5, 100, 100, 3\); pass"),
        (blank(31, 100), "the portrait is 31 x 100; pass at least 32 pixels a side"),
        (blank(100, 0), "the portrait is 100 x 0; pass at least 32"),
    ],
)
def test_what_is_no_picture(picture: Picture, says: str) -> None:
    with pytest.raises(InputError, match=says):
        checked_picture(picture)


def test_the_face_asked_for_is_found_in_a_large_picture_too(hopper_picture: Picture, face: Face) -> None:
    height, width = hopper_picture.shape[:2]
    large = np.zeros((SEARCH_SIZE + 900, 2 * SEARCH_SIZE, 3), np.uint8)
    wide = np.repeat(np.repeat(hopper_picture, 3, 0), 3, 1)
    large[: 3 * height, 1000 : 1000 + 3 * width] = wide
    found = face_of(large, None).landmarks[:, :2]
    distance = np.linalg.norm(found - (face.landmarks[:, :2] * 3 + (1000, 0)), axis=1)
    left, _, right, _ = face.box
    assert distance.mean() < 0.05 * 3 * (right - left)  # it is searched at half the size


def test_faces_are_counted_from_the_left(hopper_picture: Picture, face: Face) -> None:
    two = np.concatenate([hopper_picture, hopper_picture[:, ::-1]], 1)
    middles = [np.mean(face_of(two, number).box[::2]) for number in (1, 2)]
    assert middles[0] < hopper_picture.shape[1] < middles[1]
    with pytest.raises(NoFaceError, match="face 3 asked for, 2 faces found"):
        face_of(two, 3)


def test_no_face(no_face: Picture) -> None:
    with pytest.raises(NoFaceError, match="no face found"):
        face_of(no_face, None)


@pytest.mark.parametrize(
    ("picture", "size", "frame"),
    [
        ((512, 600), 256, (218, 256)),  # 218.45 is rounded
        ((600, 512), 256, (256, 218)),
        ((512, 600), 1024, (512, 600)),  # never made larger
        ((512, 600), 0, (512, 600)),
        ((511, 599), 0, (510, 598)),  # video needs even sides
        ((5000, 4000), 0, (5000, 4000)),
    ],
)
def test_how_large_frames_are(picture: tuple[int, int], size: int, frame: tuple[int, int]) -> None:
    found, _ = framed(blank(*picture), box_face(100, 100, 300, 350), size, crop=False)
    assert (found.shape[1], found.shape[0]) == frame and found.dtype == np.uint8
    assert found.flags.c_contiguous


def test_the_face_goes_with_the_picture() -> None:
    """A marked box is where the face says it is, scaled and cropped."""
    picture = blank(600, 500)
    picture[100:300, 200:350] = 255
    face = box_face(200, 100, 350, 300)
    for size, crop in ((0, False), (300, False), (0, True), (200, True)):
        frame, there = framed(picture, face, size, crop)
        left, top, right, bottom = there.box
        assert frame[top + 2 : bottom - 2, left + 2 : right - 2].min() > 250
        outside = frame.astype(int)
        outside[top - 2 : bottom + 2, left - 2 : right + 2] = 0
        assert outside.max() == 0


def test_only_the_square_around_the_face() -> None:
    frame, _ = framed(blank(1000, 800), box_face(400, 300, 500, 420), 0, crop=True)
    assert frame.shape[0] == frame.shape[1] == 240
    frame, _ = framed(blank(1000, 800), box_face(400, 300, 500, 420), 128, crop=True)
    assert frame.shape[:2] == (128, 128)


@pytest.mark.parametrize(
    ("picture", "box", "size", "says"),
    [
        ((LARGEST_SIDE + 2, 40), (0, 0, 40, 40), 0, "frames would be 16386 x 40 pixels, more than video can hold"),
        ((1000, 1000), (0, 0, 100, 100), 64, "the face would be 7 pixels wide in frames of 64 x 64; use a larger size"),
        ((2000, 200), (0, 0, 190, 190), 256, "in frames of 256 x 26; use a larger size"),
    ],
)
def test_frames_of_no_use(
    picture: tuple[int, int], box: tuple[float, float, float, float], size: int, says: str
) -> None:
    with pytest.raises(InputError, match=re.escape(says)):
        framed(blank(*picture), box_face(*box), size, crop=False)


def test_the_frame_is_no_view_of_the_callers_picture(hopper_picture: Picture, face: Face) -> None:
    """Frames are drawn later: what the caller does with the array until then changes nothing."""
    given = hopper_picture.copy()
    frame, _ = framed(given, face, 0, crop=False)
    given[:] = 0
    assert frame.max() > 0
