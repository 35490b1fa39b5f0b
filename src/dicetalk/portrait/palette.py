"""The colours of what a portrait hides behind its lips, from what it shows: skin, eyes, own teeth."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dicetalk.arrays import Float64
from dicetalk.media import Picture
from dicetalk.portrait.eyes import Eyeball

CHEEKS = (50, 280, 205, 425, 117, 346)
FRONT = (151, 9, 4, 5, 50, 280, 101, 330)
"""Where light falls on a face first: forehead, nose, cheeks."""

TYPICAL_SKIN = np.array([200.0, 152.0, 128.0])
TYPICAL = {"tongue": (168.0, 88.0, 86.0), "gum": (176.0, 98.0, 96.0), "cavity": (52.0, 20.0, 18.0)}
"""Colours beside a typical skin, from which each portrait's are derived."""

MOST_TINT = 0.16
"""How far the channels of a tooth's colour may lie apart, as a share of the brightest."""

DARKEST_WHITE = 0.85
"""The white of an eye is at least this bright beside the cheeks; what is darker is a lens, a shadow or a lid."""

REDDEST_WHITE = 0.75
"""Nor is it more coloured than this share of the skin's colour."""

LUMA = np.array([0.299, 0.587, 0.114])


@dataclass(frozen=True)
class Palette:
    """Colours (3,) of one portrait's mouth, 0 to 255."""

    teeth: Float64
    tongue: Float64
    gum: Float64
    cavity: Float64


def read_palette(
    picture: Picture, landmarks: Float64, unit: float, eyes: Sequence[Eyeball], teeth: Float64 | None
) -> Palette:
    """The colours of one portrait.

    Args:
        picture: (H, W, 3).
        landmarks: (>=468, 2) of the face [px].
        unit: inter-ocular distance [px].
        eyes: what lies behind the lids.
        teeth: (3,) colour of the teeth the picture shows, if it shows any.
    """
    skin = np.median([_colour_at(picture, landmarks[i], unit * 0.05) for i in CHEEKS], axis=0)
    light = max(float(_colour_at(picture, landmarks[i], unit * 0.04) @ LUMA) for i in FRONT)
    whites = [np.percentile(_around_iris(eye), 85, axis=0) for eye in eyes]
    believed = [white for white in whites if is_white(white, skin)]
    white = np.mean(believed, axis=0) if believed else None
    return Palette(enamel(skin, light, white) if teeth is None else teeth, **flesh(skin))


def is_white(colour: Float64, skin: Float64) -> bool:
    """Whether a colour (3,) can be the white of an eye beside such a skin (3,): not a dark lens, nor lid or shadow."""
    bright = colour @ LUMA > DARKEST_WHITE * (skin @ LUMA)
    return bool(bright and _chroma(colour) < REDDEST_WHITE * _chroma(skin) + 0.06)


def enamel(skin: Float64, light: float, white: Float64 | None) -> Float64:
    """The colour (3,) of teeth.

    Args:
        skin: (3,) of the cheeks, 0 to 255.
        light: brightness of the most lit part of the face, 0 to 255.
        white: (3,) of the whites of the eyes; None where none can be believed.
    """
    by_face = max(1.25 * float(skin @ LUMA), 0.95 * light)
    # Whites lie in the shadow of lids and lashes: teeth are never darker than the skin makes them.
    brightness = by_face if white is None else 0.5 * (by_face + max(float(white @ LUMA), 0.9 * by_face))
    # The light's own colour, as far as the skin tells; a black-and-white skin tells nothing.
    by_skin = (skin / TYPICAL_SKIN) ** (0.5 * _hue(skin))
    tint = by_skin / (by_skin @ LUMA)
    if white is not None:
        tint = (tint + white / (white @ LUMA)) / 2
    tint = 1 + (tint - 1) * min(1.0, MOST_TINT * tint.max() / max(np.ptp(tint), 1e-6))
    ivory = np.array((1.015, 1.0, 0.92)) if _chroma(skin) > 0.07 else np.ones(3)
    return np.asarray(np.clip(np.clip(brightness, 45, 226) * tint * ivory, 25, 240))


def flesh(skin: Float64) -> dict[str, Float64]:
    """Colours (3,) of tongue, gum and cavity beside a skin (3,)."""
    # On a black-and-white or sepia picture only the brightness of flesh differs, not its hue.
    hue = _hue(skin)
    # Dark skin has no dark tongue: what lies inside follows the light of the picture more than the skin.
    light = float(np.clip(skin.mean(), 0.35 * TYPICAL_SKIN.mean(), 1.2 * TYPICAL_SKIN.mean()))
    base = (light + TYPICAL_SKIN.mean()) / 2 * skin / max(skin.mean(), 1)
    colours = {}
    for name, colour in TYPICAL.items():
        ratio = np.array(colour) / TYPICAL_SKIN
        colours[name] = np.clip(base * (hue * ratio + (1 - hue) * (ratio @ LUMA)), 0, 255)
    return colours


def _hue(skin: Float64) -> float:
    """0 for a black-and-white skin (3,), 1 for one in the colours of life."""
    return float(np.clip(_chroma(skin) / _chroma(TYPICAL_SKIN), 0, 1))


def _chroma(colour: Float64) -> float:
    return float(np.ptp(colour) / max(colour.max(), 1))


def _around_iris(eye: Eyeball) -> Float64:
    """Colours (N, 3) of the white of an eye, at its iris' height."""
    x, y = eye.iris - (eye.left, eye.top)
    rows = slice(max(int(y - eye.radius * 0.5), 0), int(y + eye.radius * 0.5) + 1)
    band = eye.clean[rows]
    away = np.abs(np.arange(band.shape[1]) - x)
    ring = band[:, (away > 1.25 * eye.radius) & (away < 2.0 * eye.radius)]
    return ring.reshape(-1, 3).astype(np.float64)


def _colour_at(picture: Picture, place: Float64, radius: float) -> Float64:
    """Median colour (3,) around a place [px]."""
    x, y = np.clip(place, 0, np.array(picture.shape[1::-1]) - 1).astype(int)
    r = max(1, round(radius))
    return np.asarray(np.median(picture[max(y - r, 0) : y + r + 1, max(x - r, 0) : x + r + 1].reshape(-1, 3), axis=0))
