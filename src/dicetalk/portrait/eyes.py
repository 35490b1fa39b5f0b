"""Eyeballs: what lies behind the lids of a portrait, and where the iris goes."""

from __future__ import annotations

from dataclasses import dataclass

import cv2
import numpy as np
from numpy.typing import NDArray

from dicetalk.arrays import Float32, Float64, UInt8
from dicetalk.media import Picture
from dicetalk.motion.space import index

GAZE_X = 0.095
GAZE_Y = 0.075
"""How far the iris travels at a full eyeLook shape [inter-ocular distances]: 30 and 25 degrees of a 12 mm eyeball."""

SHUT = 0.05
"""Lids this close [inter-ocular distances] begin to meet in a line of lashes."""

LASH_LINE = 0.018
"""Width of that line, in the same unit."""

LASHES = 0.8
"""How strongly it is drawn over an open eye whose lid has moved."""

LEAST_LINE = 0.02
"""Fainter, no line is drawn at all."""

IRIS_RINGS = 8
"""How finely the colours of an iris are told apart, from its middle to its rim."""


GRAIN = 12
"""The most that a pixel of the white differs from those around it [levels]: what differs more is no white."""


@dataclass(frozen=True)
class Eyeball:
    """One eye of a picture without its lids.

    Attributes:
        seen: (h, w, 3) the picture inside the opening, continued beyond it.
        clean: (h, w, 3) the same with the lids' rim painted over too, for lids that move.
        left: column of the texture's first pixel in the picture [px].
        top: row of the same.
        iris: (2,) its centre in the picture [px].
        radius: of the iris [px].
        side: "Left" or "Right", the subject's.
        lashes: (3,) their colour, along the upper lid.
    """

    seen: Picture
    clean: Picture
    left: int
    top: int
    iris: Float64
    radius: float
    side: str
    lashes: Float64

    def gaze(self, shapes: Float32) -> Float64:
        """Where the iris goes (2,), in inter-ocular distances along the head's axes, for weights (52,)."""
        out, into, up, down = (float(shapes[index(f"eyeLook{way}{self.side}")]) for way in ("Out", "In", "Up", "Down"))
        outward = 1.0 if self.side == "Left" else -1.0
        return np.array([outward * (out - into) * GAZE_X, (down - up) * GAZE_Y])

    def look(self, places: Float64, shift: Float64, moved: float) -> Picture:
        """The eyeball at places of the picture.

        Args:
            places: (..., 2) in the picture [px].
            shift: (2,) how far the iris has moved [px].
            moved: how far the lids have moved from where they are in the picture, 0 to 1 (all the rim is hidden).

        Returns:
            (..., 3) colours.
        """
        texture = self.seen if moved == 0 else cv2.addWeighted(self.seen, 1 - moved, self.clean, moved, 0)
        source = places
        if np.any(shift):
            # The white gives way beside the iris and stays put at the corners of the eye.
            away = np.linalg.norm(places - self.iris - shift, axis=-1) / self.radius
            source = places - shift * np.clip((2.6 - away) / 1.5, 0, 1)[..., None]
        maps = (source - (self.left, self.top)).astype(np.float32)
        looked = cv2.remap(texture, maps[..., 0], maps[..., 1], cv2.INTER_CUBIC, borderMode=cv2.BORDER_REPLICATE)
        return np.asarray(looked, np.uint8)


def eyeball(picture: Picture, outline: Float64, iris: Float64, side: str) -> Eyeball:
    """The eyeball behind one opening.

    Args:
        picture: (H, W, 3).
        outline: (N, 2) of the opening [px].
        iris: (5, 2) centre and rim of the iris [px].
        side: "Left" or "Right", the subject's.
    """
    width = np.ptp(outline[:, 0])
    margin = 0.5 * width + 2
    left, top = (np.floor(outline.min(0) - margin)).astype(int).clip(0)
    right, bottom = np.ceil(outline.max(0) + margin).astype(int)
    crop = np.ascontiguousarray(picture[top:bottom, left:right])
    radius = float(np.linalg.norm(iris[1:] - iris[0], axis=1).mean())
    opening = _filled(crop.shape[:2], outline - (left, top))
    rim = max(1, round(width * 0.035))
    disc = cv2.getStructuringElement(cv2.MORPH_ELLIPSE, (2 * rim + 1, 2 * rim + 1))
    inner = np.asarray(cv2.erode(opening, disc), np.uint8)
    centre = iris[0] - (left, top)
    clean = _continued(crop, inner, centre, radius)
    seen = np.where(cv2.dilate(opening, np.ones((3, 3), np.uint8))[..., None] > 0, crop, clean)
    return Eyeball(seen, clean, int(left), int(top), iris[0], max(radius, 1.0), side, _lash_colour(picture, outline))


def _lash_colour(picture: Picture, outline: Float64) -> Float64:
    """The darker colours (3,) along the upper half of an eye's outline (N, 2) [px]."""
    upper = outline[outline[:, 1] <= np.median(outline[:, 1])]
    x, y = np.clip(upper, 0, np.array(picture.shape[1::-1]) - 1).astype(int).T
    return np.asarray(0.8 * np.percentile(picture[y, x], 30, axis=0))


def draw_lids(region: Picture, upper: Float64, lower: Float64, colour: Float64, unit: float, amount: float) -> None:
    """Draw the lashes' line along lids that have moved.

    Lids that meet do so in one soft line: two rims of a mesh alone leave slits and dashes of lid and white. Over an
    open eye the lashes' line follows the upper rim: pushed aside with the lid, its own becomes too thin to be seen.

    Args:
        region: (H, W, 3), changed in place.
        upper, lower: (N, 2) the lids' rims, from corner to corner [px].
        colour: (3,) of the line.
        unit: inter-ocular distance [px].
        amount: 0 to 1, how much of the line is drawn at all.
    """
    if amount < LEAST_LINE:
        return
    across = (upper[-1] - upper[0]) / max(float(np.linalg.norm(upper[-1] - upper[0])), 1e-6)
    along = np.linspace(0, (upper[-1] - upper[0]) @ across, max(int(1.5 * (upper[-1] - upper[0]) @ across), 8))
    one, two = (_heights(rim - upper[0], across, along) for rim in (upper, lower))
    closed = np.clip(1.2 * (1 - np.abs(two - one) / (SHUT * unit)), 0, 1) ** 2
    # Lids meet at their corners even in an open eye: that is no line.
    shut = np.clip(1.3 * np.median(closed[len(closed) // 4 : -len(closed) // 4]), 0, 1)
    ends = amount * np.sin(np.pi * np.linspace(0.06, 0.94, len(along))) ** 0.5
    box, there, below = _beside(region, upper[0], across, along, np.concatenate([one, two]), 3 + LASH_LINE * unit)
    meeting = _line(there, below, along, one + 0.6 * (two - one), 0.75 * shut * closed * ends, LASH_LINE * unit)
    above = one - 0.3 * LASH_LINE * unit
    cover = np.maximum(meeting, _line(there, below, along, above, LASHES * (1 - shut) * ends, LASH_LINE * unit))[
        ..., None
    ]
    region[box] = (region[box] * (1 - cover) + colour * cover + 0.5).astype(np.uint8)


def _beside(
    region: Picture, start: Float64, across: Float64, along: Float64, heights: Float64, margin: float
) -> tuple[tuple[slice, slice], Float64, Float64]:
    """The part of a region that holds lines above and below one from `start` (2,) [px] in a direction (2,).

    Returns:
        that part; how far along the line each of its pixels lies, and how far below, (h, w) each.
    """
    down = np.array([-across[1], across[0]])
    reach = np.array([heights.min() - margin, heights.max() + margin])
    corners = start + np.array([end * across + low * down for end in along[[0, -1]] for low in reach])
    left, top = np.floor(corners.min(0)).astype(int).clip(0)
    right, bottom = np.minimum(np.ceil(corners.max(0)).astype(int) + 1, region.shape[1::-1])
    y, x = np.mgrid[top : max(top, bottom), left : max(left, right)]
    x, y = x - start[0], y - start[1]
    box = slice(top, max(top, bottom)), slice(left, max(left, right))
    return box, x * across[0] + y * across[1], x * down[0] + y * down[1]


def _line(there: Float64, below: Float64, along: Float64, heights: Float64, strength: Float64, width: float) -> Float64:
    """How much a soft line covers pixels (h, w) that lie so far along and below: it runs at some heights (M,), as
    strong at each place `along` (M,) as `strength` (M,) says."""
    lean = 1 / (1 + np.gradient(heights, along) ** 2)
    away = (below - np.interp(there, along, heights)) ** 2 * np.interp(there, along, lean)
    return np.asarray(np.interp(there, along, strength, 0, 0) * np.exp(-away / (0.6 * max(width, 1.0)) ** 2))


def _heights(rim: Float64, across: Float64, along: Float64) -> Float64:
    """How far a rim (N, 2) lies below the line between its corners, at distances (M,) along that line (2,)."""
    place, below = rim @ across, rim @ np.array([-across[1], across[0]])
    order = np.argsort(place)
    return np.asarray(np.interp(along, place[order], below[order]))


def _filled(shape: tuple[int, ...], outline: Float64) -> UInt8:
    mask = np.zeros(shape[:2], np.uint8)
    cv2.fillPoly(mask, [np.round(outline * 16).astype(np.int32)], (255,), cv2.LINE_8, 4)
    return mask


def _continued(crop: Picture, known: UInt8, centre: Float64, radius: float) -> Picture:
    """The crop with everything outside `known` made up from what is inside."""
    if not known.any():
        return crop
    y, x = np.mgrid[: crop.shape[0], : crop.shape[1]]
    away = np.hypot(x - centre[0], y - centre[1]) / radius
    seen = (known > 0) & (away > 1.12)
    if not seen.any():
        return np.asarray(cv2.inpaint(crop, (known == 0).astype(np.uint8), 3, cv2.INPAINT_TELEA), np.uint8)
    # The brighter half of the white: the rest lies in the shadow of lids and lashes.
    light = crop.mean(-1)
    white = seen & (light >= np.median(light[seen]))
    ball = np.asarray(cv2.inpaint(crop, (~white).astype(np.uint8), 3, cv2.INPAINT_TELEA), np.uint8)
    # Over an iris that touches both lids only what shines through from the sides is known: even it out. Of the white
    # itself only its grain is kept: its shadows were those of lids that have moved, and would be a second eye in it.
    even = cv2.GaussianBlur(ball, (0, 0), max(0.6 * radius, 1)).astype(np.float32)
    inside = np.clip(cv2.distanceTransform(known, cv2.DIST_L2, 3) / max(0.4 * radius, 1), 0, 1)[..., None]
    ball = even + _grain(crop, seen, 0.2 * radius) * inside
    cover = np.clip((1.1 - away) / 0.16, 0, 1)[..., None]
    iris = _even_iris(crop, known, away)
    iris += (crop - iris) * np.where(known[..., None] > 0, inside, 0)
    return np.asarray(np.clip(ball * (1 - cover) + iris * cover, 0, 255), np.uint8)


def _grain(crop: Picture, seen: NDArray[np.bool_], reach: float) -> Float32:
    """What a part of a picture has of fine detail (h, w, 3), without its shadows; 0 where it is not seen (h, w)."""
    share = seen.astype(np.float32)[..., None]
    spread = [cv2.GaussianBlur(layer, (0, 0), max(reach, 0.8)) for layer in (crop * share, share)]
    grain = crop - spread[0] / np.maximum(spread[1], 1e-3)[..., None]
    return np.asarray(np.clip(grain, -GRAIN, GRAIN) * share, np.float32)


def _even_iris(crop: Picture, known: UInt8, away: Float64) -> Float32:
    """An iris in the colours that are seen at each distance from its middle, (h, w, 3)."""
    ring = (away * IRIS_RINGS).astype(int)
    rings = [(known > 0) & (ring == i) for i in range(int(1.2 * IRIS_RINGS))]
    found = [i for i, seen in enumerate(rings) if seen.any()]
    if not found:
        return crop.astype(np.float32)
    colours = np.array([np.median(crop[rings[i]], axis=0) for i in found])
    middles = (np.array(found) + 0.5) / IRIS_RINGS
    return np.stack([np.interp(away, middles, colours[:, c]) for c in range(3)], -1).astype(np.float32)
