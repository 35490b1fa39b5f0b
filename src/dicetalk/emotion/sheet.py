"""A sheet of paper to draw a figure on: lines, dots and words that keep out of each other's way."""

from __future__ import annotations

import math
from collections.abc import Iterable, Sequence
from functools import cache

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from dicetalk.arrays import Picture

Point = tuple[float, float]
"""x to the right and y downwards [px]."""
Box = tuple[float, float, float, float]
"""Left, top, right, bottom [px]."""

FINER = 2
"""How many times finer it is drawn than it is given: smooth edges."""
GAP = 6.0
"""Least distance between things [px]."""
SPOTS = [(math.cos(turn * math.tau / 16), math.sin(turn * math.tau / 16)) for turn in range(16)]


class Sheet:
    """A white sheet.

    Attributes:
        taken: boxes in which something stands that a later word must not cover.
    """

    def __init__(self, width: int, height: int) -> None:
        """An empty one of a size [px]."""
        self._image = Image.new("RGB", (width * FINER, height * FINER), "white")
        self._draw = ImageDraw.Draw(self._image)
        self.size = (width, height)
        self.taken: list[Box] = []

    def picture(self) -> Picture:
        """What is drawn, (H, W, 3)."""
        return np.asarray(self._image.resize(self.size, Image.Resampling.LANCZOS))

    def picture_at(self, corner: Point, picture: Picture, size: tuple[int, int]) -> None:
        """A picture (H, W, 3), its pixels kept as squares, of a size (width, height) from its left upper corner."""
        whole = Image.fromarray(picture).resize((size[0] * FINER, size[1] * FINER), Image.Resampling.NEAREST)
        self._image.paste(whole, (round(corner[0] * FINER), round(corner[1] * FINER)))

    def line(self, points: Sequence[Point], colour: str, width: float = 2) -> None:
        """A line through points."""
        self._draw.line([_fine(point) for point in points], colour, round(width * FINER), joint="curve")

    def area(self, box: Box, colour: str) -> None:
        """A filled box."""
        left, top, right, bottom = (round(side * FINER) for side in box)
        self._draw.rectangle((left, top, max(right - 1, left), max(bottom - 1, top)), colour)

    def keep_clear(self, line: Sequence[Point]) -> None:
        """Let no later word stand on the line between two points."""
        (x, y), (right, down) = line
        steps = max(int(math.hypot(right - x, down - y) / GAP), 1)
        for share in np.linspace(0, 1, steps + 1).tolist():
            self.taken.append(_around((x + share * (right - x), y + share * (down - y)), 1, 1))

    def ring(self, centre: Point, radius: float, colour: str, width: float = 2, fill: str | None = None) -> None:
        """A circle."""
        self._draw.ellipse(_around(centre, radius * FINER, FINER), fill, colour, round(width * FINER))

    def dot(self, centre: Point, radius: float, colour: str) -> None:
        """A dot with a white edge, which no later word covers."""
        self._draw.ellipse(_around(centre, (radius + 3) * FINER, FINER), "white")
        self._draw.ellipse(_around(centre, radius * FINER, FINER), colour)
        self.taken.append(_around(centre, radius, 1))

    def word(self, at: Point, text: str, size: float, colour: str, anchor: str = "mm") -> None:
        """A word; `anchor` as in Pillow: mm is centred, lm begins and rm ends there."""
        self._draw.text(_fine(at), text, colour, _font(round(size * FINER)), anchor)
        self.taken.append(self.box(at, text, size, anchor))

    def box(self, at: Point, text: str, size: float, anchor: str = "mm") -> Box:
        """Where a word stands."""
        left, top, right, bottom = self._draw.textbbox(_fine(at), text, _font(round(size * FINER)), anchor)
        return left / FINER, top / FINER, right / FINER, bottom / FINER

    def label(self, of: Point, text: str, size: float, colour: str, away: float) -> None:
        """A word beside a point, where it covers nothing."""
        half = [side / 2 for side in _sides(self.box((0, 0), text, size))]
        self.word(self.spot(of, half, away), text, size, colour)

    def spot(self, of: Point, half: Sequence[float], away: float) -> Point:
        """The middle of a free box beside a point, the nearest there is; its first choice is to the right.

        Args:
            of: the point.
            half: width and height of the box, halved.
            away: from the point to the box [px].
        """
        far = 0.0
        while True:
            for right, down in SPOTS:
                at = of[0] + right * (half[0] + away + far), of[1] + down * (half[1] + away + far)
                if self._free((at[0] - half[0], at[1] - half[1], at[0] + half[0], at[1] + half[1])):
                    return at
            far += 2 * GAP

    def _free(self, box: Box) -> bool:
        return not any(
            box[0] < right + GAP and left < box[2] + GAP and box[1] < bottom + GAP and top < box[3] + GAP
            for left, top, right, bottom in self.taken
        )


def spread(places: Iterable[float], gap: float) -> list[float]:
    """Places on a line, moved apart as little as it takes until `gap` lies between neighbours; in their order."""
    given = list(places)
    order = sorted(range(len(given)), key=given.__getitem__)
    moved = [given[index] for index in order]
    for _ in range(200):
        for index in range(1, len(moved)):
            lack = gap - (moved[index] - moved[index - 1])
            if lack > 0:
                moved[index - 1 : index + 1] = moved[index - 1] - lack / 2, moved[index] + lack / 2
    return [moved[order.index(index)] for index in range(len(given))]


@cache
def _font(size: int) -> ImageFont.FreeTypeFont | ImageFont.ImageFont:
    return ImageFont.load_default(size)


def _fine(point: Point) -> Point:
    return point[0] * FINER, point[1] * FINER


def _around(centre: Point, radius: float, finer: float) -> Box:
    x, y = centre[0] * finer, centre[1] * finer
    return x - radius, y - radius, x + radius, y + radius


def _sides(box: Box) -> tuple[float, float]:
    return box[2] - box[0], box[3] - box[1]
