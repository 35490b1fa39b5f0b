"""Whether pictures of a face are worth learning from: sharp, of one person, with mouth and eyes to be seen."""

from __future__ import annotations

from collections.abc import Sequence

import cv2
import numpy as np

from dicetalk.arrays import Float64
from dicetalk.face import Face, find_faces
from dicetalk.media import Picture
from dicetalk.media.sheet import spread
from dicetalk.portrait.cover import find_covers

SHARPNESS, LEAST_SHARP = 128, 12.0
"""Side of a face [px] and variance of its Laplacian there, below which it is blurred."""
LOOKS = 5
"""Frames of a clip that are looked at."""
AS_LARGE = 0.3
"""Share of the largest face's area from which another one is somebody, too."""


def flaw_of(pictures: Sequence[Picture], landmarks: Float64) -> str:
    """Why a clip is not used, by some of its frames; "" where it can be.

    What is seen in most of them counts: a hand that passes by is no matter.

    Args:
        pictures: what lies around the face, T of them.
        landmarks: of the face in them, (T, 478, 3) [px].
    """
    looks = [(pictures[number], Face(landmarks[number].astype(np.float32))) for number in spread(len(pictures), LOOKS)]
    if blurred(*looks[len(looks) // 2]):
        return "the face is blurred"
    if _mostly([people_in(picture) > 1 for picture, _ in looks]):
        return "there are several faces"
    covers = [find_covers(picture, face).in_words for picture, face in looks]
    if _mostly([bool(words) for words in covers]):
        return f"{next(filter(None, covers))} of the face cannot be seen (a hand, a microphone?)"
    return ""


def _mostly(found: Sequence[bool]) -> bool:
    return sum(found) > len(found) / 2


def blurred(picture: Picture, face: Face) -> bool:
    """Whether a face is out of focus, or was blown up."""
    left, top, right, bottom = (max(edge, 0) for edge in face.box)
    grey = cv2.cvtColor(picture[top:bottom, left:right], cv2.COLOR_RGB2GRAY)
    small = cv2.resize(grey, (SHARPNESS, SHARPNESS), interpolation=cv2.INTER_AREA)
    return float(cv2.Laplacian(small, cv2.CV_64F).var()) < LEAST_SHARP


def people_in(picture: Picture) -> int:
    """How many faces of a picture are not much smaller than the largest."""
    areas = [face.area for face in find_faces(picture)]
    return sum(area >= AS_LARGE * max(areas) for area in areas)


def thumbnail(picture: Picture, side: int = 128) -> Picture:
    """A square picture, small."""
    return np.asarray(cv2.resize(picture, (side, side), interpolation=cv2.INTER_AREA), np.uint8)
