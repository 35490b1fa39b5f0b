"""Make one recording another: another speaker, room, noise, level and codec, on the waveform itself.

`augment` moves rows of log-mel, which is quick but coarse. Here the sound is moved before it is heard, so that pitch,
harmonics, formants and the codec's losses fit together. Time stays: what was said when is the same. Inside, a sound is
float64 (N,) at 16 kHz, in the unit of int16's least significant bit.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from scipy.signal import fftconvolve, resample

from dicetalk.arrays import Float64
from dicetalk.media import Waveform
from dicetalk.media.codec import MP3, OPUS, TELEPHONE, through_codec
from dicetalk.rates import SPEECH_RATE

_BLOCK = 512
"""Of overlapping blocks, 32 ms [samples]."""
_SEARCH = SPEECH_RATE // 100
"""A block may be moved so far to continue the period of the last, 10 ms [samples]."""
_STEP = _BLOCK // 4
"""Of the short-time spectra [samples]."""
_QUEFRENCY = 28
"""The cepstrum below tells of the throat, above of the pitch: 1.75 ms [samples]."""
_KNOTS = 9
"""Of the colour of a microphone, an octave apart."""
_STEEPEST = 2.0
"""Most that the throat's gain may reach either way, 17 dB [nepers]."""


@dataclass(frozen=True, kw_only=True)
class Voices:
    """How far a recording may be moved, and how often.

    Attributes:
        speaker: share of the recordings that get another pitch and throat.
        pitch: standard deviation [semitones]; clipped at twice that.
        throat: of the formants' frequencies, standard deviation as a share; clipped at twice that.
        room: share that gets reverberation, which falls by 60 dB in 0.1 to 0.7 s.
        colour: share that gets the colour of another microphone, place and mix.
        noise: share that gets white noise, pink noise or hum, 5 to 40 dB below the speech.
        level: share that gets another gain.
        gain: up to this much louder or softer [dB].
        codec: share that goes through Opus, MP3 or a telephone.
    """

    speaker: float = 0.9
    pitch: float = 2.0
    throat: float = 0.06
    room: float = 0.4
    colour: float = 0.8
    noise: float = 0.5
    level: float = 0.8
    gain: float = 30.0
    codec: float = 0.5


def another_voice(waveform: Waveform, rng: np.random.Generator, options: Voices) -> Waveform:
    """One recording as another speaker, place and channel; (N,) int16 at 16 kHz -> the same length and times.

    Args:
        waveform: the recording, at least one sample.
        rng: the source of all chance.
        options: how far and how often.

    Raises:
        MediaError: this build of FFmpeg lacks a codec.
    """
    sound = waveform.astype(np.float64)
    if rng.random() < options.speaker:
        pitch, throat = np.clip(rng.normal(size=2), -2, 2) * (options.pitch, options.throat)
        sound = spoken_by(sound, 2 ** (pitch / 12), 1 + throat)
    if rng.random() < options.room:
        sound = in_room(sound, rng)
    if rng.random() < options.colour:
        sound = coloured(sound, rng)
    if rng.random() < options.noise:
        sound = with_noise(sound, rng)
    if rng.random() < options.level:
        sound = sound * 10 ** (rng.uniform(-options.gain, options.gain) / 20)
    recorded = _as_samples(sound)
    return _coded(recorded, rng) if rng.random() < options.codec else recorded


def _as_samples(sound: Float64) -> Waveform:
    return np.clip(np.round(sound), -32768, 32767).astype(np.int16)


def spoken_by(sound: Float64, pitch: float, throat: float) -> Float64:
    """Speech (N,) with its pitch and, apart from that, its formants multiplied; (N,).

    Stretched in time and played faster, pitch and formants move together; a filter then moves the formants to their
    place.
    """
    higher = resample(stretched(sound, pitch), len(sound)) if pitch != 1 else sound
    return _with_formants(higher, throat / pitch)


def stretched(sound: Float64, factor: float) -> Float64:
    """(N,) -> (round(N * factor),) at the same pitch, after WSOLA (Verhelst and Roelands, ICASSP 1993).

    Blocks are taken from their place in time, give or take what makes each continue the one before.
    """
    half, window = _BLOCK // 2, np.hanning(_BLOCK + 1)[:-1]
    length = round(len(sound) * factor)
    count = length // half + 2
    padded = np.pad(sound, (half + _SEARCH, 2 * _BLOCK + 2 * _SEARCH))
    out = np.zeros((count + 1) * half)
    expected = padded[_SEARCH : _SEARCH + _BLOCK]
    for number in range(count):
        place = min(round(number * half / factor), len(sound) + half)
        start = place + _best_shift(padded[place : place + _BLOCK + 2 * _SEARCH], expected)
        out[number * half : number * half + _BLOCK] += padded[start : start + _BLOCK] * window
        expected = padded[start + half : start + half + _BLOCK]
    return out[half : half + length]


def _best_shift(near: Float64, expected: Float64) -> int:
    """Where in `near` (512 + 320,) the block `expected` (512,) is found, the middle where all fit alike."""
    likeness = np.correlate(near, expected, "valid")
    energy = np.convolve(near**2, np.ones(len(expected)), "valid")
    detour = np.abs(np.arange(len(likeness)) - _SEARCH) / _SEARCH
    scale = np.sqrt(np.maximum(energy, 0) * (expected @ expected)) + 1.0
    return int((likeness / scale - 0.01 * detour).argmax())


def _with_formants(sound: Float64, factor: float) -> Float64:
    """Speech (N,) with the smooth envelope of its spectrum stretched along frequency, its harmonics in place."""
    if factor == 1:
        return sound
    window = np.sqrt(np.hanning(_BLOCK + 1)[:-1])
    padded = np.pad(sound, (_BLOCK, 2 * _BLOCK))
    spectra = np.fft.rfft(sliding_window_view(padded, _BLOCK)[::_STEP] * window)
    envelope = _envelopes(np.abs(spectra))
    gain = np.clip(_read_columns(envelope, np.arange(envelope.shape[1]) / factor) - envelope, -_STEEPEST, _STEEPEST)
    blocks = np.fft.irfft(spectra * np.exp(gain), _BLOCK) * window
    return _added(blocks)[_BLOCK : _BLOCK + len(sound)]


def _envelopes(amplitude: Float64) -> Float64:
    """(F, 257) smooth logarithms of amplitudes (F, 257): the low part of the cepstrum."""
    cepstrum = np.fft.irfft(np.log(amplitude + 1.0))
    cepstrum[:, _QUEFRENCY : 1 - _QUEFRENCY] = 0
    return np.fft.rfft(cepstrum).real


def _read_columns(rows: Float64, places: Float64) -> Float64:
    """Rows (F, C) between columns, at places (P,); (F, P), linear."""
    places = np.clip(places, 0, rows.shape[1] - 1)
    before = np.minimum(places.astype(np.int64), rows.shape[1] - 2)
    share = places - before
    read: Float64 = rows[:, before] * (1 - share) + rows[:, before + 1] * share
    return read


def _added(blocks: Float64) -> Float64:
    """Overlapping blocks (F, 512) added to one sound; the squared window adds up to two."""
    quarters = blocks.reshape(len(blocks), 4, _STEP)
    out = np.zeros((len(blocks) + 3, _STEP))
    for number in range(4):
        out[number : number + len(blocks)] += quarters[:, number]
    return out.reshape(-1) / 2


def in_room(sound: Float64, rng: np.random.Generator) -> Float64:
    """Speech (N,) as heard in a room; (N,), as loud, the direct sound in its place."""
    rung: Float64 = fftconvolve(sound, _room_response(rng))[: len(sound)]
    return rung


def _room_response(rng: np.random.Generator) -> Float64:
    """(M,) of energy 1: the direct sound, early reflections within 40 ms, noise that falls by 60 dB in 0.1 to 0.7 s."""
    decay = rng.uniform(0.1, 0.7)
    times = np.arange(round(decay * SPEECH_RATE)) / SPEECH_RATE
    tail = rng.normal(size=len(times)) * 10 ** (-3 * times / decay)
    tail *= times > 0.005
    early = np.zeros(len(times))
    places = rng.integers(16, round(0.04 * SPEECH_RATE), rng.integers(3, 9))
    early[places] = rng.choice([-1, 1], len(places)) * 10 ** (-3 * times[places] / decay)
    reflected = tail / np.linalg.norm(tail) + rng.uniform(0.3, 1.0) * early / np.linalg.norm(early)
    reflected *= 10 ** (-rng.uniform(3, 15) / 20) / np.linalg.norm(reflected)
    reflected[0] = 1
    response: Float64 = reflected / np.linalg.norm(reflected)
    return response


def coloured(sound: Float64, rng: np.random.Generator) -> Float64:
    """Speech (N,) through another microphone and mix: up to some 10 dB more or less of every range; (N,), as loud."""
    octaves = np.linspace(0, 8, _KNOTS)  # over 31 Hz
    decibels = rng.normal(0, 4, _KNOTS) + rng.normal(0, 1.5) * (octaves - octaves.mean())
    hertz = np.fft.rfftfreq(len(sound), 1 / SPEECH_RATE)
    gain = np.interp(np.log2(np.maximum(hertz, 31.25) / 31.25), octaves, decibels)
    heard: Float64 = np.fft.irfft(np.fft.rfft(sound) * 10 ** (gain / 20), len(sound))
    return heard * (np.linalg.norm(sound) / max(float(np.linalg.norm(heard)), 1e-9))


def with_noise(sound: Float64, rng: np.random.Generator) -> Float64:
    """Speech (N,) with steady noise 5 to 40 dB below its mean power; (N,)."""
    noise = _noise(len(sound), str(rng.choice(["white", "pink", "hum"])), rng)
    loudness, below = float(np.sqrt(np.mean(sound**2))), rng.uniform(5, 40)
    return sound + noise * loudness * 10 ** (-below / 20)


def _noise(length: int, kind: str, rng: np.random.Generator) -> Float64:
    """(length,) of power 1."""
    noise = _hum(length, rng) if kind == "hum" else rng.normal(size=length)
    if kind == "pink":
        spectrum = np.fft.rfft(noise)
        noise = np.fft.irfft(spectrum / np.sqrt(np.maximum(np.arange(len(spectrum)), 1)), length)
    return noise / max(float(np.sqrt(np.mean(noise**2))), 1e-9)


def _hum(length: int, rng: np.random.Generator) -> Float64:
    """(length,) the mains: 50 or 60 Hz with harmonics of any phase."""
    mains, harmonics = rng.choice([50.0, 60.0]), np.arange(1, 9)
    size, phase = rng.uniform(0, 1, 8) / harmonics, rng.uniform(0, 2 * np.pi, 8)
    times = np.arange(length) / SPEECH_RATE
    hum: Float64 = size @ np.sin(2 * np.pi * mains * harmonics[:, None] * times + phase[:, None])
    return hum


def _coded(waveform: Waveform, rng: np.random.Generator) -> Waveform:
    """(N,) through Opus of 8 to 24 kb/s, MP3 of 16 to 32 kb/s, or a telephone."""
    codec = (OPUS, MP3, TELEPHONE)[rng.integers(3)]
    if codec is TELEPHONE:
        return through_codec(waveform, codec)
    rates = (8, 12, 16, 24) if codec is OPUS else (16, 24, 32)
    return through_codec(waveform, codec, 1000 * int(rng.choice(rates)))
