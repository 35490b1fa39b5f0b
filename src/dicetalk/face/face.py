"""A face: its landmarks, its box, a crop around it; which one of several is meant."""

from __future__ import annotations

import math
from dataclasses import dataclass, replace

import numpy as np
import numpy.typing as npt

from dicetalk.arrays import Picture
from dicetalk.errors import InputError, NoFaceError

Box = tuple[int, int, int, int]

SEARCHED = "the whole picture in several sizes, turned four ways"


@dataclass(frozen=True)
class Face:
    """One face of a picture.

    Attributes:
        landmarks: (478, 3) of the refined mesh: x, y [px] in the picture, z [px] away from the camera.
        evidence: log-odds that it is one, in the detector's eyes; NaN where it was not asked.
        hidden: what is known not to be seen: some of "mouth", "right eye" and "left eye", the person's own sides.
    """

    landmarks: npt.NDArray[np.float32]
    evidence: float = math.nan
    hidden: frozenset[str] = frozenset()

    @property
    def box(self) -> Box:
        """Bounding box (left, top, right, bottom) [px] of the landmarks."""
        low, high = self.landmarks[:, :2].min(0), self.landmarks[:, :2].max(0)
        return (int(low[0]), int(low[1]), int(np.ceil(high[0])), int(np.ceil(high[1])))

    @property
    def area(self) -> float:
        """Area of the box [px²]."""
        left, top, right, bottom = self.box
        return float((right - left) * (bottom - top))

    def scaled(self, factor: float) -> Face:
        """The same face in a picture resized by `factor`."""
        return replace(self, landmarks=self.landmarks * np.float32(factor))

    def shifted(self, x: float, y: float) -> Face:
        """The same face in a picture whose origin moved to (x, y) [px]."""
        return replace(self, landmarks=self.landmarks - np.array([x, y, 0], np.float32))


def choose_face(faces: list[Face], number: int | None = None) -> Face:
    """The face asked for, or the largest one.

    Args:
        faces: as `find_faces` gives them.
        number: 1 is the leftmost face; None takes the largest.

    Raises:
        NoFaceError: there is none, or fewer than `number`.
    """
    if not faces:
        raise NoFaceError(
            f"no face found (searched {SEARCHED}); use a picture in which both eyes and the mouth can be seen, "
            "of a face at least 40 pixels wide"
        )
    if number is None:
        return max(faces, key=lambda face: face.area)
    if not 1 <= number <= len(faces):
        count = "1 face" if len(faces) == 1 else f"{len(faces)} faces"
        raise NoFaceError(
            f"face {number} asked for, {count} found; pass a number from 1 (leftmost) to {len(faces)}",
            [face.box for face in faces],
        )
    return faces[number - 1]


def face_crop(picture: Picture, face: Face, expand: float = 2.0) -> tuple[Box, Face]:
    """The square around a face, `expand` times its larger side, kept inside the picture.

    Returns:
        the box (left, top, right, bottom) [px], and the face in the coordinates of that box.
    """
    height, width = picture.shape[:2]
    left, top, right, bottom = face.box
    side = min(int(max(right - left, bottom - top) * expand), width, height)
    if side < 32:
        raise InputError(f"the face is {right - left} x {bottom - top} pixels, too small to crop; use a larger picture")
    x = min(max((left + right - side) // 2, 0), width - side)
    y = min(max((top + bottom - side) // 2, 0), height - side)
    return (x, y, x + side, y + side), face.shifted(x, y)
