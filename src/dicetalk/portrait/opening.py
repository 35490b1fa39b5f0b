"""Openings of the mesh: the holes between lids and lips, and the pixels around their rims."""

from __future__ import annotations

from dataclasses import dataclass, replace

import cv2
import numpy as np

from dicetalk.arrays import Float32, Float64
from dicetalk.media import Picture

SLIT = 1.3
"""Mean height of an opening under which it fades out [px]."""


@dataclass(frozen=True)
class Opening:
    """A hole in the mesh and the pixels around it.

    Attributes:
        left, top, right, bottom: box in the frame [px].
        cover: (h, w) how much of each pixel lies inside, 0 to 1.
    """

    left: int
    top: int
    right: int
    bottom: int
    cover: Float32

    def places(self, affine: Float64) -> Float64:
        """(h, w, 2) where an affine map (2, 3) of the frame [px] takes the box's pixels."""
        across = np.arange(self.left, self.right)[:, None] * affine[:, 0]
        down = np.arange(self.top, self.bottom)[:, None, None] * affine[:, 1] + affine[:, 2]
        return np.asarray(across + down)

    def parted(self, edge: float) -> Opening:
        """The same without the parts that are much thinner than `edge` [px]: where lips meet, at their corners first,
        no dark wedge runs on between them."""
        near = cv2.GaussianBlur(self.cover, (0, 0), max(edge, 0.5))
        return replace(self, cover=self.cover * np.clip((near - 0.2) / 0.25, 0, 1))

    def shadow(self, reach: float) -> Float32:
        """Shadow (h, w) that the upper lip or lid throws into it: 1 at its edge, 0 from `reach` [px] below."""
        return np.asarray(1 - np.clip(np.cumsum(self.cover, axis=0) / reach, 0, 1), np.float32)

    def fill(self, region: Picture, inside: Float32) -> None:
        """Lay what is inside it into the region."""
        box = region[self.top : self.bottom, self.left : self.right]
        cover = self.cover[..., None]
        box[:] = np.clip(box * (1 - cover) + inside * cover + 0.5, 0, 255).astype(np.uint8)


def opening_of(outline: Float32, shape: tuple[int, ...]) -> Opening | None:
    """The opening inside an outline (N, 2) of the region [px]; None where it is shut."""
    rows, columns = around(outline, shape)
    left, top, right, bottom = (int(end) for end in (columns.start, rows.start, columns.stop, rows.stop))
    if right - left < 3 or bottom - top < 3 or abs(cv2.contourArea(outline)) < 1.0:
        return None
    fourfold = np.zeros(((bottom - top) * 4, (right - left) * 4), np.uint8)
    places = (outline - (left, top) + 0.5) * 4 - 0.5
    cv2.fillPoly(fourfold, [np.round(places * 16).astype(np.int32)], (255,), cv2.LINE_AA, 4)
    cover = cv2.resize(fourfold, (right - left, bottom - top), interpolation=cv2.INTER_AREA)
    # A slit thinner than a pixel is shut: fade it out instead of drawing a line of teeth or eye white.
    height = abs(cv2.contourArea(outline)) / max(float(np.ptp(outline[:, 0])), 1.0)
    share = np.float32(min(height / SLIT, 1) / 255)
    return Opening(left, top, right, bottom, cover.astype(np.float32) * share)


def around(outline: Float32, shape: tuple[int, ...]) -> tuple[slice, slice]:
    """What lies inside and around an outline (N, 2) of the region [px]."""
    left, top = (np.floor(outline.min(0)).astype(int) - 2).clip(0)
    right, bottom = np.minimum(np.ceil(outline.max(0)).astype(int) + 3, shape[::-1])
    return slice(top, max(top, bottom)), slice(left, max(left, right))
