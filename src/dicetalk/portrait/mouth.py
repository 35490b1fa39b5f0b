"""The inside of the mouth: teeth fixed to the skull and to the jaw, tongue, cavity, in the picture's own colours.

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

DETAIL = 420
"""Pixels of the drawn textures for one inter-ocular distance."""

WIDTH, HEIGHT = 1.0, 0.62
"""Size of the drawn textures [inter-ocular distances]; their middle is the middle of the mouth."""

UPPER_TEETH = (0.132, 0.098, 0.098, 0.070, 0.045)
LOWER_TEETH = (0.082, 0.086, 0.092, 0.070, 0.045)
"""Widths as seen from the front, from the middle outwards: the arch turns away."""

UPPER_EDGE = 0.045
LOWER_EDGE = 0.015
"""Height of the biting edges below the line where the lips meet, with the jaw closed."""

TYPICAL_SKIN = np.array([200.0, 152.0, 128.0])
TYPICAL = {"tongue": (172.0, 92.0, 92.0), "gum": (178.0, 96.0, 96.0), "cavity": (58.0, 24.0, 22.0)}
"""Colours beside a typical skin, from which each portrait's are derived."""

MOST_TINT = 0.25
"""How far the channels of a tooth's colour may lie apart, as a share of the brightest."""

LUMA = np.array([0.299, 0.587, 0.114])


@dataclass(frozen=True)
class Palette:
    """Colours (3,) of one portrait's mouth, 0 to 255."""

    teeth: Float64
    tongue: Float64
    gum: Float64
    cavity: Float64


def palette(skin: Float64, white: Float64) -> Palette:
    """Colours that fit a portrait.

    Args:
        skin: (3,) of the cheeks, 0 to 255.
        white: (3,) of the whites of the eyes.
    """
    chroma = np.ptp(skin) / max(skin.max(), 1)
    typical_chroma = np.ptp(TYPICAL_SKIN) / TYPICAL_SKIN.max()
    # On a black-and-white or sepia picture only the brightness of flesh differs, not its hue.
    hue = float(np.clip(chroma / typical_chroma, 0, 1))
    # Dark skin has no dark tongue: what lies inside follows the light of the picture more than the skin.
    light = float(np.clip(skin.mean(), 0.35 * TYPICAL_SKIN.mean(), 1.2 * TYPICAL_SKIN.mean()))
    base = (light + TYPICAL_SKIN.mean()) / 2 * skin / max(skin.mean(), 1)
    colours = {}
    for name, colour in TYPICAL.items():
        ratio = np.array(colour) / TYPICAL_SKIN
        colours[name] = np.clip(base * (hue * ratio + (1 - hue) * (ratio @ LUMA)), 0, 255)
    # Behind glasses or in shade the "white" of the eye may be skin: no teeth are that red or that dark.
    pale = white @ LUMA
    white = pale + (white - pale) * min(1.0, MOST_TINT * white.max() / max(np.ptp(white), 1))
    white *= max(1.0, 1.1 * skin.mean() / max(white.mean(), 1))
    enamel = 0.55 * white + 0.45 * np.maximum(skin.mean() * 1.3, 70) * (white / max(white.mean(), 1))
    teeth = np.clip(enamel * (1.0, 0.975, 0.93) if hue > 0.2 else enamel, 25, 238)
    return Palette(teeth, **colours)


@dataclass(frozen=True)
class Mouth:
    """Drawn layers of one portrait's mouth, each (h, w, 4): colour 0 to 255 premultiplied, then cover 0 to 1.

    `detail` is the number of their pixels for one inter-ocular distance.
    """

    upper: Float32
    lower: Float32
    tongue: Float32
    cavity: Float64
    detail: float

    def inside(self, places: Float64, jaw: Float64, tongue_out: float) -> Float32:
        """What shows between the lips.

        Args:
            places: (h, w, 2) in the skull's frame [inter-ocular distances], from the middle of the mouth, y down.
            jaw: (2,) how far the jaw has moved, in the same frame and unit.
            tongue_out: 0 to 1.

        Returns:
            (h, w, 3) colours, 0 to 255.
        """
        away = np.hypot(places[..., :1] / 0.36, (places[..., 1:] - 0.5 * jaw[1]) / 0.3)
        colour = (self.cavity * (0.35 + 0.65 * np.clip(away, 0, 1))).astype(np.float32)
        drop = max(float(jaw[1]), 0.0)
        tongue_shift = jaw * 0.8 + (0.0, -0.05 - 0.1 * drop - 0.08 * tongue_out)
        for layer, shift in ((self.tongue, tongue_shift), (self.lower, jaw), (self.upper, np.zeros(2))):
            patch = _sample(layer, (places - shift) * self.detail)
            colour = colour * (1 - patch[..., 3:]) + patch[..., :3]
        return np.asarray(colour, np.float32)


def draw_mouth(colours: Palette, width: float, unit: float) -> Mouth:
    """The layers for a mouth `width` inter-ocular distances wide, in a picture where such a distance is `unit` [px]."""
    scale = float(np.clip(width / 0.79, 0.85, 1.12))
    x, y = _grid()
    upper = _teeth(x / scale, (y - UPPER_EDGE) / scale, UPPER_TEETH, 0.165, colours)
    lower = _teeth(x / scale, (LOWER_EDGE - y) / scale, LOWER_TEETH, 0.125, colours, light=0.9)
    # Drawn large and shrunk once: sampling a large texture at few places would let the teeth flicker.
    share = min(1.0, 2 * unit / DETAIL)
    tongue = _tongue(x / scale, y / scale, colours)
    upper, lower, tongue = (_shrunk(layer, share) for layer in (upper, lower, tongue))
    return Mouth(upper, lower, tongue, colours.cavity, share * DETAIL)


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
    x: Float64, beyond: Float64, widths: tuple[float, ...], length: float, colours: Palette, light: float = 1.0
) -> Float32:
    """One row of teeth and its gum; `beyond` is 0 at the biting edge of the middle teeth, negative towards the gum."""
    borders = np.concatenate([[0], np.cumsum(widths)])
    side = np.abs(x)
    number = np.clip(np.searchsorted(borders, side, side="right") - 1, 0, len(widths) - 1)
    centre = (borders[number] + borders[number + 1]) / 2
    across = np.clip((side - centre) / (np.array(widths)[number] / 2), -1, 1)
    edge = -0.014 * (number == 1) - 0.35 * side**2 - 0.012 * across**4
    rounded = 0.010 * np.clip(np.abs(across) - 0.62, 0, 1) / 0.38
    inside = _soft(edge - rounded - beyond, 0.006)
    gum_line = edge - length * (1 - 0.06 * (number == 1) - 0.10 * (number > 2)) + 0.018 * across**2
    tooth = _soft(beyond - gum_line, 0.008)
    # Neighbours touch near the gum and part towards the edge; enamel is darker where it turns away.
    gap = np.exp(-(((1 - np.abs(across)) * np.array(widths)[number] / 0.007) ** 2))
    turn = np.clip(1.02 - 1.15 * (side / 0.46) ** 2, 0.16, 1)
    rise = np.clip((edge - beyond) / length, 0, 1)
    shade = turn * (1 - 0.34 * gap) * (0.90 + 0.10 * np.sin(np.pi * np.clip(rise * 1.1, 0, 1))) * (1 - 0.06 * across**2)
    enamel = colours.teeth * light * shade[..., None]
    gum = colours.gum * light * (0.85 * turn)[..., None]
    colour = enamel * tooth[..., None] + gum * (1 - tooth[..., None])
    cover = inside * (side < borders[-1])
    return np.dstack([colour * cover[..., None], cover]).astype(np.float32)


def _tongue(x: Float64, y: Float64, colours: Palette) -> Float32:
    """The tongue, resting behind the lower teeth."""
    radius = np.sqrt((x / 0.30) ** 2 + ((y - 0.13) / 0.13) ** 2)
    cover = _soft(1 - radius, 0.16)
    groove = 1 - 0.14 * np.exp(-((x / 0.03) ** 2))
    shade = np.clip(1.0 - 0.5 * radius**2, 0.35, 1) * groove * 0.92
    colour = colours.tongue * shade[..., None]
    return np.dstack([colour * cover[..., None], cover]).astype(np.float32)


def _soft(distance: npt.NDArray[Any], width: float) -> Float64:
    """0 to 1 over `width` around distance 0."""
    return smoothstep(distance / width + 0.5)
