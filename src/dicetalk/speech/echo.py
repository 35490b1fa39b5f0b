"""Distinct echoes, as from a far wall or an echo effect: the same sound again, later; found, and taken out."""

from __future__ import annotations

import math

import numpy as np

from dicetalk.arrays import Float64, Int64
from dicetalk.media import Waveform
from dicetalk.rates import SPEECH_RATE

EARLIEST = SPEECH_RATE // 40
"""Nearer than 25 ms an echo is hard to tell from the pitch, and fills no closure of the lips [samples]."""
LATEST = SPEECH_RATE * 11 // 10
"""[samples]"""
LEAST = 0.1
"""Of the likeness of a sound to itself: 57 dry clips reach .071, rooms that ring without one echo .084."""
REPEATED = 0.75
"""A sound likelier than this to itself is a loop: one echo as loud as the direct sound reaches .5, three about .7."""
STANDS_OUT = 5.0
"""An echo's peak over the root mean square around it; tones and music are like themselves at many lags."""
MOST = 16
"""Echoes that are taken out."""
NEAR = 2
"""Lags so close are one [samples]."""

_STRETCH = 4 * SPEECH_RATE
_MOST_MEASURED = 30
"""Stretches of 4 s, evenly spread, tell the echoes of a clip."""
_TRANSFORM = 81_920
_SMOOTH = 200
"""Bins of the transform over which a spectrum is evened, 39 Hz."""
_REACH = 2 * SPEECH_RATE
"""Of the inverse filter either way [samples]."""
_EASE = 0.001
"""Keeps the inverse from raising what an echo extinguished."""


def find_echoes(waveform: Waveform) -> Float64 | None:
    """(M,) what takes the echoes of a clip out, a filter centred at M // 2; none where there is no echo.

    Args:
        waveform: (N,) int16 mono at 16 kHz.
    """
    likeness = _likeness(waveform)
    lags = _peaks(likeness)
    if not lags.size:
        return None
    strengths = _strengths(likeness[lags], lags)
    lasting = np.abs(strengths) >= LEAST
    response = np.zeros(2 * _REACH)
    response[0] = 1
    response[lags[lasting]] = strengths[lasting]
    spectrum = np.fft.rfft(response)
    inverse = np.fft.irfft(spectrum.conj() / (np.abs(spectrum) ** 2 + _EASE))
    return np.roll(inverse, _REACH)


def without_echoes(waveform: Waveform, start: int, stop: int, inverse: Float64 | None) -> Waveform:
    """The samples `start` to `stop` of a clip, filtered by the `inverse` that `find_echoes` gave, or as they are."""
    if inverse is None:
        return waveform[start:stop]
    begin = max(start - _REACH, 0)
    around = waveform[begin : stop + _REACH].astype(np.float64)
    size = 2 ** math.ceil(math.log2(len(around) + len(inverse)))
    filtered = np.fft.irfft(np.fft.rfft(around, size) * np.fft.rfft(inverse, size))
    first = start - begin + _REACH
    inside = filtered[first : first + min(stop, len(waveform)) - start]
    return np.clip(np.round(inside), -32768, 32767).astype(np.int16)


def _likeness(waveform: Waveform) -> Float64:
    """(LATEST,) how like a clip is to itself so much later, whatever its spectrum: 1 at lag 0."""
    likeness = np.zeros(LATEST)
    count = min(math.ceil(len(waveform) / _STRETCH), _MOST_MEASURED)
    for start in np.linspace(0, max(len(waveform) - _STRETCH, 0), count).astype(int):
        sound = waveform[start : start + _STRETCH].astype(np.float64)
        power = np.abs(np.fft.rfft(sound * np.hanning(len(sound)), _TRANSFORM)) ** 2
        even = power / (_running_mean(_running_mean(power)) + 1e-3 * power.mean() + 1)
        likeness += sound.std() * np.fft.irfft(even)[:LATEST]
    likeness /= max(likeness[0], 1e-9)
    return likeness


def _running_mean(power: Float64) -> Float64:
    sums = np.cumsum(np.pad(power, (_SMOOTH // 2 + 1, _SMOOTH // 2), mode="reflect"))
    mean: Float64 = (sums[_SMOOTH + 1 :] - sums[: -_SMOOTH - 1]) / (_SMOOTH + 1)
    return np.append(mean, mean[-1:])[: len(power)]


def _peaks(likeness: Float64) -> Int64:
    """(K,) the lags at which a clip is most like itself, up to `MOST`, in order."""
    size = np.abs(likeness)
    size[size < STANDS_OUT * np.sqrt(_running_mean(likeness**2))] = 0
    size[:EARLIEST] = 0
    lags: list[int] = []
    if size.max() > REPEATED:
        return np.array(lags, np.int64)
    while len(lags) < MOST and size.max() >= LEAST:
        lag = int(size.argmax())
        lags.append(lag)
        size[lag - EARLIEST // 8 : lag + EARLIEST // 8] = 0
    return np.array(sorted(lags), np.int64)


def _strengths(likeness: Float64, lags: Int64) -> Float64:
    """(K,) each echo as a share of the direct sound, so that all of them explain the likeness (K,) at the lags (K,).

    A pair of echoes makes a clip like itself at the lag between them, too.
    """
    places = np.append(0, lags)
    between = places[:, None] - places
    pairs = (np.abs(between - lags[:, None, None]) <= NEAR).astype(np.float64)
    strengths = likeness.copy()
    for _ in range(100):
        taps = np.append(1, strengths)
        explained = np.einsum("kij,i,j->k", pairs, taps, taps) / (taps @ taps)
        strengths = np.clip(strengths + 0.5 * (likeness - explained), -0.95, 0.95)
    return strengths
