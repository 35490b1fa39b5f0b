"""How far a voice has to be moved until it is heard to feel as strongly as was asked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from dicetalk.voice.manners import MOST

CLOSE = 0.03
"""Strengths nearer than that are the same to anybody who listens."""
TRIES = 5
"""Of a voice."""
FIRST = 1.3
"""Amount that is tried first, for each strength that is asked for."""
LEAST_STEP = 0.1
"""Share of the way between what is too weak and what is too strong that is gone at least, from either."""
CERTAIN = 0.02
"""Strengths are not told nearer than that to 0 and 1."""


@dataclass(frozen=True)
class Found:
    """An amount.

    Attributes:
        amount: 0 to `MOST`.
        strength: what is heard there, 0 to 1.
    """

    amount: float
    strength: float

    @property
    def odds(self) -> float:
        """Logarithm of the odds of the strength, which is straighter along the amount."""
        share = min(max(self.strength, CERTAIN), 1 - CERTAIN)
        return float(np.log(share / (1 - share)))


def amount_for(asked: float, before: float, heard: Callable[[float], float]) -> Found:
    """The amount at which a strength is heard, or the one that comes nearest to it.

    Args:
        asked: strength, 0 to 1.
        before: what is heard at amount 0.
        heard: the strength that is heard at an amount; it is taken to rise with it.
    """
    tried = [Found(0.0, before)]
    while abs(tried[-1].strength - asked) > CLOSE and len(tried) <= TRIES:
        place = _next(tried, asked)
        if any(found.amount == place for found in tried):
            break
        tried.append(Found(place, heard(place)))
    return min(tried, key=lambda found: abs(found.strength - asked))


def _next(tried: list[Found], asked: float) -> float:
    """Where to try now: on the line through the two nearest that were tried."""
    if len(tried) == 1:
        return min(FIRST * asked, MOST) if tried[0].strength < asked else 0.0
    weak, strong = _around(tried, asked)
    rise = strong.odds - weak.odds
    share = (Found(0.0, asked).odds - weak.odds) / rise if rise > 0 else np.inf
    if strong.strength >= asked:  # it lies between
        share = np.clip(share, LEAST_STEP, 1 - LEAST_STEP)
    return float(np.clip(weak.amount + share * (strong.amount - weak.amount), 0, MOST))


def _around(tried: list[Found], asked: float) -> tuple[Found, Found]:
    """The last one that is too weak and the first that is not; where all are too weak, the last two."""
    by_amount = sorted(tried, key=lambda found: found.amount)
    last = max((number for number, found in enumerate(by_amount) if found.strength < asked), default=0)
    last = min(last, len(by_amount) - 2)
    return by_amount[last], by_amount[last + 1]
