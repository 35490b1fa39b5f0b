"""The broad phones: what is told apart of speech in any language, 24 ways in which a mouth looks."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from dicetalk.arrays import Bool, Float32
from dicetalk.rates import HOPS_PER_SECOND
from dicetalk.speech.grid import runs

PHONES = (
    "SIL", "P", "M", "F", "TH", "T", "N", "L", "S", "SH", "K", "H", "R", "RR", "W", "I", "A", "EH", "E", "AO", "O", "U",
    "UE", "AX",
)  # fmt: skip
"""Pause; p b; m; f v; English th; t d; n and ng; l; s z; sh and ch; k g; h and other sounds of the throat; English r;
rolled r; w; i and y as in yes; a; open e; closed e; open o; closed o; u; rounded e and i; the murmured vowel."""

SILENCE = PHONES.index("SIL")
CLOSED = (PHONES.index("P"), PHONES.index("M"))
"""For which the lips shut."""
BITING = PHONES.index("F")
"""For which the lower lip meets the teeth."""

OPENING = np.array(
    [0, 0, 0, 0.1, 0.3, 0.28, 0.28, 0.38, 0.2, 0.25, 0.35, 0.45, 0.25, 0.3, 0.1, 0.36, 1, 0.8, 0.6, 0.75, 0.5,
     0.22, 0.3, 0.55],
    np.float32,
)  # fmt: skip
"""(24,) how far the lips part, 1 for an open vowel."""

LIPS = 2.5
"""Standard deviation of the time over which lips move from one opening to another [hops]."""

MIN_SILENCE = HOPS_PER_SECOND // 4
"""Shorter silences are closures of plosives, no pauses [hops]."""
LIKELY = 0.5
REST = 0.1
"""Mean share of silence and shut lips from which a soft hop may be a pause: of acted speech .994 of the pauses are kept
(.996 without), and of speech in noise of 10 dB .07 is taken for one (.34 without)."""
DOUBT, SHUT = 0.15, 0.38
"""Mean shares up to which lips do not move for a closure, and from which they are shut. On acted speech and in noise a
mean of three hops hears a tenth more closures than one hop at .5, as surely."""


def long_silences(phones: Float32) -> Bool:
    """(hops,) true where silence is likely for 0.25 s or more; phones (hops, 24) are their shares."""
    silent = phones[:, SILENCE] > LIKELY
    for start, stop in list(runs(silent)):
        if stop - start < MIN_SILENCE:
            silent[start:stop] = False
    return np.asarray(silent)


def may_rest(phones: Float32) -> Bool:
    """(hops,) true where nothing else is heard beyond doubt than silence and shut lips; phones (hops, 24)."""
    return np.asarray(likelihood(phones, (SILENCE, *CLOSED)) >= REST)


def likelihood(phones: Float32, chosen: Sequence[int]) -> Float32:
    """(hops,) share of some phones (hops, 24) together, mean of three hops: a flicker is no phone."""
    share = np.pad(phones[:, chosen].sum(axis=1), 1, mode="edge")
    mean: Float32 = (share[:-2] + share[1:-1] + share[2:]) / np.float32(3)
    return mean


def closures(phones: Float32, threshold: float = SHUT) -> list[tuple[int, int]]:
    """First hop of each closure of the lips within speech, and the one behind its last; phones (hops, 24).

    From where lips are half shut on; two that follow with nothing between them in which lips would part are one.
    """
    likely = likelihood(phones, CLOSED)
    near, half = likely > DOUBT, likely > (DOUBT + threshold) / 2
    found = []
    for start, stop in runs(near):
        if near[start] and likely[start:stop].max() > threshold:
            inside = start + np.flatnonzero(half[start:stop])
            found.append((int(inside[0]), int(inside[-1]) + 1))
    return found
