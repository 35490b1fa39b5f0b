"""Blinks in motion: when lids shut, and open again soon."""

from __future__ import annotations

import numpy as np

from dicetalk.arrays import Float32
from dicetalk.motion.space import index
from dicetalk.rates import FPS

CLOSED = 0.5
"""How far lids are shut in a blink."""
LONGEST_BLINK = FPS // 2
"""Frames; eyes that stay shut for longer do not blink."""


def blink_starts(shapes: Float32) -> list[int]:
    """The first frame of each blink in shapes (T, 52), 25 a second."""
    shut = shapes[:, [index("eyeBlinkLeft"), index("eyeBlinkRight")]].mean(1) > CLOSED
    edges = np.flatnonzero(np.diff(shut, prepend=False, append=False)).reshape(-1, 2)
    return [int(start) for start, stop in edges if stop - start <= LONGEST_BLINK]
