"""The log-mel spectrum, one row per video frame."""

from __future__ import annotations

import math
from functools import cache

import numpy as np

from dicetalk.arrays import Float32, Float64
from dicetalk.rates import HOP, HOPS_PER_FRAME, SPEECH_RATE
from dicetalk.speech.grid import windows

MELS = 80
MEL_RANGE = (50.0, 7600.0)
"""Lowest and highest edge of the mel bands [Hz]."""

_MEL_WINDOW = SPEECH_RATE // 40
"""25 ms [samples]."""
_MEL_FFT = 1024


def log_mel(sound: Float32) -> Float32:
    """(T, 80): power in mel bands over windows of 25 ms, mean of a frame's four hops, its logarithm."""
    cut = windows(sound, _MEL_WINDOW, HOP)
    # A constant part would reach the lowest bands.
    spectrum = np.fft.rfft((cut - cut.mean(axis=1, keepdims=True)) * np.hanning(_MEL_WINDOW), _MEL_FFT)
    full_scale = 32768.0 * np.hanning(_MEL_WINDOW).sum() / 2  # of a sine
    power = (spectrum.real**2 + spectrum.imag**2) / full_scale**2
    frames = power.reshape(-1, HOPS_PER_FRAME, power.shape[1]).mean(axis=1)
    log_mel: Float32 = np.log(np.maximum(frames @ _mel_bands().T, 1e-10)).astype(np.float32)
    return log_mel


@cache
def _mel_bands() -> Float64:
    """(80, 513) triangles, evenly spaced on the mel scale (2595 log10(1 + f / 700))."""
    lowest, highest = (2595 * math.log10(1 + hertz / 700) for hertz in MEL_RANGE)
    edges = np.linspace(lowest, highest, MELS + 2)
    hertz = 700 * (10 ** (edges / 2595) - 1)
    bins = np.arange(_MEL_FFT // 2 + 1) * SPEECH_RATE / _MEL_FFT
    left, centre, right = hertz[:-2, None], hertz[1:-1, None], hertz[2:, None]
    bands: Float64 = np.maximum(np.minimum((bins - left) / (centre - left), (right - bins) / (right - centre)), 0)
    return bands
