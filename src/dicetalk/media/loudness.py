"""What samples are only known to be when all were heard: how far they reach, and whether channels cancel each other."""

from __future__ import annotations

import av
import numpy as np

from dicetalk.arrays import Float64
from dicetalk.media.channel import channels_of

CANCELLED = 0.25
"""Energy of the mean of the channels, beside that of unrelated ones as loud, below which they cancel each other: one
that holds the other at half its strength, inverted, is as far."""
MOST_LOST = 0.1
"""Share of the energy in blocks where they do, beyond which speech gets lost: a cable may fail half-way."""


class Loudness:
    """Peak and energies of blocks.

    Attributes:
        peak: the farthest sample, in units of full scale; 0 for whole numbers, which never pass it.
        energies: (C,) of each channel, summed, without what stands still; empty for a single channel.
        lost: the same of all channels, in blocks where they cancel each other.
    """

    def __init__(self) -> None:
        """Nothing is heard yet."""
        self.peak = 0.0
        self.energies: Float64 = np.zeros(0)
        self.lost = 0.0

    def add(self, frame: av.AudioFrame) -> None:
        """Hear a block."""
        real = frame.format.name[:3] in ("flt", "dbl")
        if not real and len(frame.layout.channels) < 2:
            return
        samples = channels_of(frame)
        if real and samples.size:
            self.peak = max(self.peak, float(np.abs(samples).max()))
        if len(samples) > 1:
            self._add_energies(samples.astype(np.float64))

    def _add_energies(self, samples: Float64) -> None:
        samples -= samples.mean(1, keepdims=True)
        energies = np.einsum("cn,cn->c", samples, samples)
        mean = samples.mean(0)
        if len(self.energies) != len(energies):  # a change on the way: what is heard now counts
            self.energies, self.lost = np.zeros(len(energies)), 0.0
        self.energies += energies
        total = float(energies.sum())
        self.lost += total if float(mean @ mean) < CANCELLED * total / len(energies) ** 2 else 0.0

    @property
    def channels(self) -> int:
        """How many there are."""
        return max(len(self.energies), 1)

    @property
    def loudest(self) -> int:
        """The channel of most energy, from 1."""
        return int(self.energies.argmax()) + 1

    @property
    def cancels(self) -> bool:
        """Whether much of what is in the channels is far softer in their sum."""
        return self.lost > MOST_LOST * float(self.energies.sum())
