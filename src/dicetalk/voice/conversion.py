"""A voice moved towards emotions, moment by moment: pitch, pace and pauses, spectrum, breath."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from dicetalk.arrays import Bool, Float64
from dicetalk.speech.grid import runs
from dicetalk.voice.manners import RANKS, Manner, Manners
from dicetalk.voice.pieces import Pieces
from dicetalk.voice.tempo import Tempo, joined
from dicetalk.voice.world import RATE, STEPS_PER_SECOND, Voice, level_of, put_together

Amounts = Callable[[Float64], Float64]
"""How far towards each emotion of `MOVED` at times (T,) [s] -> (T, E)."""

LOUDEST = 98.0
"""Percentile of the level that counts as loud."""
SPOKEN_DB = 35.0
"""Below it by so much, nothing is said [dB]."""
SHORTEST_PAUSE = 0.12
"""What is shorter is a closure of a plosive, and belongs to the speech [s]."""
GLIDE = 0.03
"""Over which one change of the spectrum passes into the next, and into pauses, which stay as they are [s]."""

LEAST_PITCH, MOST_PITCH = 55.0, 700.0
"""Of voices that are put together [Hz]."""
FULL = 0.97
"""The largest sample, in units of full scale; what would pass it makes the whole softer."""


@dataclass(frozen=True, eq=False)
class Spoken:
    """What was said, in another manner.

    Attributes:
        samples: (N,) mono at `world.RATE`.
        tempo: when it is said.
    """

    samples: Float64
    tempo: Tempo


def converted(pieces: Pieces, amounts: Amounts, manners: Manners) -> Spoken:
    """A recording, moved towards emotions; no sample passes `FULL`.

    Args:
        pieces: of the recording.
        amounts: how far, asked for times in it [s].
        manners: how.

    Raises:
        MissingExtraError: pyworld is not installed.
    """
    made, tempos, begin = [], [], 0
    for piece, voice in zip(pieces.samples, pieces.voices(), strict=True):
        times = begin / RATE + np.arange(len(voice)) / STEPS_PER_SECOND
        spoken, tempo = moved(voice, manners.manner(amounts(times), voice.envelope.shape[1]), pieces.middle)
        made.append(put_together(spoken))
        tempos.append(tempo)
        begin += len(piece)
    whole = np.concatenate(made)
    return Spoken(whole * (FULL / max(float(np.abs(whole).max()), FULL)), joined(tempos))


def moved(voice: Voice, manner: Manner, middle: float) -> tuple[Voice, Tempo]:
    """A voice in another manner, and when it says what.

    Args:
        voice: of T steps.
        manner: of each step.
        middle: median of the logarithm of the speaker's pitch.
    """
    from scipy.ndimage import uniform_filter1d

    paused = without_short(~is_spoken(voice.level), round(SHORTEST_PAUSE * STEPS_PER_SECOND))
    shares = uniform_filter1d(ranked(voice.level, paused), round(GLIDE * STEPS_PER_SECOND), axis=1)
    inside = shares.sum(axis=0)
    pitch = np.zeros_like(voice.pitch)
    above = np.log(voice.pitch[voice.voiced]) - middle
    height, span = manner.height[voice.voiced], manner.span[voice.voiced]
    shaken = np.random.default_rng(0).standard_normal(len(voice))[voice.voiced] * manner.rough[voice.voiced]
    pitch[voice.voiced] = np.clip(np.exp(middle + height + above * np.exp(span) + shaken), LEAST_PITCH, MOST_PITCH)
    envelope = voice.envelope * 10 ** ((shares[..., None] * manner.spectra).sum(axis=0) / 10)
    # A band that grows is loudest in the sounds that it makes: their level is told, so that they do not stick out.
    louder = (shares * manner.levels).sum(axis=0) + inside * (voice.level - level_of(envelope))
    envelope *= 10 ** (louder[:, None] / 10)
    breath = np.clip(voice.breath * 10 ** (inside[:, None] * manner.breath / 20), 0, 1)
    tempo = Tempo.of(np.exp(np.where(paused, manner.rest, manner.pace)), 1 / STEPS_PER_SECOND)
    count = max(round(tempo.seconds * STEPS_PER_SECOND), 1)
    tempo = tempo.lasting(count / STEPS_PER_SECOND)
    places = tempo.back(np.arange(count) / STEPS_PER_SECOND) * STEPS_PER_SECOND
    return Voice(pitch, envelope, breath).at(places), tempo


def is_spoken(level: Float64) -> Bool:
    """(T,) where something is said, by the level of each step [dB]."""
    return np.asarray(level > np.percentile(level, LOUDEST) - SPOKEN_DB)


def ranked(level: Float64, paused: Bool) -> Float64:
    """(R, T) how near each step is to each of `RANKS` by its level (T,) [dB]; shares of sum 1, and 0 in pauses."""
    said = np.flatnonzero(~paused)
    rank = (np.argsort(np.argsort(level[said])) + 0.5) / max(len(said), 1)
    knots = np.eye(len(RANKS))
    shares = np.zeros((len(RANKS), len(level)))
    shares[:, said] = [np.interp(rank, RANKS, knot) for knot in knots]
    return shares


def without_short(truth: Bool, least: int) -> Bool:
    """The same without runs of fewer than `least` steps."""
    kept = truth.copy()
    for start, stop in list(runs(truth)):
        if stop - start < least:
            kept[start:stop] = False
    return kept
