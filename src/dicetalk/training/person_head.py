"""How far a person's head moves: a factor for each of its channels, from what was seen of it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace

import numpy as np

from dicetalk.arrays import Float32
from dicetalk.data.passages import Acted
from dicetalk.diffusion.backbone import USUAL
from dicetalk.diffusion.checkpoint import MotionModel
from dicetalk.diffusion.standard import Standard
from dicetalk.diffusion.stream import MotionStream
from dicetalk.motion.space import POSE, SHAPES
from dicetalk.rates import FPS
from dicetalk.speech.stream import BLOCK

HEAD = slice(len(SHAPES), len(SHAPES) + len(POSE))
DEPTH = POSE.index("z")
"""The distance to the camera, which is not read off videos."""
MOST = 4.0
"""Factor, either way: a head that swings further bends the portrait."""
LONGEST = 60 * FPS
"""Frames of a passage for which motion is made; as many as tell how far a head moves."""


def with_head_of(standard: Standard, model: MotionModel, seen: Acted) -> Standard:
    """What makes motion standard, with the head of somebody who was seen: the model's moves as far as that one's does.

    Args:
        standard: the model's own.
        model: what moves.
        seen: motion of the person, and the speech that belongs to it.
    """
    made = np.concatenate(list(_moved(model, seen)))[:, HEAD]
    real = seen.motion[0].astype(np.float32)[:, HEAD]
    factors = np.clip(real.std(0) / np.maximum(made.std(0), 1e-6), 1 / MOST, MOST)
    factors[DEPTH] = 1
    mean, spread = standard.mean.copy(), standard.spread.copy()
    mean[HEAD] *= factors
    spread[HEAD] *= factors
    return replace(standard, mean=mean, spread=spread)


def _moved(model: MotionModel, seen: Acted) -> Iterator[Float32]:
    """Motion (T, 58) for the speech of each passage, told what was felt in it."""
    for number, (first, last) in enumerate(zip(seen.starts[:-1], seen.starts[1:], strict=True)):
        stream = MotionStream(model, number, np.zeros(len(SHAPES), np.float32), USUAL)
        stream.hear(seen.speech[0, first : min(last, first + LONGEST)].astype(np.float32))
        prior = seen.feelings[0, first].astype(np.float32) @ model.named.means
        while stream.is_ready:
            yield stream.move(np.tile(prior, (BLOCK, 1)))
