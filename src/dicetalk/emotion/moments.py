"""Moments: stretches of time of which something is known, and what is felt in them, drawn up as one timeline."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from itertools import pairwise, zip_longest

from dicetalk.arrays import Picture, Waveform
from dicetalk.emotion.feeling import Feeling
from dicetalk.emotion.timeline import DEFAULT_FADE, Timeline, seconds
from dicetalk.errors import EmotionError

HOLD = 0.8
"""How long a feeling outlasts what it was told of [s]."""
LEAST_CONFIDENCE = 0.5
"""Below it what a source says counts as neutral."""


@dataclass(frozen=True, eq=False)
class Moment:
    """A stretch of time, with what is known about it.

    Attributes:
        start: when it begins [s].
        end: when it is over [s].
        speaker: who speaks; "" where it is not known.
        text: what is said; "" where it is not known.
        sound: (N,) int16, mono at 16 kHz; None where there is none.
        picture: (H, W, 3) uint8 RGB; None where there is none.

    Raises:
        EmotionError: a time is negative or no number, or the end is not after the start.
    """

    start: float
    end: float
    speaker: str = ""
    text: str = ""
    sound: Waveform | None = None
    picture: Picture | None = None

    def __post_init__(self) -> None:
        if seconds(self.end, "the end") <= seconds(self.start, "the start"):
            raise EmotionError(f"a moment ends at {self.end:g} s, no later than it starts, at {self.start:g} s")


def draw_up(
    moments: Sequence[Moment],
    feelings: Sequence[Feeling],
    *,
    fade: float = DEFAULT_FADE,
    hold: float = HOLD,
    least: float = LEAST_CONFIDENCE,
) -> Timeline:
    """The timeline of one speaker's moments, of which each has a feeling.

    A feeling is fully there where its moment begins, and fades in before it; nothing is felt until then. It outlasts
    the moment by `hold` seconds, or until the next one comes, and fades away then. What is less sure than `least`, of
    which each source has its own, counts as neutral, and says so.

    Raises:
        EmotionError: no moment, as many feelings as moments are not there, or moments overlap or are not in order.
    """
    if len(moments) != len(feelings) or not moments:
        raise EmotionError(f"{len(moments)} moments and {len(feelings)} feelings; expected as many, one at least")
    for index, (one, other) in enumerate(pairwise(moments), start=1):
        if other.start < one.end:
            raise EmotionError(
                f"moments[{index}] starts at {other.start:g} s, before {one.end:g}, where the last one ends"
            )
    keys: list[tuple[float, Feeling]] = [(0.0, Feeling())] if moments[0].start > fade else []
    for moment, feeling, behind in zip_longest(moments, feelings, moments[1:]):
        keys.append((moment.start, surely(feeling, least)))
        over, begins = moment.end + hold + fade, math.inf if behind is None else behind.start - fade
        if over < begins:
            keys.append((over, Feeling()))
    return Timeline(keys, fade)


def surely(feeling: Feeling, least: float = LEAST_CONFIDENCE) -> Feeling:
    """A feeling, or neutral where its source is not sure enough of it."""
    if feeling.confidence >= least or not feeling.strengths:
        return feeling
    neutral = replace(Feeling(), confidence=feeling.confidence)
    return replace(neutral, why=f"not sure enough ({feeling.why or feeling}, {feeling.confidence:.2f}): neutral")
