"""Pitch and voicing: YIN (de Cheveigne and Kawahara, JASA 111(4), 2002) on all frames at once."""

from __future__ import annotations

import math

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from dicetalk.arrays import Bool, Float32, Float64
from dicetalk.rates import SAMPLES_PER_FRAME, SPEECH_RATE
from dicetalk.speech.grid import windows

PITCH_RANGE = (60.0, 500.0)
"""Lowest and highest pitch looked for [Hz]."""
MIN_VOICING = 0.65
"""Less periodic frames have no pitch."""

_PITCH_WINDOW = SAMPLES_PER_FRAME
_PITCH_LAGS = math.ceil(SPEECH_RATE / PITCH_RANGE[0]) + 2
PITCH_SPAN = _PITCH_WINDOW + _PITCH_LAGS
"""Samples that the pitch of a frame is found in."""


def find_pitch(sound: Float32, silence: Bool) -> tuple[Float32, Float32]:
    """Pitch [Hz] and voicing of each frame, (T,) both; 0 in silence."""
    periodic, lags = periods(windows(sound, PITCH_SPAN, SAMPLES_PER_FRAME))
    voicing = np.where(silence, 0, periodic)
    pitch = np.where(voicing > MIN_VOICING, lags, 0)
    return without_octave_jumps(pitch).astype(np.float32), voicing.astype(np.float32)


def periods(around: Float32) -> tuple[Float64, Float64]:
    """How periodic frames are (T,), 0 to 1, and at which pitch (T,) [Hz]; `around` (T, 909) each in the middle."""
    lags, depth = _first_dip(_normalised_difference(around))
    return np.clip(1 - depth, 0, 1), np.clip(SPEECH_RATE / lags, *PITCH_RANGE)


def _normalised_difference(windows: Float32) -> Float64:
    """YIN's cumulative mean normalised difference, (T, 640 + L) -> (T, L): 0 at lags of whole periods, else about 1."""
    x = windows - windows.mean(axis=1, keepdims=True, dtype=np.float64)
    size = 2048  # at least 640 + 640 + L, so that nothing wraps
    head = np.fft.rfft(x[:, :_PITCH_WINDOW], size)
    products = np.fft.irfft(head.conj() * np.fft.rfft(x, size), size)[:, :_PITCH_LAGS]
    energy = np.cumsum(np.pad(x * x, ((0, 0), (1, 0))), axis=1)
    energies = energy[:, _PITCH_WINDOW:][:, :_PITCH_LAGS] - energy[:, :_PITCH_LAGS]
    difference = np.maximum(energies[:, :1] + energies - 2 * products, 0)
    lags = np.arange(1, _PITCH_LAGS)
    normalised: Float64 = np.ones_like(difference)
    normalised[:, 1:] = difference[:, 1:] * lags / np.maximum(np.cumsum(difference[:, 1:], axis=1), 1e-3)
    return normalised


def _first_dip(dips: Float64) -> tuple[Float64, Float64]:
    """Lag [samples] and depth of the first deep dip, else of the deepest, (T, L) -> (T,) both."""
    low = math.floor(SPEECH_RATE / PITCH_RANGE[1]) - 1
    middle = dips[:, low:-1]
    is_dip = (middle <= dips[:, low - 1 : -2]) & (middle < dips[:, low + 1 :])
    deepest = np.where(is_dip, middle, np.inf).min(axis=1, keepdims=True)
    # The first dip nearly as deep as the deepest: multiples of the period dip as deep.
    good = is_dip & (middle <= np.maximum(deepest + 0.05, 0.1))
    lag = good.argmax(axis=1) + low
    rows = np.arange(len(dips))
    before, here, after = dips[rows, lag - 1], dips[rows, lag], dips[rows, lag + 1]
    curve = before - 2 * here + after
    shift = np.where(curve > 1e-9, 0.5 * (before - after) / np.maximum(curve, 1e-9), 0)
    return lag + np.clip(shift, -0.5, 0.5), np.where(good.any(axis=1), here, 1.0)


def without_octave_jumps(pitch: Float64) -> Float64:
    """Bring rows an octave from the median of the voiced ones of the five around them back to it."""
    voiced = pitch > 0
    around = np.sort(sliding_window_view(np.pad(pitch, 2), 5)[voiced], axis=1)
    silent, rows = (around == 0).sum(axis=1), np.arange(len(around))
    median = (around[rows, (silent + 4) // 2] + around[rows, (silent + 5) // 2]) / 2
    steady = pitch.copy()
    steady[voiced] /= 2 ** np.round(np.log2(pitch[voiced] / median))
    return steady
