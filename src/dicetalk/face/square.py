"""A turned square of a picture, cut out level."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
import numpy.typing as npt

Picture = npt.NDArray[np.uint8]
Points = npt.NDArray[np.float64]


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

    def to_picture(self, size: int) -> Points:
        """(2, 3) from pixels of a crop of `size` to those of the picture, as MediaPipe counts them."""
        cosine, sine = np.cos(self.angle), np.sin(self.angle)
        turn = np.array([[cosine, -sine], [sine, cosine]]) * self.side / size
        return np.column_stack([turn, np.array([self.x, self.y]) - turn @ np.full(2, size / 2)])


def placed(points: npt.NDArray[np.floating], matrix: Points) -> Points:
    """Points (..., 2) moved by a matrix (2, 3)."""
    return np.asarray(points @ matrix[:, :2].T + matrix[:, 2])


def cut(picture: Picture, square: Square, size: int) -> Picture:
    """The square as a crop (size, size, 3), black where the picture has ended."""
    matrix = square.to_picture(size)
    if square.side > 2 * size:
        picture, matrix = _averaged(picture, square, size, matrix)
    flags = cv2.INTER_LINEAR | cv2.WARP_INVERSE_MAP
    return np.asarray(cv2.warpAffine(picture, matrix, (size, size), flags=flags), np.uint8)


def _averaged(picture: Picture, square: Square, size: int, matrix: Points) -> tuple[Picture, Points]:
    """The part around a square, shrunk to about twice the crop so that nothing flickers, and the matrix into it."""
    reach = 0.75 * square.side
    left, top = max(int(square.x - reach), 0), max(int(square.y - reach), 0)
    part = picture[top : max(int(square.y + reach), top + 1), left : max(int(square.x + reach), left + 1)]
    if not part.size:
        return np.zeros((1, 1, 3), np.uint8), matrix
    height, width = (max(round(length * 2 * size / square.side), 1) for length in part.shape[:2])
    small = np.asarray(cv2.resize(part, (width, height), interpolation=cv2.INTER_AREA), np.uint8)
    factor = np.array([width / part.shape[1], height / part.shape[0]])[:, None]
    inside = matrix - np.array([[0, 0, left], [0, 0, top]])
    # Averaging puts the middle of the first small pixel at the middle of those it stands for.
    return small, inside * factor + np.array([[0, 0, 0.5], [0, 0, 0.5]]) * (factor - 1)
