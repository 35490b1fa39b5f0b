"""How far a voice has to be moved until it is heard to feel as strongly as was asked."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from dicetalk.voice.manners import MOST

CLOSE = 0.03
"""Strengths nearer than that are the same to anybody who listens."""
TRIES = 6
"""Of a voice: halving `MOST` so often leaves steps of `MOST` / 64."""


@dataclass(frozen=True)
class Found:
    """An amount.

    Attributes:
        amount: 0 to `MOST`.
        strength: what is heard there, 0 to 1.
    """

    amount: float
    strength: float


def amount_for(asked: float, heard: Callable[[float], float]) -> Found:
    """The amount at which a strength is heard, or the one that comes nearest to it.

    Args:
        asked: strength, 0 to 1.
        heard: the strength that is heard at an amount; it is taken to rise with it.
    """
    low, high, place = 0.0, MOST, min(asked, MOST)
    tried: list[Found] = []
    for _ in range(TRIES):
        tried.append(Found(place, heard(place)))
        if abs(tried[-1].strength - asked) <= CLOSE:
            break
        low, high = (place, high) if tried[-1].strength < asked else (low, place)
        place = (low + high) / 2
    return min(tried, key=lambda found: abs(found.strength - asked))
