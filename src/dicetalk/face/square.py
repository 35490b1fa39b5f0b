"""A turned square of a picture, cut out level."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

from dicetalk.arrays import Float64, Picture


@dataclass(frozen=True)
class Square:
    """Where to look in a picture.

    Attributes:
        x: of its middle [px].
        y: of its middle [px].
        side: [px].
        angle: of its upper side, clockwise as a viewer sees it [rad].
    """

    x: float
    y: float
    side: float
    angle: float = 0.0

    def to_picture(self, size: int) -> Float64:
        """(2, 3) from pixels of a crop of `size` to those of the picture, as MediaPipe counts them."""
        cosine, sine = np.cos(self.angle), np.sin(self.angle)
        turn = np.array([[cosine, -sine], [sine, cosine]]) * self.side / size
        return np.column_stack([turn, np.array([self.x, self.y]) - turn @ np.full(2, size / 2)])


def placed(points: npt.NDArray[np.floating], matrix: Float64) -> Float64:
    """Float64 (..., 2) moved by a matrix (2, 3)."""
    return np.asarray(points @ matrix[:, :2].T + matrix[:, 2])


def cut(picture: Picture, square: Square, size: int) -> Picture:
    """The square as a crop (size, size, 3), black where the picture has ended."""
    matrix = square.to_picture(size)
    if square.side > 2 * size:
        picture, matrix = _averaged(picture, square, size, matrix)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.asarray(cv2.warpAffine(picture, matrix, (size, size), flags=flags), np.uint8)


def _averaged(picture: Picture, square: Square, size: int, matrix: Float64) -> tuple[Picture, Float64]:
    """The part around a square, shrunk to one or two times the crop so that nothing flickers, and the matrix into it.

    A whole factor is several times as quick as any other.
    """
    factor = int(np.ceil(square.side / (2 * size)))
    reach = square.side / 2 * (abs(np.cos(square.angle)) + abs(np.sin(square.angle))) + 2 * factor
    (left, right), (top, bottom) = (
        _whole(middle - reach, middle + reach, factor, length)
        for middle, length in zip((square.x, square.y), picture.shape[1::-1], strict=True)
    )
    if left >= right or top >= bottom:
        return np.zeros((1, 1, 3), np.uint8), matrix
    small = cv2.resize(
        picture[top:bottom, left:right], None, fx=1 / factor, fy=1 / factor, interpolation=cv2.INTER_AREA
    )
    inside = (matrix - np.array([[0, 0, left], [0, 0, top]])) / factor
    # Averaging puts the middle of the first small pixel at the middle of those it stands for.
    return np.asarray(small, np.uint8), inside + np.array([[0, 0, 0.5], [0, 0, 0.5]]) * (1 / factor - 1)


def _whole(start: float, end: float, factor: int, length: int) -> tuple[int, int]:
    """A stretch cut to what is there, a multiple of the factor long."""
    first, last = max(int(start), 0), min(int(end), length)
    return first, first + (last - first) // factor * factor
