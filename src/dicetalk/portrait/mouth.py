"""The inside of the mouth: teeth fixed to the skull and to the jaw, tongue, cheeks, cavity, in the picture's colours.

Sizes are anatomical means in inter-ocular distances (63 mm): central incisors 8.6 x 10.5 mm, 2 mm of them showing under
a relaxed upper lip, an overbite of 3 mm.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

import cv2
import numpy as np
import numpy.typing as npt

from dicetalk.arrays import Float32, Float64
from dicetalk.easing import smoothstep
from dicetalk.portrait.palette import Palette

DETAIL = 420
"""Pixels of the drawn textures for one inter-ocular distance."""

WIDTH, HEIGHT = 1.0, 0.62
"""Size of the drawn textures [inter-ocular distances]; their middle is the middle of the mouth."""

UPPER_TEETH = (0.132, 0.100, 0.098, 0.080, 0.060, 0.030)
LOWER_TEETH = (0.080, 0.086, 0.094, 0.080, 0.060, 0.030)
"""Widths as seen from the front, from the middle outwards: the arch turns away."""

UPPER_LENGTHS = (1.0, 0.93, 1.0, 0.90, 0.84, 0.8)
LOWER_LENGTHS = (0.96, 1.0, 1.05, 0.92, 0.84, 0.8)
SHADES = (1.0, 0.985, 0.93, 0.95, 0.93, 0.9)
"""How long and how bright each tooth is beside the others."""

UPPER_EDGE = 0.045
LOWER_EDGE = 0.015
"""Height of the biting edges below the line where the lips meet, with the jaw closed."""

HIDDEN = 0.02
"""How far drawn teeth end behind those of the picture."""

UPPER_BARED = (0.10, 0.145)
LOWER_BARED = (0.035, 0.07)
"""How much of each row lips lay bare before it begins to go along with them, and the most they ever do: gums and roots
stay covered, however far a shape lifts a lip."""

ARCH = 1.6
"""How fast the rows of teeth run back into the mouth: depth over half width squared [1 / inter-ocular distances]."""

LOWER_LIGHT = 0.85
"""Light on the lower teeth: lips and upper teeth shade them."""


@dataclass(frozen=True)
class Mouth:
    """Drawn layers of one portrait's mouth, each (h, w, 4): colour 0 to 255 premultiplied, then cover 0 to 1.

    Attributes:
        upper, lower, tongue: the layers.
        cavity: (3,) colour of the dark behind them.
        cheek: (3,) colour of what lies beside them.
        detail: pixels of the layers for one inter-ocular distance.
        lean: (2,) how far depth shifts what is seen, beside and down, for each unit of depth: 0 from the front.
    """

    upper: Float32
    lower: Float32
    tongue: Float32
    cavity: Float64
    cheek: Float64
    detail: float
    lean: Float64

    def inside(self, places: Float64, jaw: Float64, lips: Float64, tongue_out: float) -> Float32:
        """What shows between the lips.

        Args:
            places: (h, w, 2) in the skull's frame [inter-ocular distances], from the middle of the mouth, y down.
            jaw: (2,) how far the jaw has moved, in the same frame and unit.
            lips: (2,) height of the middle of the upper and of the lower lip's edge, in the same frame and unit.
            tongue_out: 0 to 1.

        Returns:
            (h, w, 3) colours, 0 to 255.
        """
        places = self._on_the_arch(places)
        colour = self._behind(places, jaw)
        drop = max(float(jaw[1]), 0.0)
        lifted = np.array([0.0, -_given(UPPER_EDGE - float(lips[0]), *UPPER_BARED)])
        lowered = jaw + np.array([0.0, _given(float(lips[1]) - drop - LOWER_EDGE, *LOWER_BARED)])
        tongue_shift = np.array([0.8 * jaw[0], 0.85 * lowered[1] - 0.02 - 0.06 * drop - 0.08 * tongue_out])
        for layer, shift in ((self.tongue, tongue_shift), (self.lower, lowered), (self.upper, lifted)):
            patch = _sample(layer, (places - shift) * self.detail)
            colour = colour * (1 - patch[..., 3:]) + patch[..., :3]
        return np.asarray(colour, np.float32)

    def _on_the_arch(self, places: Float64) -> Float64:
        """Where on the rows of teeth one looks at places (h, w, 2) of a plane through the incisors.

        A tooth at x lies ARCH x^2 behind that plane; from the side it shows at x + lean ARCH x^2.
        """
        x = places[..., 0]
        bent = 4 * ARCH * self.lean[0] * x
        x = 2 * x / (1 + np.sqrt(np.maximum(1 + bent, 0.05)))
        return np.stack([x, places[..., 1] - self.lean[1] * ARCH * x**2], -1)

    def _behind(self, places: Float64, jaw: Float64) -> Float32:
        """Cavity and cheeks (h, w, 3): darkest in the throat, flesh towards the corners and under the palate."""
        away = np.hypot(places[..., :1] / 0.34, (places[..., 1:] - 0.45 * jaw[1]) / 0.26)
        throat = self.cavity * (0.25 + 0.75 * np.clip(away, 0, 1) ** 1.5)
        flesh = smoothstep((np.abs(places[..., :1]) - 0.22) / 0.2)
        return np.asarray(throat * (1 - flesh) + self.cheek * flesh, np.float32)


def _given(bared: float, knee: float, most: float) -> float:
    """How far a row must go along with its lip so that no more than `most` of it is laid bare."""
    if bared < knee:
        return 0.0
    return bared - knee - (most - knee) * float(np.tanh((bared - knee) / (most - knee)))


def draw_mouth(
    colours: Palette, width: float, unit: float, *, lean: Float64 | None = None, own_edge: float | None = None
) -> Mouth:
    """The layers of a mouth.

    Args:
        colours: the portrait's.
        width: of the mouth [inter-ocular distances].
        unit: inter-ocular distance [px].
        lean: as in `Mouth`; None is a face seen from the front.
        own_edge: where the picture's own upper teeth end below the line where the lips meet [inter-ocular distances],
            if it shows any: what is drawn only continues them.
    """
    scale = float(np.clip(width / 0.79, 0.85, 1.12))
    x, y = _grid()
    edge = UPPER_EDGE if own_edge is None else min(UPPER_EDGE, own_edge - HIDDEN)
    upper = _teeth(x / scale, (y - edge) / scale, (UPPER_TEETH, UPPER_LENGTHS), 0.165, colours, own_edge is None)
    lower = _teeth(x / scale, (LOWER_EDGE - y) / scale, (LOWER_TEETH, LOWER_LENGTHS), 0.125, colours, True, LOWER_LIGHT)
    # Drawn large and shrunk once: sampling a large texture at few places would let the teeth flicker.
    share = min(1.0, 2 * unit / DETAIL)
    tongue = _tongue(x / scale, y / scale, colours)
    upper, lower, tongue = (_shrunk(layer, share) for layer in (upper, lower, tongue))
    cheek = 0.28 * colours.gum + 0.45 * colours.cavity
    return Mouth(upper, lower, tongue, colours.cavity, cheek, share * DETAIL, np.zeros(2) if lean is None else lean)


def _shrunk(layer: Float32, share: float) -> Float32:
    return np.asarray(cv2.resize(layer, None, fx=share, fy=share, interpolation=cv2.INTER_AREA), np.float32)


def _grid() -> tuple[Float64, Float64]:
    width, height = int(WIDTH * DETAIL), int(HEIGHT * DETAIL)
    x = (np.arange(width) - (width - 1) / 2) / DETAIL
    y = (np.arange(height) - (height - 1) / 2) / DETAIL
    return np.broadcast_to(x, (height, width)), np.broadcast_to(y[:, None], (height, width))


def _sample(layer: Float32, places: Float64) -> Float32:
    """A layer at places (h, w, 2) from its middle [its pixels]."""
    height, width = layer.shape[:2]
    maps = (places + np.array([(width - 1) / 2, (height - 1) / 2])).astype(np.float32)
    sampled = cv2.remap(layer, maps[..., 0], maps[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    return np.asarray(sampled, np.float32)


def _teeth(
    x: Float64,
    beyond: Float64,
    row: tuple[tuple[float, ...], tuple[float, ...]],
    length: float,
    colours: Palette,
    parted: bool,
    light: float = 1.0,
) -> Float32:
    """One row of teeth, their widths and lengths in `row`, and its gum; without gaps if it is not `parted`.

    `beyond` is 0 at the biting edge of the middle teeth, negative towards the gum.
    """
    widths, lengths = (np.array(sizes) for sizes in row)
    borders = np.concatenate([[0], np.cumsum(widths)])
    side = np.abs(x)
    number = np.clip(np.searchsorted(borders, side, side="right") - 1, 0, len(widths) - 1)
    across = np.clip((side - (borders[number] + borders[number + 1]) / 2) / (widths[number] / 2), -1, 1)
    edge = length * (lengths[number] - 1) - 0.32 * side**2 - 0.010 * across**4
    rounded = 0.010 * np.clip(np.abs(across) - 0.62, 0, 1) / 0.38
    gum_line = -length - 0.25 * side**2 + 0.02 * across**2
    rise = np.clip((edge - beyond) / length, 0, 1)
    # Neighbours touch near the gum and part towards the edge; enamel is darker where it turns away.
    to_neighbour = (1 - np.abs(across)) * widths[number]
    gap = parted * (0.17 + 0.15 * (1 - rise)) * np.exp(-((to_neighbour / 0.0065) ** 2))
    turn = np.clip(1.0 - 1.5 * side**2 - 2.0 * side**4, 0.25, 1)
    round_tooth = 1 - 0.10 * across**2 - 0.05 * across * np.sign(x) * np.sign(across)
    down_tooth = 0.86 + 0.17 * np.sin(np.pi * np.clip(0.12 + 0.78 * rise, 0, 1))
    gloss = 0.07 * np.exp(-(((across + 0.25) / 0.22) ** 2) - ((rise - 0.45) / 0.22) ** 2)
    shade = light * turn * np.array(SHADES)[number] * (1 - gap) * (round_tooth * down_tooth + gloss)
    # Thin enamel at the biting edge lets the dark behind it through.
    thin = parted * 0.16 * np.exp(-((rise / 0.10) ** 2))[..., None]
    enamel = colours.teeth * shade[..., None] * (1 - thin * np.array([1.0, 0.9, 0.75]))
    gum = colours.gum * light * (0.78 * turn)[..., None]
    tooth = _soft(beyond - gum_line, 0.012)[..., None]
    cover = _soft(edge - rounded - beyond, 0.008) * smoothstep((borders[-1] - side) / 0.02)
    colour = enamel * tooth + gum * (1 - tooth)
    return np.dstack([colour * cover[..., None], cover]).astype(np.float32)


def _tongue(x: Float64, y: Float64, colours: Palette) -> Float32:
    """The tongue, resting behind the lower teeth: lit in front, lost in the dark behind, shaded by the teeth."""
    radius = np.sqrt((x / 0.32) ** 2 + ((y - 0.15) / 0.17) ** 2)
    cover = _soft(1.05 - radius, 0.5)
    groove = 1 - 0.09 * np.exp(-((x / 0.04) ** 2)) * np.clip(1 - (y - 0.05) / 0.1, 0, 1)
    lit = 0.32 + 0.50 * smoothstep((y + 0.01) / 0.10)
    behind_teeth = 1 - 0.5 * smoothstep((y - 0.09) / 0.10)
    shade = lit * behind_teeth * groove * np.clip(1.05 - 0.35 * (x / 0.31) ** 2, 0, 1)
    colour = colours.tongue * shade[..., None]
    return np.dstack([colour * cover[..., None], cover]).astype(np.float32)


def _soft(distance: npt.NDArray[Any], width: float) -> Float64:
    """0 to 1 over `width` around distance 0."""
    return smoothstep(distance / width + 0.5)
