"""Known words, found in the sound: when each is said. By our own ear for broad phones, in any language."""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
from numba import njit

from dicetalk.arrays import Float32, Int64
from dicetalk.errors import InputError
from dicetalk.rates import HOPS_PER_SECOND
from dicetalk.speech.broad import PHONES, SILENCE
from dicetalk.words.letters import Choice, choices

CACHE = any(os.access(folder, os.W_OK) for folder in (Path(__file__).parent, Path.home()))
"""Whether compiled code can be kept."""

LEAST = 0.02
"""Share of a phone below which it does not matter how unlikely it is: ears and letters err."""
SKIP, BREATHLESS = 2.5, 5.0
"""What it costs to leave a phone out, and the pause behind a sentence [nats]."""
FASTEST = 30.0
"""Phones a second that nobody can say."""
USUAL, FAIR = 0.01, 0.5
"""How much a phone that is heard all the time counts for less: added to its mean share, and the power of that."""
ANY = tuple(range(1, len(PHONES)))
"""Of a word in unknown letters: any phone."""
LEAST_BAND = 200
"""States."""
BAND_S = 60.0
"""How far from an even pace words are looked for in long clips [s]."""
FITS = -0.35
"""Mean of what the words ask for, from which on they are what is said: 24 recordings of RAVDESS fit their own sentence
by -.26 to .6, another one by -.95 to -.24, each its own better (benchmarks/results/2026-11-27-text.md)."""


@dataclass(frozen=True)
class Spoken:
    """When words are said.

    Attributes:
        times: (start, end) of each word [s], in their order; none overlap.
        fit: mean log share of what the words ask for, where they are said; from `FITS` on they are what is heard.
    """

    times: list[tuple[float, float]]
    fit: float


def align(words: Sequence[str], phones: Float32, ends: Collection[int] = ()) -> Spoken:
    """When each of the words is said in a clip.

    Args:
        words: all that is said, in order; at least one.
        phones: (hops, 24) shares of the broad phones of each 10 ms.
        ends: the words that a sentence ends with, by their number: behind them a pause is likely.

    Raises:
        InputError: there is too little sound for so many words.
    """
    states, owners = _states(words)
    seconds = len(phones) / HOPS_PER_SECOND
    if (owners >= 0).sum() > max(seconds * FASTEST, 1):
        raise InputError(f"{len(words)} words cannot be said in {seconds:.1f} s; give the text of this recording")
    likely, kinds = _likelihoods(phones, states)
    width = min(max(int(BAND_S / seconds * len(states)), LEAST_BAND), len(states))
    path = _path(likely, kinds, _skipping(owners, ends), width)
    return _spoken(path, owners, likely[np.arange(len(path)), kinds[path]], len(words))


def _states(words: Sequence[str]) -> tuple[list[Choice], Int64]:
    """What is heard one after the other, silence between words, and which word each is of; -1 of silence."""
    states: list[Choice] = [(SILENCE,)]
    owners = [-1]
    for number, word in enumerate(words):
        heard = choices(word) or [ANY]
        states += [*heard, (SILENCE,)]
        owners += [*[number] * len(heard), -1]
    return states, np.array(owners, np.int64)


def _skipping(owners: Int64, ends: Collection[int]) -> Float32:
    """What it costs to leave each state out."""
    costs = np.where(owners < 0, 0, SKIP).astype(np.float32)
    costs[1:][(owners[1:] < 0) & np.isin(owners[:-1], list(ends))] = BREATHLESS
    return costs


def _likelihoods(phones: Float32, states: Sequence[Choice]) -> tuple[Float32, Int64]:
    """(hops, kinds) log of how likely each kind of state is [nats], relative to how often its phones are heard at all;
    and of which kind each state is.
    """
    usual = phones.mean(axis=0) + USUAL
    unique = {state: number for number, state in enumerate(dict.fromkeys(states))}
    rows = np.stack([phones[:, state].sum(axis=1) / usual[list(state)].sum() ** FAIR for state in unique])
    rows = np.log(np.maximum(rows, LEAST)).astype(np.float32)
    return np.ascontiguousarray(rows.T), np.array([unique[state] for state in states])


@njit(cache=CACHE)
def _path(likely: Float32, kinds: Int64, costs: Float32, width: int) -> Int64:
    """(hops,) the state of each hop on the likeliest way from the first to the last; within a band around even pace.

    One goes on to the next state or the one behind it, which costs what is left out.
    """
    count, hops = len(kinds), len(likely)
    worst = np.float32(-1e30)
    best = np.full(count, worst, np.float32)
    best[0] = likely[0, kinds[0]]
    if count > 1:
        best[1] = likely[0, kinds[1]]
    came = np.zeros((hops, width + 2), np.int8)
    first = 0
    firsts = np.zeros(hops, np.int64)
    for hop in range(1, hops):
        first = min(max(hop * count // hops - width // 2, 0), count - width)
        firsts[hop] = first
        for state in range(first + width - 1, first - 1, -1):
            top, step = best[state], 0
            if state > 0 and best[state - 1] > top:
                top, step = best[state - 1], 1
            if state > 1 and best[state - 2] - costs[state - 1] > top:
                top, step = best[state - 2] - costs[state - 1], 2
            best[state] = top + likely[hop, kinds[state]]
            came[hop, state - first] = step
        if first > 0:
            best[first - 1] = worst
            if first > 1:
                best[first - 2] = worst
    path = np.zeros(hops, np.int64)
    state = count - 1
    if count > 1 and best[count - 2] > best[count - 1]:
        state = count - 2
    for hop in range(hops - 1, -1, -1):
        path[hop] = state
        if hop > 0:
            state -= came[hop, state - firsts[hop]]
    return path


def _spoken(path: Int64, owners: Int64, likely: Float32, words: int) -> Spoken:
    """Times of words from the state of each hop, and how likely (hops,) that is; a word that was left out lies, as
    short as can be, behind the last.
    """
    said = owners[path]
    begin, end = np.full(words, -1), np.full(words, -1)
    for hop, word in enumerate(said.tolist()):
        if word >= 0:
            begin[word] = hop if begin[word] < 0 else begin[word]
            end[word] = hop + 1
    times, last = [], 0
    for start, stop in zip(begin.tolist(), end.tolist(), strict=True):
        start, stop = (last, last) if start < 0 else (start, stop)
        times.append((start / HOPS_PER_SECOND, stop / HOPS_PER_SECOND))
        last = stop
    heard = np.flatnonzero(said >= 0)
    return Spoken(times, float(likely[heard].mean()) if len(heard) else -np.inf)
