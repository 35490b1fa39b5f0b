"""Dialogical emotion decoder: who felt something goes on feeling it, unless what is seen and heard says otherwise.

Yeh et al., "A Dialogical Emotion Decoder for Speech Emotion Recognition in Spoken Dialog", ICASSP 2020: a speaker's
state stays with odds that are counted in other dialogues; where it changes, states that occurred often are likelier, as
guests at a table in a Chinese restaurant.
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, field
from heapq import nsmallest

BEAM = 5
ALPHA = 1.0
LEAST, MOST = 1e-3, 1 - 1e-3
"""Of the odds that a state changes."""


@dataclass(frozen=True)
class Decoder:
    """How states are decoded.

    Attributes:
        change: the odds that a speaker's state changes from one turn to the next, 0 to 1.
        alpha: how likely states are that did not occur yet.
        beam: paths that are kept.
    """

    change: float
    alpha: float = ALPHA
    beam: int = BEAM


@dataclass(frozen=True)
class _Path:
    """What was decided so far.

    Attributes:
        cost: of all of it.
        states: of each turn.
        counts: how often each state was come to.
        last: each speaker's state.
    """

    cost: float = 0.0
    states: tuple[int, ...] = ()
    counts: dict[int, int] = field(default_factory=dict)
    last: dict[str, int] = field(default_factory=dict)

    def then(self, speaker: str, state: int, logit: float, decoder: Decoder) -> _Path:
        """The path on which a speaker's next turn has a state."""
        total, counts = sum(self.counts.values()), dict(self.counts)
        known = state in counts and speaker in self.last
        if known and self.last[speaker] == state:
            cost = -math.log(1 - decoder.change)
        else:
            weight = counts[state] if known else decoder.alpha
            cost = -math.log(decoder.change) - math.log(weight) + math.log(total + decoder.alpha)
            counts[state] = counts.get(state, 0) + 1
        last = {**self.last, speaker: state}
        return _Path(self.cost - logit + cost, (*self.states, state), counts, last)


def decode(
    logits: Sequence[Sequence[float]], speakers: Sequence[str], decoder: Decoder, passes: int = 1
) -> tuple[list[int], float]:
    """The states of the turns of a dialogue, and the cost of the path that holds them.

    Args:
        logits: of each turn's states, (N, K).
        speakers: of each turn.
        decoder: how.
        passes: how often the dialogue is read, one time after another; the last reading answers.
    """
    paths = [_Path()]
    for _ in range(passes):
        for speaker, scores in zip(speakers, logits, strict=True):
            longer = (path.then(speaker, k, score, decoder) for path in paths for k, score in enumerate(scores))
            paths = nsmallest(decoder.beam, longer, key=lambda path: path.cost)
    best = paths[0]
    return list(best.states[len(best.states) - len(speakers) :]), best.cost


def change_odds(dialogues: Sequence[Sequence[tuple[str, int]]]) -> float:
    """How often the state of a speaker differs from the one before, counted in dialogues of (speaker, state).

    One change more than was seen; .5 where nobody speaks twice.
    """
    changes = steps = 0
    for dialogue in dialogues:
        last: dict[str, int] = {}
        for speaker, state in dialogue:
            if speaker in last:
                steps += 1
                changes += last[speaker] != state
            last[speaker] = state
    return min(max((changes + 1) / steps, LEAST), MOST) if steps else 0.5
