"""Figures of sets of clips: a value, its 95 % interval by bootstrap over clips, and of how much it is the value.

A clip gives sums, as (shut, heard) of its closures; the sums of all clips make a figure. So clips count by what they
hold, and a set of clips drawn anew is a set of sums drawn anew.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass
from typing import Any

import numpy as np

from dicetalk.arrays import Float64

Sums = tuple[float, ...]
"""What a clip adds to a figure; the last one counts what it is of, and a clip of which that is 0 says nothing."""

DRAWS = 1000


def share(sums: Float64) -> Float64:
    """First over last of sums (..., 2): of events that happened, or a mean over clips."""
    return np.asarray(sums[..., 0] / sums[..., -1])


def variation(sums: Float64) -> Float64:
    """Spread over mean of values of which sums (..., 3) are the squares, the values and how many: 0 where they are all
    alike, 1 where they come by chance as rain does."""
    squares, values, count = np.moveaxis(sums, -1, 0)
    return np.asarray(np.sqrt(np.maximum(count * squares - values**2, 0)) / values)


@dataclass(frozen=True)
class Figure:
    """What is measured.

    Attributes:
        key: its name in JSON.
        what: in words.
        counted: of what it is, in the plural.
        formula: makes it of sums.
        digits: behind the point.
    """

    key: str
    what: str
    counted: str = "clips"
    formula: Callable[[Float64], Float64] = share
    digits: int = 2


@dataclass(frozen=True)
class Estimate:
    """A figure of a set.

    Attributes:
        value: of the whole set.
        low, high: its 95 % interval; None of a single clip, or where clips cannot be drawn anew.
        count: of what it is, see `Figure.counted`.
        clips: that had something to say.
    """

    value: float
    low: float | None
    high: float | None
    count: float
    clips: int

    def text(self, digits: int = 2) -> str:
        """`0.61 (0.55 to 0.67), 154`."""
        between = "" if self.low is None else f" ({self.low:.{digits}f} to {self.high:.{digits}f})"
        count = f"{self.count:.3g}" if self.count < 1000 else f"{self.count:.0f}"
        return f"{self.value:.{digits}f}{between}, {count}"

    def to_json(self) -> dict[str, Any]:
        """The figure as plain values."""
        return asdict(self)


def estimate(figure: Figure, clips: Sequence[Sums], draws: int = DRAWS, seed: int = 0) -> Estimate | None:
    """A figure of the clips that say something of it; None where none does."""
    told = np.array([sums for sums in clips if sums[-1] > 0], np.float64)
    if not len(told):
        return None
    value = float(figure.formula(told.sum(0)))
    low, high = between(figure.formula(_drawn(told, draws, seed))) if len(told) > 1 else (None, None)
    return Estimate(value, low, high, round(float(told[:, -1].sum()), 3), len(told))


def _drawn(sums: Float64, draws: int, seed: int) -> Float64:
    """(draws, K) sums of sets of clips drawn with replacement from N, (N, K)."""
    often = np.random.default_rng(seed).multinomial(len(sums), np.full(len(sums), 1 / len(sums)), size=draws)
    return np.asarray(often @ sums)


def between(values: Float64) -> tuple[float, float]:
    """The middle 95 % of values drawn anew."""
    low, high = np.nanpercentile(values, [2.5, 97.5])
    return float(low), float(high)
