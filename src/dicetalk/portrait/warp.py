"""The part of a picture that moves with a mesh: where each pixel of a frame comes from, and the picture drawn so."""

from __future__ import annotations

import cv2
import numpy as np

from dicetalk.arrays import Float32, Float64, Int32
from dicetalk.media import Picture
from dicetalk.portrait.raster import grow, rasterise

LARGEST_DOUBLED = 2048 * 2048
"""The largest part that is doubled [px]: beyond it the memory would be worth more than the time."""

HALF_WAY = np.array([-0.14, 0.64, 0.64, -0.14])
"""Weights of four pixels in a row for the place between the inner two: by as much sharper than OpenCV's cubic curves
(.09) as straight lines are softer beside it. Gradients of moved portraits are the same within .5 %."""
ON_IT = np.array([0.0, 1.0, 0.0, 0.0])

BAND = 1024
"""Rows that are drawn at once: maps as OpenCV wants them take half as much memory as those they are made from [px]."""

Box = tuple[slice, slice]


class Warp:
    """A part of a picture on a mesh.

    Straight lines between the pixels of a doubled picture are as sharp as cubic curves between its own, and quicker.

    Attributes:
        detail: pixels of the texture for one of the picture.
        x: (h, w) the column of the texture that each pixel of the part comes from.
        y: (h, w) likewise the row.
    """

    def __init__(self, part: Picture, points: Float64) -> None:
        """Nothing has moved yet.

        Args:
            part: (h, w, 3).
            points: (N, 2) the mesh as it lies in the part [px].
        """
        self.detail = 2 if part.shape[0] * part.shape[1] <= LARGEST_DOUBLED else 1
        self._texture = _doubled(part) if self.detail == 2 else np.ascontiguousarray(part)
        self._points = np.ascontiguousarray(points * self.detail, np.float32)
        # Kept from frame to frame: fresh memory costs as much as what is written into it.
        self.x: Float32 = np.empty(part.shape[:2], np.float32)
        self.y, self._depth = np.empty_like(self.x), np.empty_like(self.x)
        self._whole = np.empty((min(BAND, part.shape[0]), part.shape[1], 2), np.int16)
        self._fraction = np.empty(self._whole.shape[:2], np.uint16)

    def move(self, target: Float32, triangles: Int32) -> None:
        """Lay the mesh (N, 3) where it is in a frame [px], z away from the camera; what it leaves open stays."""
        height, width = self.x.shape
        self.x[:] = np.arange(width, dtype=np.float32) * self.detail
        self.y[:] = np.arange(height, dtype=np.float32)[:, None] * self.detail
        self._depth.fill(np.inf)
        rasterise(target, self._points, triangles, self.x, self.y, self._depth)

    def grow(self, box: Box, times: int) -> None:
        """Continue the mesh `times` pixels into what it leaves open in a box."""
        grow(self.x[box], self.y[box], np.isfinite(self._depth[box]), times, self.detail)

    def draw(self, frame: Picture) -> None:
        """Draw the picture (h, w, 3), as its mesh lies now, into a frame."""
        way = cv2.INTER_LINEAR if self.detail == 2 else cv2.INTER_CUBIC
        for top in range(0, len(frame), BAND):
            rows = slice(top, min(top + BAND, len(frame)))
            whole, fraction = (maps[: rows.stop - top] for maps in (self._whole, self._fraction))
            cv2.convertMaps(self.x[rows], self.y[rows], cv2.CV_16SC2, whole, fraction)
            cv2.remap(self._texture, whole, fraction, way, dst=frame[rows], borderMode=cv2.BORDER_REPLICATE)


def _doubled(part: Picture) -> Picture:
    """A picture (2 h, 2 w, 3) that has the pixels of `part` (h, w, 3), and one half way between any two."""
    height, width = part.shape[:2]
    doubled = np.empty((2 * height, 2 * width, 3), np.uint8)
    for row, down in enumerate((ON_IT, HALF_WAY)):
        for column, across in enumerate((ON_IT, HALF_WAY)):
            doubled[row::2, column::2] = cv2.sepFilter2D(
                part, -1, across, down, anchor=(1, 1), borderType=cv2.BORDER_REPLICATE
            )
    return doubled
