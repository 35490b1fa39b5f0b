"""Answers: what one channel of a recording, face or voice, tells of each window."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from dicetalk.arrays import Bool, Float64
from dicetalk.emotion.circle import WHEEL
from dicetalk.emotion.vocabulary import NAMES, NEUTRAL
from dicetalk.reading.reading import Window, Windows

Span = tuple[float, float]
"""Start and end [s]."""

NOTHING = np.array([float(name == NEUTRAL) for name in NAMES])
"""Shares (8,) where nothing is known."""


@dataclass(frozen=True, eq=False)
class Answers:
    """What is told of W windows.

    Attributes:
        shares: (W, 8) of the names, rows of sum 1.
        strengths: (W,) 0 to 1.
        known: (W,) whether anything was seen or heard.
    """

    shares: Float64
    strengths: Float64
    known: Bool

    def windows(self, spans: Sequence[Span]) -> Windows:
        """The same as windows; those of which nothing is known are neutral, with no confidence at all."""
        shares = np.where(self.known[:, None], self.shares, NOTHING)
        clarity = np.where(self.known, WHEEL.place(shares).clarity, 0.0).clip(0, 1)
        strengths = np.where(self.known, self.strengths, 0.0).clip(0, 1)
        sure = np.where(self.known, shares.max(axis=1), 0.0).clip(0, 1)
        return tuple(
            Window(start, end, tuple(row.tolist()), float(strength), float(clear), float(confidence))
            for (start, end), row, strength, clear, confidence in zip(
                spans, shares, strengths, clarity, sure, strict=True
            )
        )


def none_of(count: int) -> Answers:
    """Of a channel that is not there."""
    return Answers(np.tile(NOTHING, (count, 1)), np.zeros(count), np.zeros(count, np.bool_))
