"""Light and colour of a picture, in numbers; and what they suggest by themselves."""

from __future__ import annotations

import cv2
import numpy as np

from dicetalk.arrays import Float32, Float64, Picture
from dicetalk.emotion.circle import MIKELS

LONGEST = 160
"""Side to which a picture is reduced first [px]."""
LIGHT = 12
"""How many numbers they are."""
DARK, BRIGHT = 0.2, 0.8
"""Below and above which a pixel counts as dark or bright."""

USUAL_LIGHT, USUAL_COLOUR = (0.45, 0.2), (0.2, 0.12)
"""Mean and deviation of brightness and colourfulness among pictures that people take: our guess."""
PLACES = {
    "amusement": (0.6, 0.5),
    "awe": (0.4, 0.6),
    "contentment": (0.7, -0.2),
    "excitement": (0.7, 0.7),
    "fear": (-0.6, 0.8),
    "sadness": (-0.7, -0.4),
}
"""Pleasure and arousal of each: our reading of the same figures as `vocabulary.VALENCE`.

Anger and disgust are about something, which light is not.
"""
NEAR = 0.35
"""Distance in that plane at which an emotion is much less likely."""


def light_of(picture: Picture) -> Float32:
    """(`LIGHT`,) of a picture (H, W, 3): brightness, saturation, their spread, warmth, hue, shares, and where it is."""
    small = reduced(picture)
    bright, saturated = brightness(small), saturation(small)
    red, green, blue = np.moveaxis(small, 2, 0)
    third = max(len(small) // 3, 1)
    steps = np.abs(np.diff(bright, axis=0)).mean() + np.abs(np.diff(bright, axis=1)).mean()
    return np.array(
        [
            bright.mean(), bright.std(), saturated.mean(), saturated.std(),
            (red - blue).mean(), (red - green).mean(), (green - blue).mean(),
            (bright < DARK).mean(), (bright > BRIGHT).mean(),
            bright[:third].mean() - bright[-third:].mean(), saturated[:third].mean(), steps,
        ],
        np.float32,
    )  # fmt: skip


def reduced(picture: Picture) -> Float32:
    """A picture (H, W, 3), no longer than `LONGEST`, 0 to 1."""
    height, width = picture.shape[:2]
    scale = min(1.0, LONGEST / max(height, width))
    size = max(round(width * scale), 2), max(round(height * scale), 2)
    small = cv2.resize(picture, size, interpolation=cv2.INTER_AREA).astype(np.float32)
    return small / np.float32(255)


def brightness(small: Float32) -> Float32:
    """How light each pixel is, (H, W), 0 to 1."""
    return small @ np.array([0.299, 0.587, 0.114], np.float32)


def saturation(small: Float32) -> Float32:
    """How far each pixel is from grey, (H, W), 0 to 1."""
    most = small.max(axis=2)
    found: Float32 = (most - small.min(axis=2)) / np.maximum(most, np.float32(0.05))
    return found


def colourfulness(small: Float32) -> Float32:
    """How much colour each pixel shows, (H, W), 0 to 1: of what is nearly black, little."""
    found: Float32 = small.max(axis=2) - small.min(axis=2)
    return found


def pleasure_and_arousal(picture: Picture) -> tuple[float, float]:
    """What light and colour suggest, each -1 to 1.

    Valdez and Mehrabian, "Effects of color on emotions", J. Exp. Psych. General 123, 1994: pleasure is .69 brightness
    and .22 saturation, arousal is -.31 brightness and .60 saturation, all as deviations. It was found for plain cards
    of one colour.
    """
    small = reduced(picture)
    light, colour = _deviation(brightness(small), *USUAL_LIGHT), _deviation(colourfulness(small), *USUAL_COLOUR)
    return (0.69 * light + 0.22 * colour) / 1.5, (-0.31 * light + 0.60 * colour) / 1.5


def _deviation(pixels: Float32, mean: float, spread: float) -> float:
    return float(np.clip((pixels.mean() - mean) / spread, -2, 2))


def suggested(pleasure: float, arousal: float) -> Float64:
    """Shares (8,) of `MIKELS.names` at a place, sum 1."""
    places = [PLACES.get(name, (np.inf, np.inf)) for name in MIKELS.names]
    far = np.array([np.hypot(pleasure - x, arousal - y) for x, y in places])
    raised = np.exp(-((far / NEAR) ** 2) + (far.min() / NEAR) ** 2)
    shares: Float64 = raised / raised.sum()
    return shares
