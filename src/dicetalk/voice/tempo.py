"""When what was said at a time is said in a voice that was made faster or slower."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np
from numpy.typing import ArrayLike

from dicetalk.arrays import Float64
from dicetalk.emotion.timeline import Timeline


@dataclass(frozen=True, eq=False)
class Tempo:
    """Times before and after, both rising; between two of them time runs evenly.

    Attributes:
        before: (S,) [s], from 0.
        after: (S,) [s], from 0.
    """

    before: Float64
    after: Float64

    @classmethod
    def of(cls, lengths: Float64, step: float) -> Tempo:
        """Of how long each step becomes: `lengths` (T,) above 0, in steps of `step` [s] before."""
        edges = np.arange(len(lengths) + 1, dtype=np.float64) * step
        return cls(edges, np.concatenate([[0.0], np.cumsum(lengths)]) * step)

    @property
    def seconds(self) -> float:
        """Length of it all afterwards [s]."""
        return float(self.after[-1])

    def lasting(self, seconds: float) -> Tempo:
        """The same, a little faster or slower throughout, so that all of it has this length [s]."""
        return Tempo(self.before, self.after * (seconds / self.seconds))

    def to(self, times: ArrayLike) -> Float64:
        """When [s] what was said at `times` [s] is said now; what comes after the end comes as long after it."""
        return _along(np.asarray(times, np.float64), self.before, self.after)

    def back(self, times: ArrayLike) -> Float64:
        """When [s] that was said which is said at `times` [s] now."""
        return _along(np.asarray(times, np.float64), self.after, self.before)

    def moved(self, line: Timeline) -> Timeline:
        """A timeline of what was said before, at the times of what is said now."""
        times = self.to([time for time, _ in line.keys]).tolist()
        feelings = (feeling for _, feeling in line.keys)
        return Timeline(zip(times, feelings, strict=True), line.fade, line.lacks, line.warnings)


def joined(tempos: Iterable[Tempo]) -> Tempo:
    """Pieces of a recording, one behind the other."""
    before, after = [np.zeros(1)], [np.zeros(1)]
    for tempo in tempos:
        before.append(tempo.before[1:] + before[-1][-1])
        after.append(tempo.after[1:] + after[-1][-1])
    return Tempo(np.concatenate(before), np.concatenate(after))


def _along(times: Float64, source: Float64, target: Float64) -> Float64:
    found: Float64 = np.interp(times, source, target) + np.maximum(times - source[-1], 0)
    return found
