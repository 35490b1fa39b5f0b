"""The part of a picture about a face, no larger than is needed to judge it."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from dicetalk.arrays import Float32, Float64
from dicetalk.face import Face
from dicetalk.media import Picture

UNIT = 96.0
"""Distance between the eyes at which larger faces are looked at [px]."""


@dataclass(frozen=True, eq=False)
class View:
    """A face as it is looked at.

    Attributes:
        picture: (h, w, 3) uint8.
        points: (478, 2) the landmarks in it [px].
        scale: its pixels for one of the whole picture, at most 1.
        unit: distance between the eyes [px]; of a profile, whose eyes are near, what it would be.
        down, across: (2,) the head's own axes.
    """

    picture: Picture
    points: Float64
    scale: float
    unit: float
    down: Float64
    across: Float64

    @staticmethod
    def colours(picture: Picture | Float32, places: Float64) -> Float32:
        """Colours (..., 3) of an image of this view at places (..., 2) [px]."""
        x, y = np.moveaxis(places.astype(np.float32).reshape(1, -1, 2), 2, 0)
        found = cv2.remap(picture, x, y, cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(found, np.float32).reshape(*places.shape[:-1], 3)


def view_of(picture: Picture, face: Face) -> View:
    """The view of one face of a picture (H, W, 3)."""
    left, top, right, bottom = face.box
    margin = max(right - left, bottom - top) // 4
    x, y = max(left - margin, 0), max(top - margin, 0)
    part = picture[y : bottom + margin, x : right + margin]
    points = face.landmarks[:, :2].astype(np.float64) - (x, y)
    scale = min(UNIT / max(_between_eyes(points), 1.0), 1.0)
    if scale < 1:
        part = np.asarray(cv2.resize(part, None, fx=scale, fy=scale, interpolation=cv2.INTER_AREA), np.uint8)
    points = points * scale
    straight = points[[13, 14]].mean(0) - points[[33, 133, 263, 362]].mean(0)
    height = float(np.linalg.norm(straight))
    down = straight / height
    unit = max(_between_eyes(points), 0.9 * height)
    return View(part, points, scale, unit, down, np.array([down[1], -down[0]]))


def _between_eyes(points: Float64) -> float:
    return float(np.linalg.norm(points[[263, 362]].mean(0) - points[[33, 133]].mean(0)))
