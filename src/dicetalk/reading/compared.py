"""Asked against shown, and what viewers would say: what a video was to show beside what is read in it, on average."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from dicetalk.arrays import Float64
from dicetalk.emotion.circle import Comparison, compare
from dicetalk.emotion.clarity import Channel
from dicetalk.emotion.timeline import Timeline
from dicetalk.emotion.vocabulary import NAMES
from dicetalk.reading.advice import audiences
from dicetalk.reading.audience import Votes
from dicetalk.reading.reading import DIGITS, Reading


@dataclass(frozen=True, eq=False)
class AskedAndShown:
    """Of one video.

    Attributes:
        asked: (8,) shares of the names, on average.
        shown: (8,) the same of what is read.
        confidence: of the reading.
        votes: what viewers are expected to answer, by channel: "voice", "face", "both".
    """

    asked: Float64
    shown: Float64
    confidence: float
    votes: Mapping[Channel, Votes]

    @property
    def comparison(self) -> Comparison:
        """On the circle."""
        return compare(self.asked, self.shown)

    @property
    def agree(self) -> bool:
        """Whether the likeliest name is the same."""
        return bool(self.asked.argmax() == self.shown.argmax())

    def to_json(self) -> dict[str, Any]:
        """The same as what JSON can hold."""
        degrees = self.comparison.degrees
        return {
            "asked": by_name(self.asked),
            "shown": by_name(self.shown),
            "confidence": round(self.confidence, DIGITS),
            "degrees": None if degrees is None else round(degrees, 1),
            "agree": self.agree,
            "votes": {channel: by_name(votes.shares) for channel, votes in self.votes.items()},
        }

    def __str__(self) -> str:
        """`asked happy 0.80; shown happy 0.74 (sure 0.74): 9° apart; viewers: of ten, 8 say happy (5 to 10), ...`."""
        degrees = self.comparison.degrees
        apart = "" if degrees is None else f": {degrees:.0f}° apart"
        votes = self.votes.get("both", self.votes.get("face"))
        said = "" if votes is None else f"; viewers: {votes}"
        return f"asked {told(self.asked)}; shown {told(self.shown)} (sure {self.confidence:.2f}){apart}{said}"


def asked_and_shown(reading: Reading, asked: Timeline | None = None) -> AskedAndShown | None:
    """What was asked beside what is shown; None where nobody knows what was asked.

    Args:
        reading: of the video.
        asked: of it; None takes what the file says.
    """
    asked = asked or reading.asked
    if asked is None:
        return None
    middles = [(window.start + window.end) / 2 for window in reading.windows]
    whole = reading.overall
    wanted = asked.at(middles).mean(axis=0, dtype=np.float64)
    return AskedAndShown(wanted, np.array(whole.weights), whole.confidence, audiences(reading))


LEAST_TOLD = 0.1
"""Shares below it are not told."""


def by_name(shares: ArrayLike) -> dict[str, float]:
    """Shares (8,) by name."""
    return {name: round(float(share), DIGITS) for name, share in zip(NAMES, np.asarray(shares), strict=True)}


def told(shares: Float64) -> str:
    """The largest shares (8,), at most three: `happy 0.74, surprised 0.12`."""
    order = [number for number in np.argsort(-shares, kind="stable")[:3] if shares[number] >= LEAST_TOLD]
    return ", ".join(f"{NAMES[number]} {shares[number]:.2f}" for number in order)
