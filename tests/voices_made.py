"""A voice that tests move: vowels of a buzz whose pitch wanders, with a pause in the middle."""

from __future__ import annotations

import numpy as np
from scipy.signal import lfilter

from dicetalk.arrays import Float64
from dicetalk.voice.world import RATE

PITCH = 140.0
"""About which it wanders [Hz]."""


def buzz(seconds: float = 2.0, pitch: float = PITCH, pause: tuple[float, float] = (0.9, 1.2)) -> Float64:
    """(N,) at `RATE`: pulses through two resonances; silent in the pause [s]."""
    time = np.arange(round(seconds * RATE)) / RATE
    phase = np.cumsum(pitch * (1 + 0.1 * np.sin(2 * np.pi * 2.2 * time)) / RATE)
    sound = np.diff(np.floor(phase), prepend=0.0)
    for hertz in (600.0, 1400.0):
        turn = np.exp(-np.pi * 90 / RATE + 2j * np.pi * hertz / RATE)
        sound = np.asarray(lfilter([1.0], [1.0, -2 * turn.real, abs(turn) ** 2], sound))
    sound *= 0.4 / np.abs(sound).max()
    random = np.random.default_rng(0)
    sound[(time >= pause[0]) & (time < pause[1])] = 0
    return sound + 1e-4 * random.standard_normal(len(sound))
