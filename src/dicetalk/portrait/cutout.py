"""Portraits with transparent parts: they are drawn on white, and taken off it again."""

from __future__ import annotations

import numpy as np

from dicetalk.arrays import UInt8
from dicetalk.media import Picture


def off_white(frame: Picture, cover: UInt8) -> UInt8:
    """What was laid on white, (H, W, 3), with its own colours and how much it covers, (H, W, 4).

    Args:
        frame: RGB on white.
        cover: (H, W) how much each pixel covers, 0 to 255.
    """
    # What is darker than white shining through allows covers more: filters do not treat both quite alike.
    least = (254 - frame.min(-1).astype(np.int16)).clip(0).astype(np.uint8)
    cover = np.maximum(cover, least)
    share = cover[..., None].astype(np.float32) / 255
    own = (frame - 255 * (1 - share)) / np.maximum(share, 1 / 255)
    return np.dstack([np.clip(np.rint(own), 0, 255).astype(np.uint8), cover])
