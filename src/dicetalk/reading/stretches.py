"""Stretches: the windows of a reading joined where they say the same, and cleared of what is too short to be told."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from dataclasses import dataclass
from itertools import chain, groupby

import numpy as np

from dicetalk.reading.reading import Move, Reading, Windows, mean_of

LEAST_CONFIDENCE = 0.5
"""Below it no emotion is named."""
SHORTEST = 1.0
"""Of a stretch beside others [s]: whoever hears of it has to find it."""
LEAST_MOVE = 0.35
"""Of what a face does, on average over the stretch, to be told."""
MOST_MOVES = 2
"""Told of a stretch."""
UNSURE = ""
"""The name of what is hard to tell."""


@dataclass(frozen=True)
class Stretch:
    """A stretch of time in which the same is shown.

    Attributes:
        start: [s].
        end: [s].
        name: of the emotion; `UNSURE` where the reader does not know.
        strength: mean, 0 to 1.
        confidence: how sure the name is: the mean of the windows that have it, those that have another counting 0.
        moves: what the face does most, the largest first.
    """

    start: float
    end: float
    name: str
    strength: float
    confidence: float
    moves: tuple[str, ...] = ()

    @property
    def seconds(self) -> float:
        """How long it is."""
        return self.end - self.start


def stretches(reading: Reading) -> tuple[Stretch, ...]:
    """What is told of a reading, one after the other from its start to its end; no two neighbours have one name."""
    names = [window.name if window.confidence >= LEAST_CONFIDENCE else UNSURE for window in reading.windows]
    names = _without_short(names, [window.end - window.start for window in reading.windows])
    names = [name for run in _runs(names) for name in [_agreed(reading.windows[run], names[run.start])] * _length(run)]
    return tuple(_stretch(reading, run, names[run.start]) for run in _runs(names))


def confidence_in(windows: Windows, name: str) -> float:
    """How sure an emotion is over all of some windows."""
    lengths = np.array([window.end - window.start for window in windows])
    sure = np.array([window.confidence * (window.name == name) for window in windows])
    return float(sure @ lengths / lengths.sum()) if lengths.sum() > 0 else float(sure.mean())


def _agreed(windows: Windows, name: str) -> str:
    """A name, if the windows together are still sure of it."""
    together = mean_of(windows).name == name and confidence_in(windows, name) >= LEAST_CONFIDENCE
    return name if together else UNSURE


def _without_short(names: Sequence[str], seconds: Sequence[float]) -> list[str]:
    """Names of windows; runs that are too short take the name of their longer neighbour, the shortest first."""
    found = list(names)
    while len(runs := _runs(found)) > 1:
        lengths = [sum(seconds[run]) for run in runs]
        least = min(range(len(runs)), key=lengths.__getitem__)
        if lengths[least] >= SHORTEST:
            break
        beside = [number for number in (least - 1, least + 1) if 0 <= number < len(runs)]
        longer = max(beside, key=lengths.__getitem__)
        found[runs[least]] = [found[runs[longer].start]] * _length(runs[least])
    return found


def _runs(names: Sequence[str]) -> list[slice]:
    """Where the same name stands several times in a row."""
    lengths = [len(list(same)) for _, same in groupby(names)]
    ends = np.cumsum(lengths).tolist()
    return [slice(end - length, end) for end, length in zip(ends, lengths, strict=True)]


def _length(run: slice) -> int:
    return int(run.stop - run.start)


def _stretch(reading: Reading, run: slice, name: str) -> Stretch:
    windows = reading.windows[run]
    sure = 0.0 if name == UNSURE else confidence_in(windows, name)
    told = _told(reading.moves[run])
    return Stretch(windows[0].start, windows[-1].end, name, mean_of(windows).strength, sure, told)


def _told(moves: Sequence[tuple[Move, ...]]) -> tuple[str, ...]:
    """What a face does most in some windows; nothing where none was seen."""
    sums: defaultdict[str, float] = defaultdict(float)
    for move in chain.from_iterable(moves):
        sums[move.name] += move.amount
    most = sorted(sums, key=sums.__getitem__, reverse=True)[:MOST_MOVES]
    return tuple(name for name in most if sums[name] >= LEAST_MOVE * len(moves))
