"""What motion diffusion sees: columns, how far it looks, and noise that depends on the frame alone."""

from __future__ import annotations

import numpy as np

from dicetalk.arrays import Float32
from dicetalk.motion.space import POSE, SHAPES

MOTION = len(SHAPES) + len(POSE)
"""Columns of motion."""
RESTING = len(SHAPES)
SCALES = 2
"""Of guidance: by speech, by emotion."""

WIDEST_GUIDANCE = (1.5, 3.0)
"""Most scales of guidance by speech and by emotion that are learned."""

BACK, AHEAD = 8, 3
"""Rows of speech that a frame sees before and behind its own. Three behind it, 160 ms of the front end and a block of
80 ms make 360 ms from a sound to its frame."""
MEMORY = 50
"""Frames before it that a frame sees."""

NOISE_BLOCK = 50
"""Frames whose noise is drawn at once."""


def noise(seed: int, first: int, frames: int) -> Float32:
    """Noise (frames, 58) of a clip's frames from `first` on: of each frame the same whoever asks for it when."""
    blocks = range(first // NOISE_BLOCK, (first + frames - 1) // NOISE_BLOCK + 1)
    drawn = np.concatenate(
        [
            np.random.default_rng([seed, 79, block]).standard_normal((NOISE_BLOCK, MOTION), np.float32)
            for block in blocks
        ]
    )
    start = first - blocks[0] * NOISE_BLOCK
    return drawn[start : start + frames]
