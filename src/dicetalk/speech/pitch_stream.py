"""Pitch as it comes: how high a voice is in each frame, relative to what was heard of it so far."""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from dicetalk.arrays import Float32, Float64
from dicetalk.rates import SAMPLES_PER_FRAME
from dicetalk.speech.pitch import MIN_VOICING, PITCH_SPAN, periods, without_octave_jumps

AROUND = 2
"""Frames on either side by which octaves are righted."""
USUAL_FRAMES = 50
"""Voiced frames over which a speaker's usual pitch is forgotten."""
WIDEST = 1.0
"""Of pitch over the usual one, either way [octaves]."""
_BEFORE = (PITCH_SPAN - SAMPLES_PER_FRAME) // 2


@dataclass(eq=False)
class PitchStream:
    """Finds a voice's pitch bit by bit.

    Attributes:
        sound: (N,) samples that the windows of the next frames need.
        found: (n, 2) how periodic frames are and at which pitch [Hz], from `AROUND` before the next one on.
        usual: of the speaker so far [octaves over 1 Hz]; NaN before there is any.
    """

    sound: Float32 = field(default_factory=lambda: np.zeros(_BEFORE, np.float32))
    found: Float64 = field(default_factory=lambda: np.zeros((AROUND, 2)))
    usual: float = float("nan")

    def hear(self, sound: Float32) -> None:
        """Take the next samples (N,)."""
        self.sound = np.concatenate([self.sound, sound])
        count = (len(self.sound) - PITCH_SPAN) // SAMPLES_PER_FRAME + 1
        if count > 0:
            step = self.sound.strides[0]
            shape, strides = (count, PITCH_SPAN), (step * SAMPLES_PER_FRAME, step)
            periodic, pitch = periods(np.lib.stride_tricks.as_strided(self.sound, shape, strides))
            self.found = np.concatenate([self.found, np.column_stack([periodic, pitch])])
            self.sound = self.sound[count * SAMPLES_PER_FRAME :]

    def take(self, frames: int) -> Float64:
        """(T, 3) of the next frames: octaves over the usual pitch, whether there is one, how periodic they are."""
        found = self.found[: frames + 2 * AROUND]
        self.found = self.found[frames:]
        steady = without_octave_jumps(np.where(found[:, 0] > MIN_VOICING, found[:, 1], 0))[AROUND:-AROUND]
        octaves = np.array([self._over_usual(pitch) for pitch in steady])
        return np.column_stack([octaves, steady > 0, found[AROUND:-AROUND, 0]])

    def _over_usual(self, pitch: float) -> float:
        if pitch == 0:
            return 0.0
        height = float(np.log2(pitch))
        over = 0.0 if np.isnan(self.usual) else height - self.usual
        self.usual = height - over * (1 - 1 / USUAL_FRAMES)
        return float(np.clip(over, -WIDEST, WIDEST))
