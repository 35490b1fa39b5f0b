"""A recording in pieces, cut where it is still, so that an hour of it fits into memory when it is taken apart."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from dicetalk.arrays import Float64
from dicetalk.voice.world import RATE, STEP, Voice, pitch_of, taken_apart

PIECE = 20.0
"""Length about which a long recording is cut [s]."""
STILL = 0.03
"""Over which stillness is measured [s]."""
USUAL = 150.0
"""Pitch of a whisper, which has none [Hz]."""


@dataclass(frozen=True, eq=False)
class Pieces:
    """A recording.

    Attributes:
        samples: (N,) of each piece, mono at `world.RATE`.
        pitches: (T,) of each [Hz].
    """

    samples: tuple[Float64, ...]
    pitches: tuple[Float64, ...]

    @classmethod
    def of(cls, samples: Float64) -> Pieces:
        """Of samples (N,).

        Raises:
            MissingExtraError: pyworld is not installed.
        """
        cut = tuple(pieces_of(samples))
        return cls(cut, tuple(pitch_of(piece) for piece in cut))

    @cached_property
    def middle(self) -> float:
        """The median of the logarithm of the pitch."""
        return middle_of(np.concatenate(self.pitches))

    @cached_property
    def first(self) -> Voice:
        """The first one, taken apart; it is kept, so that what is short is taken apart once."""
        return taken_apart(self.samples[0], self.pitches[0])

    def voices(self) -> Iterator[Voice]:
        """Each one, taken apart."""
        yield self.first
        for piece, pitch in zip(self.samples[1:], self.pitches[1:], strict=True):
            yield taken_apart(piece, pitch)


def pieces_of(samples: Float64) -> Iterator[Float64]:
    """Parts of `PIECE` seconds or so, cut where it is stillest; all of them together are the whole."""
    from scipy.ndimage import uniform_filter1d  # takes a tenth of a second to load

    size, begin = round(PIECE * RATE), 0
    while len(samples) - begin > 1.5 * size:
        around = samples[begin + size // 2 : begin + size + size // 2]
        loudness = uniform_filter1d(around**2, round(STILL * RATE))[::STEP]
        end = begin + size // 2 + int(loudness.argmin()) * STEP
        yield samples[begin:end]
        begin = end
    yield samples[begin:]


def middle_of(pitch: Float64) -> float:
    """The median of the logarithm of a pitch (T,); of a whisper, that of a usual voice."""
    voiced = pitch[pitch > 0]
    return float(np.log(np.median(voiced) if len(voiced) else USUAL))
