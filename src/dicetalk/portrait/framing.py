"""From a picture to the frame that is animated: which face, what is cut out around it, how large."""

from __future__ import annotations

import cv2
import numpy as np

from dicetalk.checks import whole_number
from dicetalk.errors import InputError
from dicetalk.face import Face, choose_face, face_crop, find_faces
from dicetalk.media import Picture

LARGEST_SIDE = 16384
SMALLEST_SIDE = 32
SMALLEST_FACE = 16
"""Frames that are larger cannot be encoded, and in smaller ones nothing can be seen [px]."""

SEARCH_SIZE = 2048
"""Faces are searched in a picture of at most this long side [px]."""


def check_size(size: int) -> None:
    """Refuse a size of frames [px] that makes no sense; 0 is the picture's own.

    Raises:
        InputError: it is no whole number of 64 to 4096.
    """
    sense = "64 to 4096 pixels, or 0 for the picture's own size"
    if whole_number(size, "the size", sense) != 0 and not 64 <= size <= 4096:
        raise InputError(f"the size is {size}; use {sense}")


def check_face(number: int | None) -> None:
    """Refuse a number that no face of any picture has; None is the largest.

    Raises:
        InputError: it is no whole number from 1.
    """
    sense = "1 for the leftmost, 2 for the next"
    if number is not None and whole_number(number, "the face", sense) < 1:
        raise InputError(f"the face is {number}; use {sense}")


def checked_picture(picture: Picture) -> Picture:
    """A copy of the picture, if it is one: whoever gave it may go on drawing in it.

    Raises:
        InputError: another type or shape than uint8 (H, W, 3), or too small.
    """
    if picture.dtype != np.uint8 or picture.ndim != 3 or picture.shape[2] != 3:
        raise InputError(f"the portrait is {picture.dtype} {picture.shape}; pass uint8 (H, W, 3), RGB")
    if min(picture.shape[:2]) < SMALLEST_SIDE:
        raise InputError(
            f"the portrait is {picture.shape[1]} x {picture.shape[0]}; pass at least {SMALLEST_SIDE} pixels a side"
        )
    return picture.copy()


def face_of(picture: Picture, number: int | None) -> Face:
    """The face asked for, in a picture (H, W, 3): 1 is the leftmost one, None the largest.

    Raises:
        NoFaceError: there is none, or fewer than `number`.
        InputError: `number` is no whole number from 1.
    """
    check_face(number)
    return choose_face(faces_of(picture, thorough=number is not None), number)


def faces_of(picture: Picture, *, thorough: bool) -> list[Face]:
    """The faces in a picture (H, W, 3), left to right; `thorough` as in `find_faces`."""
    scale = min(1.0, SEARCH_SIZE / max(picture.shape[:2]))
    small = picture if scale == 1 else _resized(picture, scale)
    return [face.scaled(1 / scale) for face in find_faces(small, thorough=thorough)]


def framed(picture: Picture, face: Face, size: int, crop: bool) -> tuple[Picture, Face]:
    """The picture at the size of the frames, both sides even, and the face in it.

    Args:
        picture: (H, W, 3).
        face: in the picture.
        size: longest side of the frames [px]; larger pictures are scaled down; 0 keeps every size.
        crop: only the square around the face.

    Raises:
        InputError: the frames would be too large for video, or the face in them too small.
    """
    if crop:
        (left, top, right, bottom), face = face_crop(picture, face)
        picture = picture[top:bottom, left:right]
    scale = min(1.0, size / max(picture.shape[:2])) if size else 1.0
    if scale < 1:
        picture, face = _resized(picture, scale), face.scaled(scale)
    _check_frame(picture, face)
    # Video needs even sides: at most one row and one column at the far edges go. A copy, since frames are drawn later.
    height, width = (side // 2 * 2 for side in picture.shape[:2])
    return picture[:height, :width].copy(), face


def _check_frame(picture: Picture, face: Face) -> None:
    height, width = picture.shape[:2]
    left, _, right, _ = face.box
    if max(height, width) > LARGEST_SIDE:
        raise InputError(f"frames would be {width} x {height} pixels, more than video can hold; pass a size of 4096")
    if min(height, width) < SMALLEST_SIDE or right - left < SMALLEST_FACE:
        raise InputError(
            f"the face would be {right - left} pixels wide in frames of {width} x {height}; use a larger size, "
            "a larger picture or only the square around the face"
        )


def _resized(picture: Picture, scale: float) -> Picture:
    width, height = round(picture.shape[1] * scale), round(picture.shape[0] * scale)
    return np.asarray(cv2.resize(picture, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
