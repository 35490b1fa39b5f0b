"""The visible mark: two words in a corner of every frame."""

from __future__ import annotations

from functools import lru_cache

import numpy as np
from PIL import Image, ImageDraw, ImageFont

from dicetalk.arrays import Float32, Picture

TEXT = "AI generated"
HEIGHT, LEAST = 0.035, 11
"""Of the letters: as a share of the frame's shorter side, and in pixels."""
GROUND = 0.55
"""How much of the picture the dark ground behind them hides."""


@lru_cache(maxsize=4)
def _label(width: int, height: int) -> tuple[Float32, Float32]:
    """The mark for frames of a size [px]: its colours (h, w, 1) in 0 to 255, and how much it covers (h, w, 1)."""
    letters = max(LEAST, round(HEIGHT * min(width, height)))
    font = ImageFont.load_default(letters)
    edge = letters // 2
    left, top, right, bottom = (round(side) for side in font.getbbox(TEXT))
    size = min(right - left + 2 * edge, width), min(bottom - top + 2 * edge, height)
    drawn = Image.new("L", size)
    ImageDraw.Draw(drawn).text((edge - left, edge - top), TEXT, 255, font)
    light = np.asarray(drawn, np.float32)[..., None]
    cover = np.maximum(light / 255, np.float32(GROUND))
    return (light / cover).astype(np.float32), cover.astype(np.float32)


def labelled(frames: Picture) -> Picture:
    """Frames `(t, H, W, 3 or 4)` with the mark at their lower left; where they are transparent, the mark is not."""
    ink, cover = _label(frames.shape[2], frames.shape[1])
    made, (high, wide) = frames.copy(), cover.shape[:2]
    corner = made[:, -high:, :wide]
    mixed = corner[..., :3] * (1 - cover) + ink * cover
    corner[..., :3] = np.clip(mixed + 0.5, 0, 255).astype(np.uint8)
    if frames.shape[-1] == 4:
        corner[..., 3:] = np.maximum(corner[..., 3:], (cover * 255).astype(np.uint8))
    return made
