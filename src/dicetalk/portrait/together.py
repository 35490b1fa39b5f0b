"""Several faces of one picture, each drawn by itself, laid together."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from itertools import islice

import cv2
import numpy as np

from dicetalk.arrays import Float32
from dicetalk.easing import smoothstep
from dicetalk.face import Face
from dicetalk.media import Picture

SEAM = 0.3
"""Width of the seam between two heads, in units of half the size of a face."""
CHUNK = 5
"""Frames given at once."""


def together(faces: Sequence[Face], films: Sequence[Iterator[Picture]]) -> Iterator[Picture]:
    """Films of one picture in each of which another face moves -> one in which all do.

    Args:
        faces: the one that moves in each film.
        films: chunks (t, H, W, C) of as many frames each, cut wherever.

    Yields:
        chunks (t, H, W, C).
    """
    singles = [(frame for chunk in film for frame in chunk) for film in films]
    joined = (_laid(frames, shares) for frames, shares in _with_shares(faces, zip(*singles, strict=True)))
    while chunk := list(islice(joined, CHUNK)):
        yield np.stack(chunk)


def _with_shares(
    faces: Sequence[Face], frames: Iterator[tuple[Picture, ...]]
) -> Iterator[tuple[tuple[Picture, ...], list[Float32]]]:
    shares: list[Float32] = []
    for some in frames:
        shares = shares or shares_of(faces, some[0].shape[0], some[0].shape[1])
        yield some, shares


def _laid(frames: Sequence[Picture], shares: Sequence[Float32]) -> Picture:
    frame = frames[0]
    for other, share in zip(frames[1:], shares[1:], strict=True):
        frame = np.asarray(cv2.blendLinear(frame, other, 1 - share, share), np.uint8)
    return frame


def shares_of(faces: Sequence[Face], height: int, width: int) -> list[Float32]:
    """How much of each pixel (H, W) a face has of what it and those before it have: of two heads the nearer one's."""
    away = [_distance(face, height, width) for face in faces]
    nearest = [np.minimum.reduce(away[: k + 1]) for k in range(len(faces))]
    first = np.ones((height, width), np.float32)
    others = [smoothstep(0.5 + (before - mine) / SEAM) for before, mine in zip(nearest, away[1:], strict=False)]
    return [first, *(np.asarray(other, np.float32) for other in others)]


def _distance(face: Face, height: int, width: int) -> Float32:
    """How far each pixel (H, W) is from the middle of a face; 1 on the ellipse about it."""
    left, top, right, bottom = face.box
    y, x = np.mgrid[:height, :width].astype(np.float32)
    across, down = (right - left) / 2, (bottom - top) / 2
    return np.asarray(np.hypot((x - (left + right) / 2) / across, (y - (top + bottom) / 2) / down), np.float32)
