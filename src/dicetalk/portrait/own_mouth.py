"""What a picture itself shows between parted lips: its teeth stay when the lips move, the rest gives way."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np

from dicetalk.arrays import Float32, Float64, UInt8
from dicetalk.media import Picture

ENOUGH = 0.3
"""Teeth are shown where they fill this share of the opening."""

BRIGHTER = 1.08
PALER = 0.3
"""Teeth are that much brighter than the lips around them, and have lost that share of their red."""

UPPER_ROW = 0.6
"""Down to where in the opening teeth belong to the skull, as a share of its height: those below go with the jaw."""


@dataclass(frozen=True)
class OwnMouth:
    """The inside of parted lips.

    Attributes:
        colour: (h, w, 3) 0 to 255, continued beyond the lips.
        cover: (h, w, 2) 0 to 1: all that is inside the lips, fading out beyond; its upper teeth alone.
        left: column of the texture's first pixel in the picture [px].
        top: row of the same.
        teeth: (3,) their colour; None where none are shown.
        edge: (2,) where the upper teeth end, in the middle [px]; None where none are shown.
    """

    colour: Float32
    cover: Float32
    left: int
    top: int
    teeth: Float64 | None
    edge: Float64 | None

    def laid_over(self, inside: Float32, places: Float64, moved: float) -> Float32:
        """What is drawn inside the lips (h, w, 3), with the picture's own over it.

        Args:
            inside: (h, w, 3) colours, 0 to 255.
            places: (h, w, 2) of its pixels in the picture [px].
            moved: how far the lips have moved: 0, to 1 where only teeth may stay.
        """
        maps = (places - (self.left, self.top)).astype(np.float32)
        colour = cv2.remap(self.colour, maps[..., 0], maps[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
        cover = cv2.remap(self.cover, maps[..., 0], maps[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_CONSTANT)
        share = (cover[..., 1] * moved + cover[..., 0] * (1 - moved))[..., None]
        return np.asarray(inside * (1 - share) + colour * share, np.float32)


def own_mouth(picture: Picture, outline: Float64) -> OwnMouth:
    """What a picture (H, W, 3) shows inside the outline (N, 2) of parted lips [px]."""
    margin = 0.08 * np.ptp(outline[:, 0]) + 4
    left, top = np.floor(outline.min(0) - margin).astype(int).clip(0)
    right, bottom = np.ceil(outline.max(0) + margin).astype(int)
    crop = np.ascontiguousarray(picture[top:bottom, left:right])
    inside = filled(crop, outline - (left, top))
    teeth = _upper_row(inside, tooth_like(crop, inside))
    # Pixels cut by the outline count as inside: the mask of the frame blends them with the lip.
    outside = 1 - cv2.dilate(inside, np.ones((3, 3), np.uint8))
    colour = cv2.inpaint(crop, outside, 3, cv2.INPAINT_TELEA).astype(np.float32)
    away = cv2.distanceTransform(outside, cv2.DIST_L2, 3)
    whole = np.clip(1 - away / max(margin * 0.4, 1), 0, 1)
    shown = teeth[inside == 1].mean() > ENOUGH if inside.any() else False
    cover = np.dstack([whole, np.minimum(teeth if shown else 0 * teeth, whole)]).astype(np.float32)
    tooth = np.median(crop[teeth > 0.9], axis=0).astype(np.float64) if shown and (teeth > 0.9).any() else None
    edge = None if tooth is None else _lower_end(teeth) + np.array([left, top])
    return OwnMouth(colour, cover, int(left), int(top), tooth, edge)


def filled(crop: Picture, outline: Float64) -> UInt8:
    """1 inside an outline (N, 2) of a crop (h, w, 3) [its px], 0 outside."""
    inside = np.zeros(crop.shape[:2], np.uint8)
    cv2.fillPoly(inside, [np.round(outline * 16).astype(np.int32)], (1,), cv2.LINE_8, 4)
    return inside


def tooth_like(crop: Picture, inside: UInt8) -> Float32:
    """How much each pixel (h, w) looks like a tooth, 0 to 1: brighter and less red than the lips around the opening."""
    lab = cv2.cvtColor(cv2.GaussianBlur(crop, (3, 3), 0), cv2.COLOR_RGB2LAB).astype(np.float32)
    lips = np.median(lab[inside == 0], axis=0)
    bright = (lab[..., 0] / max(float(lips[0]), 1) - BRIGHTER) / 0.12
    pale = (lips[1] - PALER * max(lips[1] - 128, 0) - lab[..., 1]) / 4 + 1
    return np.asarray(np.clip(bright, 0, 1) * np.clip(pale, 0, 1), np.float32)


def _upper_row(inside: UInt8, teeth: Float32) -> Float32:
    """The teeth (h, w) that belong to the skull, without specks."""
    height = np.maximum(inside.sum(0), 1)
    down = np.cumsum(inside, axis=0) / height
    row = teeth * (inside == 1) * np.clip((UPPER_ROW + 0.15 - down) / 0.15, 0, 1)
    # Gaps between teeth belong to them.
    gap = max(3, inside.shape[1] // 20)
    row = cv2.morphologyEx(cv2.morphologyEx(row, cv2.MORPH_OPEN, np.ones((3, 3))), cv2.MORPH_CLOSE, np.ones((3, gap)))
    return np.asarray(cv2.GaussianBlur(row, (3, 3), 0), np.float32)


def _lower_end(teeth: Float32) -> Float64:
    """The lower end (2,) of a row of teeth (h, w) in its middle [px]."""
    columns = np.flatnonzero((teeth > 0.5).any(0))
    middle = columns[len(columns) // 3 : -(len(columns) // 3) or None]
    ends = [np.flatnonzero(teeth[:, x] > 0.5)[-1] for x in middle]
    return np.array([middle.mean(), np.median(ends)])
