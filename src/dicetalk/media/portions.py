"""Sound that comes in portions: what microphones, synthesisers and pipes hand over -> samples of 16 bit at 16 kHz."""

from __future__ import annotations

from collections.abc import Iterable

import av
import numpy as np
from numpy.typing import ArrayLike

from dicetalk.arrays import Float64, Waveform
from dicetalk.checks import short, whole_number
from dicetalk.errors import InputError
from dicetalk.media.sound import MAX_RATE, MIN_RATE
from dicetalk.rates import SPEECH_RATE

Portion = ArrayLike | bytes | bytearray | memoryview
"""Some sound, mono: (N,) real numbers from -1 to 1, (N,) int16, or bytes, which are int16, little end first."""

LOUDEST = 8.0
"""Real samples beyond it were never meant to reach from -1 to 1; those beyond 1 are cut off, as in every player."""


class Portions:
    """Reads one sound, portion by portion.

    Attributes:
        rate: samples a second of what comes [Hz].
    """

    def __init__(self, rate: int = SPEECH_RATE) -> None:
        """Nothing has come yet.

        Raises:
            InputError: no sound has such a rate.
        """
        self.rate = whole_number(rate, "the rate", "a number of samples a second")
        if not MIN_RATE <= self.rate <= MAX_RATE:
            raise InputError(f"the rate is {short(rate)}; speech has {MIN_RATE} to {MAX_RATE} samples a second")
        self._odd = b""
        self._resampler = None if self.rate == SPEECH_RATE else av.AudioResampler("s16", "mono", SPEECH_RATE)

    def take(self, portion: Portion) -> Waveform:
        """The samples (N,) that a portion brings; half a sample at the end of bytes waits for the next ones.

        Raises:
            InputError: it is no sound of one channel, or holds NaN, infinity or what is no sample.
        """
        samples = self._of_bytes(portion) if isinstance(portion, bytes | bytearray | memoryview) else _checked(portion)
        if self._resampler is None or not len(samples):
            return samples
        frame = av.AudioFrame.from_ndarray(samples[None], "s16", "mono")
        frame.rate = self.rate
        return _joined(self._resampler.resample(frame))

    def rest(self) -> Waveform:
        """What the last samples leave behind in a change of rate, (N,)."""
        return _joined([] if self._resampler is None else self._resampler.resample(None))

    def _of_bytes(self, portion: bytes | bytearray | memoryview) -> Waveform:
        held = self._odd + bytes(portion)
        whole = len(held) // 2 * 2
        self._odd = held[whole:]
        return np.frombuffer(held[:whole], "<i2").astype(np.int16)


def _joined(frames: Iterable[av.AudioFrame]) -> Waveform:
    return np.concatenate([np.zeros(0, np.int16), *(frame.to_ndarray()[0] for frame in frames)])


def _checked(portion: ArrayLike) -> Waveform:
    """Samples as 16 bit."""
    try:
        samples = np.asarray(portion)
    except ValueError:  # rows of several lengths
        raise InputError(f"the sound is {short(portion)}; {_WANTED}") from None
    if samples.ndim != 1:
        raise InputError(f"the sound has the shape {samples.shape}; give one channel, (N,), as in sound[:, 0]")
    if samples.dtype == np.int16:
        return samples.copy()
    if samples.size and not np.issubdtype(samples.dtype, np.floating):
        raise InputError(f"the sound holds {samples.dtype}; {_WANTED}")
    return _of_reals(samples.astype(np.float64))


_WANTED = "give (N,) real numbers from -1 to 1, int16, or bytes of int16"


def _of_reals(samples: Float64) -> Waveform:
    peak = float(np.abs(samples).max(initial=0))
    if not np.isfinite(peak):
        raise InputError("the sound holds NaN or infinity; give real numbers from -1 to 1")
    if peak > LOUDEST:
        raise InputError(f"the sound reaches {peak:.4g}; give real numbers from -1 to 1, or int16")
    return np.clip(np.rint(samples * 32768), -32768, 32767).astype(np.int16)
