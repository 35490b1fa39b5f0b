"""Clips as svd learns from them, made of chance at the sizes of `svd_tiny`: one channel follows speech."""

from __future__ import annotations

from pathlib import Path

import numpy as np
from svd_tiny import SIZES, WIDTH

from dicetalk.data.latents import LATENTS, SUFFIX, LatentClip, write_latents
from dicetalk.emotion.vocabulary import NAMES

SIDE = 8
"""Of latents."""


def made_latents(folder: Path, people: int = 3, frames: int = 12, encoder: str = "tiny", side: int = SIDE) -> Path:
    """A folder of two clips of each of some people: one emotion, and one that nobody labelled."""
    (folder / LATENTS).mkdir(parents=True)
    for person in range(people):
        for number, emotion in enumerate((NAMES[person % len(NAMES)], "")):
            rng = np.random.default_rng(10 * person + number)
            speech = rng.standard_normal((4 * frames, SIZES.speech.layers, SIZES.speech.channels))
            images = rng.standard_normal((frames, 4, side, side)) + speech[::4, :1, :1, None]
            tensors = {
                "images": images.astype(np.float16) / np.float16(0.18),
                "faces": rng.standard_normal((frames, WIDTH)).astype(np.float16),
                "rows": speech.astype(np.float16),
                "region": np.full((8 * side, 8 * side), 255, np.uint8),
                "marks": (30 + rng.standard_normal((frames, 5, 2)).cumsum(0)).astype(np.float32),
            }
            path = folder / LATENTS / f"{person}-{number}{SUFFIX}"
            clip = LatentClip(
                path=path, frames=frames, identity=f"person{person}", emotion=emotion, corpus="made", encoder=encoder
            )
            write_latents(clip, tensors)
    return folder
