"""Frames of a voice, a row every 10 ms: the spectrum in mel bands, how loud, how high, and which harmonics it has.

All is relative to the loud frames of the same sound, so that no gain changes it.
"""

from __future__ import annotations

from dataclasses import dataclass, fields
from functools import cache

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from dicetalk.arrays import Bool, Float32, Float64, Waveform
from dicetalk.rates import HOP, HOPS_PER_SECOND, SPEECH_RATE
from dicetalk.speech.pitch import MIN_VOICING, PITCH_SPAN, periods, without_octave_jumps
from dicetalk.voice.mel_bands import mel_bands

BANDS = 24
BAND_RANGE = (80.0, 7800.0)
"""Where the bands begin and end [Hz]."""
FAINTEST = -35.0
"""Of a tone, relative to the mean one of loud frames [dB]: what is fainter, rooms, recorders and codecs make."""
SPEAKING = -30.0
"""Softer frames are no speech, relative to loud ones [dB]."""
LOUD = 0.95
"""Share of the frames that are softer than loud ones."""
PARTIALS = 4
"""Harmonics that are measured, the first among them."""
FORMANTS = ((400.0, 1000.0), (1000.0, 2000.0), (2000.0, 3500.0), (3500.0, 5000.0))
"""Where the strongest tones are looked for [Hz]: about where the formants lie, whatever the vowel."""

ROUNDING = 1 / 12
"""Power of the noise that rounding to whole numbers makes: what a soft recording of 16 bit has instead of its high
tones."""

_FRAME = SPEECH_RATE * 40 // 1000
"""Samples of a frame: two periods of the lowest voice."""
_TRANSFORM = 1024
_TONES = SPEECH_RATE / _TRANSFORM
"""Between the tones of a spectrum [Hz]."""
_STRETCH = 10 * HOPS_PER_SECOND
"""Frames that are analysed at a time, so that memory grows with the rows alone."""


@dataclass(frozen=True, eq=False)
class Frames:
    """T frames of a sound.

    Attributes:
        bands: (T, 24) mean tone of each mel band [dB].
        energy: (T,) mean tone [dB].
        pitch: (T,) [Hz], 0 where there is none.
        peaks: (T, 8) the first four harmonics, and the strongest tone around each of four formants [dB].
    """

    bands: Float32
    energy: Float32
    pitch: Float32
    peaks: Float32

    def __len__(self) -> int:
        return len(self.energy)

    def __getitem__(self, part: slice) -> Frames:
        """Some of the frames in a row."""
        return Frames(*(getattr(self, field.name)[part] for field in fields(self)))

    @property
    def speaking(self) -> Bool:
        """(T,) where it is no pause."""
        return np.asarray(self.energy > SPEAKING)

    @property
    def voiced(self) -> Bool:
        """(T,) where there is a pitch."""
        return np.asarray(self.pitch > 0)


def voice_frames(sound: Waveform | Float32) -> Frames:
    """Frames of a sound (N,) at 16 kHz, of any scale; T is N / 160, rounded up, at least 1. Silence is -35 dB.

    Whole numbers were rounded once: what noise that makes on average is taken off.
    """
    count = max(-(-len(sound) // HOP), 1)
    left = (PITCH_SPAN - HOP) // 2
    padded = np.pad(np.asarray(sound, np.float32), (left, PITCH_SPAN + HOP))
    around = sliding_window_view(padded, PITCH_SPAN)[::HOP][:count]
    rounding = ROUNDING if np.issubdtype(sound.dtype, np.integer) else 0.0
    parts = [_measured(around[start : start + _STRETCH], rounding) for start in range(0, count, _STRETCH)]
    bands, energy, pitch, peaks = (np.concatenate(column) for column in zip(*parts, strict=True))
    loud = np.quantile(energy, LOUD)
    energy = _decibels(energy, loud)
    pitch = np.where(energy > SPEAKING, pitch, 0).astype(np.float32)
    return Frames(_decibels(bands, loud), energy, pitch, _decibels(peaks, loud))


def _measured(around: Float32, rounding: float) -> tuple[Float64, Float64, Float64, Float64]:
    """Powers of bands, of all tones and of peaks, and pitch [Hz], of frames (T, 909) each in the middle."""
    inner = around[:, (PITCH_SPAN - _FRAME) // 2 :][:, :_FRAME]
    level, window = inner - inner.mean(axis=1, keepdims=True), np.hanning(_FRAME)
    spectrum = np.abs(np.fft.rfft(level * window, _TRANSFORM)) ** 2
    voicing, hertz = periods(around)
    pitch = without_octave_jumps(np.where(voicing > MIN_VOICING, hertz, 0))
    noise = rounding * float(window @ window)
    powers = (spectrum @ _bands(), spectrum.mean(axis=1), _peaks(spectrum, pitch))
    bands, energy, peaks = (np.maximum(power - noise, 0) for power in powers)
    return bands, energy, pitch, peaks


def _peaks(spectrum: Float64, pitch: Float64) -> Float64:
    """(T, 8) strongest tones of spectra (T, 513) around the first harmonics of a pitch (T,) and in `FORMANTS`."""
    middles = np.round(pitch[:, None] * np.arange(1, PARTIALS + 1) / _TONES).astype(int)
    near = np.clip(middles[..., None] + np.arange(-1, 2), 0, _TRANSFORM // 2)
    harmonics = spectrum[np.arange(len(spectrum))[:, None, None], near].max(axis=2)
    formants = [spectrum[:, round(low / _TONES) : round(high / _TONES)].max(axis=1) for low, high in FORMANTS]
    return np.column_stack([harmonics, *formants])


def _decibels(power: Float64, loud: float) -> Float32:
    """Power relative to what is loud, with what is fainter than all else covered [dB]."""
    relative = power / loud if loud > 0 else np.zeros_like(power)
    return (10 * np.log10(relative + 10 ** (FAINTEST / 10))).astype(np.float32)


@cache
def _bands() -> Float64:
    """(513, 24) shares of the tones in the mel bands, each sums to 1."""
    shares = mel_bands(_TRANSFORM, BANDS, *BAND_RANGE)
    scaled: Float64 = shares / shares.sum(axis=0)
    return scaled
