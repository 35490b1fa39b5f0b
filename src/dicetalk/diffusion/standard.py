"""Standard motion: every channel of zero mean and unit spread, as the diffusion model sees it."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dicetalk.arrays import Float16, Float32
from dicetalk.motion.space import SHAPES

LEAST_SPREAD = 0.02
"""Channels that hardly move are not blown up to those that do."""


@dataclass(frozen=True, eq=False)
class Standard:
    """Mean and spread of motion, (58,) each."""

    mean: Float32
    spread: Float32

    def of(self, motion: Float32) -> Float32:
        """Motion (..., 58) made standard."""
        return (motion - self.mean) / self.spread

    def back(self, standard: Float32) -> Float32:
        """Standard motion (..., 58) as it is."""
        return standard * self.spread + self.mean

    def resting(self, shapes: Float32) -> Float32:
        """A resting face (..., 52), in spreads from rest."""
        return shapes / self.spread[: len(SHAPES)]


def standard_of(motion: Float16) -> Standard:
    """What makes motion (..., 58) standard."""
    rows = motion.reshape(-1, motion.shape[-1]).astype(np.float32)
    return Standard(rows.mean(0), np.maximum(rows.std(0), np.float32(LEAST_SPREAD)))
