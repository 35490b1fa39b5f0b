"""Whether lips say what is heard: closure on p, b and m, none in vowels, rest in pauses, opening, lag.

Phones are those that our front end hears in the clip's own sound; lips are those that our tracker sees. Neither is
perfect: figures are to be read beside those of real clips, and of the same faces with another clip's sound.
"""

from __future__ import annotations

import numpy as np
from scipy.ndimage import gaussian_filter1d

from dicetalk.arrays import Bool, Float32, Float64
from dicetalk.evaluation.figures import Figure, Sums
from dicetalk.evaluation.footage import OPENING, Footage
from dicetalk.rates import FPS, HOPS_PER_SECOND
from dicetalk.speech.broad import LIKELY, PHONES, closures, likelihood, long_silences
from dicetalk.speech.grid import runs

SHUT_GAP = 0.02
"""Lips nearer than this to each other are shut [inter-ocular distances]."""

AROUND = 2
"""Hops before and behind a phone in which its closure counts: 20 ms."""

VOWELS = tuple(PHONES.index(name) for name in ("I", "A", "EH", "E", "AO", "O", "U", "UE", "AX"))
LEAST_VOWEL = 4
"""Hops: shorter ones pass by."""

AWAY = 8
"""Hops of a pause next to speech, in which lips may still or already move."""

FARTHEST = 30
"""Hops either way in which the lag is looked for: 0.3 s."""

QUICK, SLOW = 3.0, 40.0
"""Movement between these widths of a Gaussian [hops] is speech; slower is expression."""

SURE = 0.4
"""Correlation from which a lag can be relied upon."""

FIGURES = (
    Figure("closure", "lips shut on p, b, m", "p/b/m"),
    Figure("false_closure", "lips shut in vowels", "vowels"),
    Figure("silence_closure", "lips shut in pauses", "s of pauses"),
    Figure("opening", "opening, correlation"),
    Figure("lag_ms", "lag of the lips [ms]", digits=0),
    Figure("closure_in_step", "lips shut on p, b, m, at the clip's own lag", "p/b/m"),
    Figure("opening_in_step", "opening, correlation, at the clip's own lag"),
)


def lip_figures(footage: Footage, threshold: float) -> dict[str, Sums]:
    """What a clip says of `FIGURES`; a p, b or m is heard where it is likelier than a threshold, 0 to 1."""
    lag, likeness = find_lag(footage)
    own = gap_on_hops(footage, lag)
    gap, opening = gap_on_hops(footage), footage.mouth[:, OPENING].astype(np.float64)
    heard = closures(footage.mouth[:, : len(PHONES)], threshold)
    return {
        "closure": _shut_on(heard, gap),
        "false_closure": _shut_in_vowels(footage.mouth, gap),
        "silence_closure": _shut_in_pauses(footage.mouth, gap),
        "opening": alike(opening, gap),
        "lag_ms": (1000.0 * lag / HOPS_PER_SECOND, 1) if likeness >= SURE else (0, 0),
        "closure_in_step": _shut_on(heard, own),
        "opening_in_step": alike(opening, own),
    }


def gap_on_hops(footage: Footage, lag: int = 0) -> Float64:
    """(4 T,) the gap of the lips that are seen so many hops later."""
    hops = (np.arange(len(footage.mouth)) + 0.5 + lag) / HOPS_PER_SECOND
    return np.interp(hops, (np.arange(footage.frames) + 0.5) / FPS, footage.gap)


def find_lag(footage: Footage) -> tuple[int, float]:
    """How many hops later than it is heard the mouth opens, and the correlation there; (0, 0) of a still mouth."""
    heard, seen = _moving(footage.mouth[:, OPENING].astype(np.float64)), _moving(gap_on_hops(footage))
    lags = range(-FARTHEST, FARTHEST + 1)
    inner = heard[FARTHEST:-FARTHEST]
    found = [alike(inner, seen[FARTHEST + lag : len(seen) - FARTHEST + lag])[0] for lag in lags]
    best = int(np.argmax(found))
    return (lags[best], found[best]) if found[best] > 0 else (0, 0.0)


def _moving(opening: Float64) -> Float64:
    """(H,) what moves at the pace of speech."""
    return np.asarray(gaussian_filter1d(opening, QUICK) - gaussian_filter1d(opening, SLOW))


def alike(one: Float64, other: Float64) -> Sums:
    """The correlation of two curves (H,), and 1; (0, 0) where one of them does not move."""
    spread = one.std() * other.std()
    if spread < 1e-9:
        return 0.0, 0
    return float(((one - one.mean()) * (other - other.mean())).mean() / spread), 1


def _shut_on(heard: list[tuple[int, int]], gap: Float64) -> Sums:
    shut = [gap[max(start - AROUND, 0) : stop + AROUND].min() < SHUT_GAP for start, stop in heard]
    return float(sum(shut)), len(shut)


def _shut_in_vowels(mouth: Float32, gap: Float64) -> Sums:
    middles = [(start + stop) // 2 for start, stop in stretches(likelihood(mouth[:, : len(PHONES)], VOWELS) > LIKELY)]
    return float((gap[middles] < SHUT_GAP).sum()), len(middles)


def stretches(true: Bool) -> list[tuple[int, int]]:
    """Start and stop of each long enough stretch of truth (H,)."""
    return [(start, stop) for start, stop in runs(true) if true[start] and stop - start >= LEAST_VOWEL]


def _shut_in_pauses(mouth: Float32, gap: Float64) -> Sums:
    """Of the time in pauses, away from speech [s]."""
    pauses = long_silences(mouth[:, : len(PHONES)])
    inside = np.zeros(len(pauses), np.bool_)
    for start, stop in runs(pauses):
        first, last = (0 if start == 0 else start + AWAY), (stop if stop == len(pauses) else stop - AWAY)
        inside[first : max(first, last)] = pauses[start]
    return float((gap[inside] < SHUT_GAP).sum()) / HOPS_PER_SECOND, float(inside.sum()) / HOPS_PER_SECOND
