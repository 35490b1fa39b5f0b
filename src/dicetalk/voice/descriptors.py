"""The 16 descriptors of the Interspeech 2009 Emotion Challenge and their slopes, a row every 10 ms.

Schuller, Steidl and Batliner, "The INTERSPEECH 2009 Emotion Challenge": the energy, twelve mel cepstra, zero crossings,
how voiced a frame is, and its pitch. All but the last two are held to the published numbers; those two are found by YIN
(`speech.pitch`), since how the published ones are picked is not written down.
"""

from __future__ import annotations

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from scipy.fft import dct

from dicetalk.arrays import Float64, Waveform
from dicetalk.rates import HOP, SPEECH_RATE
from dicetalk.speech.pitch import MIN_VOICING, PITCH_SPAN, periods, without_octave_jumps
from dicetalk.voice.mel_bands import mel_bands

FRAME = SPEECH_RATE * 25 // 1000
"""Samples of a frame: 25 ms."""
CEPSTRA = 12
NAMES = ("energy", *(f"cepstrum {n}" for n in range(1, CEPSTRA + 1)), "zero crossings", "voicing", "pitch")
"""The columns: share of full scale, no unit, share of the samples, 0 to 1, [Hz] and 0 where there is none."""

_TRANSFORM = 512
_BANDS = 26
_LIFTER = 22
_PRE_EMPHASIS = 0.97
_FULL_SCALE = 32767
"""By which the published cepstra multiply samples; their logarithm is floored there, so it matters to soft sounds."""
_LEAST = FRAME + 2 * HOP
"""Samples of three frames: the fewest with a row."""


def describe(samples: Waveform | Float64) -> tuple[Float64, Float64]:
    """Descriptors in the order of `NAMES`, each smoothed over three frames, and their slopes, (T, 16) both.

    T is the number of whole frames less two, as published; shorter sounds than three frames are filled with zeros.
    """
    sound = np.pad(samples, (0, max(_LEAST - len(samples), 0))).astype(np.float64) / _FULL_SCALE
    frames = sliding_window_view(sound, FRAME)[::HOP]
    weighted = _weighted(frames)
    pitch, voicing = _pitch(sound, len(frames))
    rows = np.column_stack(
        [np.sqrt((weighted**2).mean(axis=1)), _cepstra(weighted), zero_crossings(frames), voicing, pitch]
    )
    rows = smooth(rows)
    return rows[:-2], slopes(rows)[:-2]


def slopes(rows: Float64) -> Float64:
    """(T, C) how steeply each column of rows (T, C) rises, a row: of a line through five, the outer ones repeated."""
    steps = np.arange(-2, 3)
    around = sliding_window_view(np.pad(rows, ((2, 2), (0, 0)), mode="edge"), 5, axis=0)
    found: Float64 = around @ steps / (steps @ steps)
    return found


def smooth(rows: Float64) -> Float64:
    """(T, C) means of three rows, the outer ones repeated."""
    padded = np.pad(rows, ((1, 1), (0, 0)), mode="edge")
    mean: Float64 = (padded[:-2] + padded[1:-1] + padded[2:]) / 3
    return mean


def zero_crossings(frames: Float64) -> Float64:
    """(T,) share of the samples of frames (T, n) at which they cross zero; those of digital silence do."""
    before, here, after = frames[:, :-2], frames[:, 1:-1], frames[:, 2:]
    crossed = (before * here < 0) | ((here == 0) & (before * after <= 0))
    share: Float64 = crossed.sum(axis=1) / frames.shape[1]
    return share


def _weighted(frames: Float64) -> Float64:
    """Frames (T, n) under a Hamming window, high tones raised within each."""
    before = np.concatenate([frames[:, :1], frames[:, :-1]], axis=1)
    emphasised: Float64 = frames - _PRE_EMPHASIS * before
    return emphasised * np.hamming(FRAME)


def _cepstra(weighted: Float64) -> Float64:
    """(T, 12) of the logarithms of the mel bands of frames (T, n)."""
    spectrum = np.abs(np.fft.rfft(weighted * _FULL_SCALE, _TRANSFORM))
    bands = spectrum @ mel_bands(_TRANSFORM, _BANDS, 0.0, SPEECH_RATE / 2)
    found = dct(np.log(np.maximum(bands, 1)), axis=1, norm=None)[:, 1 : CEPSTRA + 1] / np.sqrt(2 * _BANDS)
    order = np.arange(1, CEPSTRA + 1)
    lifted: Float64 = found * (1 + _LIFTER / 2 * np.sin(np.pi * order / _LIFTER))
    return lifted


def _pitch(sound: Float64, count: int) -> tuple[Float64, Float64]:
    """Pitch [Hz], 0 where there is none, and voicing of so many frames, (T,) both."""
    left = (PITCH_SPAN - FRAME) // 2
    right = (count - 1) * HOP + PITCH_SPAN - left - len(sound)
    padded = np.pad(sound, (left, max(right, 0))).astype(np.float32)
    voicing, hertz = periods(sliding_window_view(padded, PITCH_SPAN)[::HOP][:count])
    return without_octave_jumps(np.where(voicing > MIN_VOICING, hertz, 0)), voicing
