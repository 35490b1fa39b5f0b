"""What is spoken, in any language: a row for 10 ms tells how likely each broad phone is, whether the voice sounds and
how far the lips part.

A small network of ours hears it as a stream: a row is heard from all before it and 160 ms behind it, so that the rows
are the same whether the sound comes at once or bit by bit. The level is relative to the loudest so far, which fades.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from dicetalk.arrays import Float32, Float64
from dicetalk.errors import InputError
from dicetalk.media import Waveform
from dicetalk.networks import WEIGHTS, Network, open_network
from dicetalk.rates import HOP, SPEECH_RATE
from dicetalk.speech.broad import PHONES, SILENCE
from dicetalk.speech.echo import without_echoes

NETWORK = WEIGHTS / "phones" / "phones.onnx"

DELAY = 15
"""Hops behind a row that it is heard from; with its window, 160 ms."""
BANDS = 64
EDGES = (60.0, 7600.0)
"""Lowest and highest edge of the mel bands [Hz]."""
WINDOW = SPEECH_RATE // 40
"""25 ms [samples]."""
FFT = 512
FLOOR = 1.0
"""Power of a band that nothing is below, of samples of 16 bit."""
FADING = 0.03
"""How fast the loudest so far is forgotten [dB a hop], 3 dB a second."""
TOO_LOUD = 1e9
"""What is no sample, however loud [16 bit]: its power could not be told."""
QUIETEST = -70.0
"""Under the loudest so far, of a band [dB]; below is nothing."""

BEFORE = (WINDOW - HOP) // 2
"""Samples before a hop that its window reaches; as many behind it."""
_NEVER = -1000.0
"""Level before anything was heard [dB]."""
COLUMNS = len(PHONES) + 2
"""Of a row: the phones, the voice, the lips."""


@dataclass(eq=False)
class PhoneStream:
    """Hears a sound bit by bit.

    Attributes:
        network: what hears.
        sound: (N,) samples that the next windows still need.
        level: the loudest so far, faded [dB].
        past: what the network remembers.
    """

    network: Network
    sound: Float32
    level: float
    past: Float32

    def hear(self, sound: Float32) -> Float32:
        """Rows (T, 26) of the hops that `sound` (160 T,) completes: those that began `DELAY` hops and a window ago.

        The first `DELAY` rows of a stream are of before it began.

        Raises:
            InputError: `sound` is no row of finite samples; nothing of it is heard, and the stream can go on.
        """
        return self.hear_bands(sound)[0]

    def hear_bands(self, sound: Float32) -> tuple[Float32, Float32]:
        """Rows as `hear` gives them, and the bands (T, 64) of the hops that `sound` completes, `DELAY` behind those.

        Raises:
            InputError: as `hear`.
        """
        _check_sound(sound)
        held = np.concatenate([self.sound, sound])
        decibels = band_decibels(held)
        kept = len(decibels) * HOP
        self.sound = held[kept:]
        if not kept:
            return np.zeros((0, COLUMNS), np.float32), np.zeros((0, BANDS), np.float32)
        relative, self.level = relative_to_loudest(decibels, self.level)
        rows, self.past = self.network.run(None, {"bands": relative[None], "past": self.past})
        return np.asarray(rows[0]), relative


def _check_sound(sound: Float32) -> None:
    if sound.ndim != 1 or sound.dtype.kind not in "iuf":
        raise InputError(f"the sound is {sound.dtype} {sound.shape}; expected samples (N,) of one channel, float32")
    if not (np.abs(sound) < TOO_LOUD).all():
        raise InputError("the sound holds NaN, infinity or numbers that are no samples; expected -32768 to 32767")


def open_stream() -> PhoneStream:
    """A stream that has heard nothing; its first window begins before the sound does."""
    network = open_network(NETWORK, 1)
    past = np.zeros((1, network.widths()["past"]), np.float32)
    return PhoneStream(network, np.zeros(BEFORE, np.float32), _NEVER, past)


LOOK_AHEAD = DELAY * HOP + BEFORE
"""Samples behind the end of a hop that its row is heard from."""


def band_decibels(sound: Float32) -> Float32:
    """(T, 64) power in mel bands [dB] of the T windows, 160 samples apart, that fit into the samples (N,)."""
    count = max((len(sound) - WINDOW) // HOP + 1, 0)
    cut = np.lib.stride_tricks.as_strided(sound, (count, WINDOW), (sound.strides[0] * HOP, sound.strides[0]))
    cut = (cut - cut.mean(axis=1, keepdims=True)) * np.hanning(WINDOW).astype(np.float32)
    spectrum = np.fft.rfft(cut, FFT)
    power = (spectrum.real**2 + spectrum.imag**2).astype(np.float32) @ mel_bands()
    decibels: Float32 = 10 * np.log10(power + np.float32(FLOOR))
    return decibels


def relative_to_loudest(decibels: Float32, level: float) -> tuple[Float32, float]:
    """Bands (T, 64) as the network takes them, about -2 to 1.5, and the level after them [dB].

    The loudest so far: of all before it each hop's power, less `FADING` for every hop that has passed since.
    """
    loudness = 10 * np.log10((10 ** (decibels.astype(np.float64) / 10)).sum(axis=1))
    passed = FADING * np.arange(1, len(decibels) + 1)
    loudest = np.maximum(np.maximum.accumulate(loudness + passed), level) - passed
    relative = np.maximum(decibels - loudest[:, None], QUIETEST) / 20 + 1.5
    return relative.astype(np.float32), float(loudest[-1]) if len(loudest) else level


@cache
def mel_bands() -> Float32:
    """(257, 64) triangles, evenly spaced on the mel scale (2595 log10(1 + f / 700)), the sum of each 1."""
    lowest, highest = (2595 * np.log10(1 + np.array(EDGES) / 700)).tolist()
    edges: Float64 = 700 * (10 ** (np.linspace(lowest, highest, BANDS + 2) / 2595) - 1)
    bins = np.arange(FFT // 2 + 1)[:, None] * SPEECH_RATE / FFT
    left, centre, right = edges[:-2], edges[1:-1], edges[2:]
    bands = np.maximum(np.minimum((bins - left) / (centre - left), (right - bins) / (right - centre)), 0)
    # The lowest bands are narrower than the bins are apart.
    nearest = np.abs(bins - centre).argmin(axis=0)
    bands[nearest, np.arange(BANDS)] = np.maximum(bands[nearest, np.arange(BANDS)], 1e-3)
    even: Float32 = (bands / bands.sum(axis=0)).astype(np.float32)
    return even


CHUNK = 200
"""Hops that a clip is heard in at once, whatever blocks are asked for: the same numbers to the last bit."""


class PhoneRows:
    """The rows of a clip, heard once from its start on and only as far as they are asked for."""

    def __init__(self, waveform: Waveform, inverse: Float64 | None = None) -> None:
        """Nothing is heard yet; `waveform` is (N,) int16 mono at 16 kHz, `inverse` takes out the echoes it has."""
        self._waveform, self._inverse = waveform, inverse
        self._begin()

    def _begin(self) -> None:
        self._stream = open_stream()
        self._fed = 0
        self._first = -DELAY
        self._rows = np.zeros((0, COLUMNS), np.float32)

    def between(self, start: int, stop: int) -> Float32:
        """(stop - start, 26) the rows of some hops, silent outside the clip.

        Earlier ones are then forgotten: whoever asks for them makes it listen from the start again.
        """
        hops = -(-len(self._waveform) // HOP)
        first, last = min(max(start, 0), hops), min(max(stop, 0), hops)
        if first < self._first:
            self._begin()
        parts, missing = [self._rows], last - self._first - len(self._rows)
        while missing > 0:  # the first chunk tells of fewer hops than it has: windows reach behind them
            parts.append(self._stream.hear(self._next()))
            missing -= len(parts[-1])
        self._rows = np.concatenate(parts)[first - self._first :]
        self._first = first
        rows = np.zeros((stop - start, COLUMNS), np.float32)
        rows[:, SILENCE] = 1
        rows[first - start : last - start] = self._rows[: last - first]
        return rows

    def _next(self) -> Float32:
        """The samples of the next chunk, zeros behind the clip."""
        sound = np.zeros(CHUNK * HOP, np.float32)
        inside = without_echoes(self._waveform, self._fed, self._fed + len(sound), self._inverse)
        sound[: len(inside)] = inside
        self._fed += len(sound)
        return sound
