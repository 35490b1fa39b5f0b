"""How loud the speech is, and where it pauses."""

from __future__ import annotations

import math
from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from dicetalk.arrays import Bool, Float32
from dicetalk.media import Waveform
from dicetalk.rates import HOP, HOPS_PER_FRAME, SPEECH_RATE
from dicetalk.speech.grid import PAD, hop_power, runs

MAX_LOUDNESS = 1.5

# The usual 0.95 finds no pause in speech over white noise of -10 dB, and takes a third of it for pauses at -20 dB.
PRE_EMPHASIS = 0.4

MIN_PAUSE = 12
"""Shorter stretches without energy are closures of plosives, no pauses [hops]."""
MIN_SOUND = 4
"""Shorter sounds within a pause are clicks [hops]."""

MOST_MEASURED = 600
"""Ten minutes of a clip tell its level [s]."""


@dataclass(frozen=True)
class Level:
    """What is loud and what is a pause in a clip, as power [least significant bits, squared].

    Attributes:
        speaking: of the loud part of the speech.
        pause: below it there is no speech.
        doubtful: below it (as with breath or noise) silence may be heard.
    """

    speaking: float
    pause: float
    doubtful: float


def measure_level(waveform: Waveform) -> Level:
    """Measure a clip on at most ten minutes of it, in stretches of a second spread evenly."""
    starts = range(0, len(waveform), SPEECH_RATE)
    chosen = starts[:: math.ceil(len(starts) / MOST_MEASURED)]
    sounds = [waveform[start : start + SPEECH_RATE].astype(np.float32) for start in chosen]
    crisp = np.concatenate([_crisp_power(sound) for sound in sounds])
    loud = np.concatenate([hop_power(sound) for sound in sounds])
    pause = _pause_level(crisp)
    heard = crisp >= pause
    if not heard.any():
        return Level(1.0, pause, pause)
    doubtful = math.sqrt(pause * float(np.percentile(crisp, 95)))
    return Level(float(np.percentile(loud[heard], 90)), pause, doubtful)


def _pause_level(power: Float32) -> float:
    """The power below which it is a pause, between the noise floor and the speech of this clip.

    The floor lies where the quiet hops are, without those of digital silence, which editing leaves. A third of the way
    up [dB] keeps weak consonants in a clean recording and leaves noise out of a noisy one. A clip without a floor
    (music, no breath taken) has pauses only where it all but stops.
    """
    decibels = 10 * np.log10(power[power > 1])
    if not decibels.size:
        return 1.0
    floor, speaking = np.percentile(decibels, [5, 95])
    least = speaking - 40
    if speaking - floor >= 8:
        least = max(least, floor + max(5, 0.35 * (speaking - floor)))
    return float(max(10 ** (least / 10), 1.0))


def _crisp_power(sound: Float32) -> Float32:
    """Power of each hop after mild pre-emphasis, mean of three: hum sinks, weak consonants rise."""
    emphasised = np.append(np.float32(0), sound[1:] - np.float32(PRE_EMPHASIS) * sound[:-1])
    power = np.pad(hop_power(emphasised), 1, mode="edge")
    smooth: Float32 = (power[:-2] + power[1:-1] + power[2:]) / np.float32(3)
    return smooth


def measure_loudness(sound: Float32, level: Level) -> Float32:
    """(T,) amplitude over a Hann window of 80 ms, relative to the clip's speech; `sound` has pads."""
    window = np.hanning(HOPS_PER_FRAME + 6)[1:-1]
    around = PAD - (len(window) - HOPS_PER_FRAME) // 2 * HOP
    power = sliding_window_view(hop_power(sound[around:-around]), len(window))[::HOPS_PER_FRAME]
    amplitude = np.sqrt(power @ (window / window.sum()) / max(level.speaking, 1.0))
    loudness: Float32 = np.minimum(amplitude, MAX_LOUDNESS).astype(np.float32)
    return loudness


def find_pauses(sound: Float32, level: Level, silent: Bool, resting: Bool) -> Bool:
    """(hops,) true in the pauses between the pads of `sound`: clicks in a pause belong to it, short pauses are none.

    `silent` (hops,) is true where the phones that were heard are silence, `resting` where lips may be shut: no level
    makes a pause of what is heard beyond doubt. In noise of 10 dB a third of the speech is as soft as the noise.
    """
    power = _crisp_power(sound[PAD:-PAD])
    pauses = ((power < level.pause) & resting) | (silent & (power < level.doubtful))
    for short, value in ((MIN_SOUND, False), (MIN_PAUSE, True)):
        for start, stop in list(runs(pauses)):
            inside = start > 0 and stop < len(pauses)
            if inside and pauses[start] == value and stop - start < short:
                pauses[start:stop] = not value
    return pauses
