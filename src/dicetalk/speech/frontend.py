"""What a public network hears: Google's speech embedding (Lin et al., arXiv 2002.01322), taught to tell words apart.

It hears through rooms, microphones and languages, which one that learns from a thousand clips of one studio does not.
What tells phones apart is taken out: how something is said is to be heard, not what. `weights/speech/README.md` tells
where it is from; its log-mel follows what it was trained on.
"""

from __future__ import annotations

from functools import cache

import numpy as np
import safetensors.numpy

from dicetalk.arrays import Float32, Float64
from dicetalk.media import Waveform, frame_count
from dicetalk.networks import WEIGHTS, open_network
from dicetalk.rates import HOP, HOPS_PER_FRAME, SPEECH_RATE
from dicetalk.speech.grid import stretch, windows
from dicetalk.speech.level import Level

NETWORK = WEIGHTS / "speech" / "frontend.onnx"
FITTED = WEIGHTS / "speech" / "fitted.safetensors"
"""Made by `tools/fit_frontend.py`."""
WIDTH = 96

FRAMES_PER_ROW = 2
"""Video frames to one of its rows: 80 ms."""

_BANDS = 32
_EDGES = (60.0, 3800.0)
"""Lowest and highest edge of the mel bands [Hz]: a telephone carries all of it."""
_WINDOW = SPEECH_RATE // 40
"""25 ms [samples]."""
_FFT = 512
_SEEN = 76
"""Hops that one row is heard from: 0.76 s."""
_ROW = FRAMES_PER_ROW * HOPS_PER_FRAME
"""Hops between two rows."""
_BEFORE = (_SEEN - _ROW) // 2
"""Hops before a row's own that it is heard from; as many follow."""
_SPEAKING = 4000.0
"""Amplitude of the loud part of any speech as the network is given it [least significant bits]."""
_FLOOR = 80.0
"""Least power of a band: 80 dB below the loudest that speech of this level has."""
_AT_ONCE = 750
"""Rows computed in one call: a minute."""


def speech_embedding(waveform: Waveform, level: Level) -> Float32:
    """Hear how a clip is said; (N,) int16 mono at 16 kHz -> (ceil(T / 2), 96), a row for two video frames.

    Args:
        waveform: at least one sample.
        level: of this clip's speech; louder and softer recordings give the same rows.
    """
    rows, phones = whole_embedding(waveform, level), fitted()["phones"]
    return np.asarray(rows - (rows @ phones.T) @ phones, np.float32)


def whole_embedding(waveform: Waveform, level: Level) -> Float32:
    """The same with what tells phones apart, as the network gives it; each row is heard from 0.76 s around it."""
    rows = -(-frame_count(len(waveform)) // FRAMES_PER_ROW)
    gain = np.float32(_SPEAKING / np.sqrt(level.speaking))
    parts = [_heard(waveform, start, min(start + _AT_ONCE, rows), gain) for start in range(0, rows, _AT_ONCE)]
    return np.concatenate(parts)


def _heard(waveform: Waveform, start: int, stop: int, gain: np.float32) -> Float32:
    """The rows `start` to `stop`, (stop - start, 96)."""
    margin = -(-_BEFORE // HOPS_PER_FRAME)
    sound = stretch(waveform, start * FRAMES_PER_ROW - margin, stop * FRAMES_PER_ROW + margin) * gain
    spare = margin * HOPS_PER_FRAME - _BEFORE
    log_mel = _log_mel(sound)[spare : spare + (stop - start - 1) * _ROW + _SEEN]
    (found,) = open_network(NETWORK).run(None, {"log_mel": log_mel[None, None]})
    return np.asarray(found[0, :, :, 0].T)


@cache
def fitted() -> dict[str, Float32]:
    """What was fitted to the network: `phones` (12, 96), orthonormal; and what `speech.presence` tells speech by."""
    return safetensors.numpy.load_file(FITTED)


def _log_mel(sound: Float32) -> Float32:
    """(hops, 32) of a stretch with pads, in tenths of a decibel's ten: log10 of the power, plus 2."""
    cut = windows(sound, _WINDOW, HOP)
    cut = (cut - cut.mean(axis=1, keepdims=True)) * np.hanning(_WINDOW + 1)[:-1].astype(np.float32)
    spectrum = np.fft.rfft(cut, _FFT)
    power = (spectrum.real**2 + spectrum.imag**2) @ _mel_bands()
    log_mel: Float32 = (np.log10(np.maximum(power, _FLOOR)) + 2).astype(np.float32)
    return log_mel


@cache
def _mel_bands() -> Float64:
    """(257, 32) triangles on Slaney's mel scale, of equal area."""
    lowest, highest = _mel(np.array(_EDGES)).tolist()
    edges = _hertz(np.linspace(lowest, highest, _BANDS + 2))
    bins = np.arange(_FFT // 2 + 1)[:, None] * SPEECH_RATE / _FFT
    left, centre, right = edges[:-2], edges[1:-1], edges[2:]
    rising, falling = (bins - left) / (centre - left), (right - bins) / (right - centre)
    bands: Float64 = np.maximum(np.minimum(rising, falling), 0) * 2 / (right - left)
    return bands


_LINEAR_TO = 1000.0
"""Slaney's scale is linear below [Hz], logarithmic above."""
_HERTZ_PER_MEL = 200 / 3
_LOG_STEP = np.log(6.4) / 27


def _mel(hertz: Float64) -> Float64:
    above = _LINEAR_TO / _HERTZ_PER_MEL + np.log(np.maximum(hertz, _LINEAR_TO) / _LINEAR_TO) / _LOG_STEP
    return np.where(hertz < _LINEAR_TO, hertz / _HERTZ_PER_MEL, above)


def _hertz(mel: Float64) -> Float64:
    start = _LINEAR_TO / _HERTZ_PER_MEL
    return np.where(mel < start, mel * _HERTZ_PER_MEL, _LINEAR_TO * np.exp((mel - start) * _LOG_STEP))
