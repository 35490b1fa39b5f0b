"""Asked against shown, and what viewers would say: what a video was to show beside what is read in each window."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike

from dicetalk.arrays import Bool, Float64, Int64
from dicetalk.emotion.circle import apart
from dicetalk.emotion.clarity import Channel
from dicetalk.emotion.timeline import Timeline
from dicetalk.emotion.vocabulary import NAMES
from dicetalk.reading.advice import audiences
from dicetalk.reading.audience import Votes
from dicetalk.reading.reading import DIGITS, Reading

MEANT = 0.5
"""A name counts as asked of a window if its share is at least so much of the largest: one that fades in, or is weak, is
right as well as what it leaves.
"""
MOSTLY = 0.5
"""What is asked must be shown in so much of the time in which it is asked."""
LOOKS = 5
"""Times of a window at which it is asked what was to be shown."""
MOST_TOLD = 4
"""Parts of a timeline that are told one by one."""
LEAST_TOLD = 0.1
"""Shares below it are not told."""


@dataclass(frozen=True, eq=False)
class AskedAndShown:
    """Of one video, W windows in which something is read.

    Attributes:
        spans: (W, 2) start and end of each [s].
        asked: (W, 8) shares of the names that were to be shown in it, on average.
        shown: (W, 8) the same of what is read.
        sure: (W,) confidence of the reading.
        votes: what viewers are expected to answer, by channel: "voice", "face", "both".
    """

    spans: Float64
    asked: Float64
    shown: Float64
    sure: Float64
    votes: Mapping[Channel, Votes]

    @cached_property
    def agrees(self) -> Bool:
        """(W,) whether the likeliest name shown is one that was asked of the window."""
        return np.asarray(self._meant[np.arange(len(self.asked)), self.shown.argmax(1)])

    @property
    def _meant(self) -> Bool:
        """(W, 8) which names count as asked."""
        return np.asarray(self.asked >= MEANT * self.asked.max(1, keepdims=True))

    @property
    def agreement(self) -> float:
        """Share of the time in which they agree, 0 to 1."""
        return 1 - float(self._lengths @ ~self.agrees)

    @property
    def missed(self) -> tuple[str, ...]:
        """Names that lead what was asked for a while, and are not shown in half of it."""
        found = []
        for number in np.unique(self._leading):
            own = self._lengths * (self._leading == number)
            if own @ self.agrees < MOSTLY * own.sum():
                found.append(NAMES[number])
        return tuple(found)

    @property
    def agree(self) -> bool:
        """Whether everything that was asked is shown when it was asked."""
        return not self.missed

    @property
    def degrees(self) -> float | None:
        """Between both on the circle, 0 to 180, the mean of the windows that have angles; None where none has.

        Where several names were asked of all windows alike, it is between the averages: a file's marks do not tell
        which of them was asked when.
        """
        far = apart(self.asked, self.shown)
        if self._meant[0].sum() > 1 and not np.ptp(self.asked, axis=0).any():
            far = np.broadcast_to(apart(self.asked[0], self.average(self.shown)), far.shape)
        there = np.isfinite(far)
        return float(np.average(far[there], weights=self._lengths[there])) if there.any() else None

    def average(self, values: Float64, run: slice = slice(None)) -> Float64:
        """Of values (W, ...) over some windows, each counting by its length."""
        return np.asarray(np.average(values[run], axis=0, weights=self._lengths[run]))

    def to_json(self) -> dict[str, Any]:
        """The same as what JSON can hold."""
        degrees = self.degrees
        return {
            "asked": by_name(self.average(self.asked)),
            "shown": by_name(self.average(self.shown)),
            "confidence": round(float(self.average(self.sure)), DIGITS),
            "degrees": None if degrees is None else round(degrees, 1),
            "agree": self.agree,
            "agreement": round(self.agreement, DIGITS),
            "missed": list(self.missed),
            "windows": [
                {"start": start, "end": end, "asked": NAMES[asked], "shown": NAMES[shown], "agree": agree}
                for (start, end), asked, shown, agree in zip(
                    self.spans.round(DIGITS).tolist(),
                    self._leading.tolist(),
                    self.shown.argmax(1).tolist(),
                    self.agrees.tolist(),
                    strict=True,
                )
            ],
            "votes": {channel: by_name(votes.shares) for channel, votes in self.votes.items()},
        }

    def __str__(self) -> str:
        """`asked happy 0.80; shown happy 0.74 (sure 0.74): 9° apart; viewers: of ten, 8 say happy (5 to 10), ...`.

        Of a timeline that changes it is `from 0 s asked neutral 1.00, shown neutral 0.93 (sure 0.93); from 4 s ...`.
        """
        rest = ", ".join(self._distance())
        votes = self.votes.get("both", self.votes.get("face"))
        said = "" if votes is None else f"; viewers: {votes}"
        return f"{self._parts()}{': ' if rest else ''}{rest}{said}"

    @property
    def brief(self) -> str:
        """The same in one short line: of a timeline that changes only how far they are apart, and for how long."""
        if (self._leading == self._leading[0]).all():
            return str(replace(self, votes={}))
        return ", ".join(self._distance()) or "as asked all the time"

    def _distance(self) -> list[str]:
        degrees, seconds = self.degrees, np.diff(self.spans).sum()
        apart_ = [] if degrees is None else [f"{degrees:.0f}° apart"]
        agrees = [] if self.agrees.all() else [f"as asked in {self.agreement * seconds:.0f} of {seconds:.0f} s"]
        return [*apart_, *agrees]

    def _parts(self) -> str:
        """What was asked and is shown, one part of the timeline after the other."""
        starts = np.flatnonzero(np.diff(self._leading, prepend=-1)).tolist()
        if len(starts) == 1:
            return self._part(slice(None), "; ")
        if len(starts) > MOST_TOLD:
            return f"{self._part(slice(None), '; ')} on average of {len(starts)} parts"
        runs = [slice(start, end) for start, end in zip(starts, [*starts[1:], None], strict=True)]
        return "; ".join(f"from {self.spans[run.start, 0]:.3g} s {self._part(run, ', ')}" for run in runs)

    def _part(self, run: slice, between: str) -> str:
        asked, shown = (self.average(shares, run) for shares in (self.asked, self.shown))
        return f"asked {told(asked)}{between}shown {told(shown)} (sure {self.average(self.sure, run):.2f})"

    @property
    def _leading(self) -> Int64:
        return np.asarray(self.asked.argmax(1), np.int64)

    @property
    def _lengths(self) -> Float64:
        """(W,) of each window, as a share of all."""
        lengths = np.maximum(np.diff(self.spans)[:, 0], 1e-9)
        return np.asarray(lengths / lengths.sum())


def asked_and_shown(reading: Reading, asked: Timeline | None = None) -> AskedAndShown | None:
    """What was asked beside what is shown; None where nobody knows what was asked.

    Windows of which nothing was read do not count, unless that is so everywhere.

    Args:
        reading: of the video.
        asked: of it; None takes what the file says.
    """
    asked = asked or reading.asked
    if asked is None:
        return None
    windows = [window for window in reading.windows if window.confidence > 0] or reading.windows
    spans = np.array([(window.start, window.end) for window in windows])
    times = spans[:, :1] + np.diff(spans) * (np.arange(LOOKS) + 0.5) / LOOKS
    wanted = asked.at(times.ravel()).reshape(len(spans), LOOKS, len(NAMES)).mean(axis=1, dtype=np.float64)
    shown = np.array([window.weights for window in windows])
    return AskedAndShown(spans, wanted, shown, np.array([window.confidence for window in windows]), audiences(reading))


def by_name(shares: ArrayLike) -> dict[str, float]:
    """Shares (8,) by name."""
    return {name: round(float(share), DIGITS) for name, share in zip(NAMES, np.asarray(shares), strict=True)}


def told(shares: Float64) -> str:
    """The largest shares (8,), at most three: `happy 0.74, surprised 0.12`."""
    order = [number for number in np.argsort(-shares, kind="stable")[:3] if shares[number] >= LEAST_TOLD]
    return ", ".join(f"{NAMES[number]} {shares[number]:.2f}" for number in order)
