"""The time grids of speech: video frames, the hops between them, windows centred on either."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view
from numpy.typing import NDArray

from dicetalk.arrays import Float32
from dicetalk.media import Waveform
from dicetalk.rates import HOP, SAMPLES_PER_FRAME

PAD = SAMPLES_PER_FRAME
"""Samples on either side of a stretch of sound which the windows of its outer rows look at."""


def stretch(waveform: Waveform, start: int, stop: int) -> Float32:
    """Samples of the frames `start` to `stop` with `PAD` more on either side, zeros outside the clip, as float32."""
    left, right = start * SAMPLES_PER_FRAME - PAD, stop * SAMPLES_PER_FRAME + PAD
    sound = np.zeros(right - left, np.float32)
    inside = waveform[max(left, 0) : max(right, 0)]
    offset = max(-left, 0)
    sound[offset : offset + len(inside)] = inside
    return sound


def hop_power(sound: Float32) -> Float32:
    """Mean power of each hop without its constant part, (N,) -> (ceil(N / 160),)."""
    hops = np.pad(sound, (0, -len(sound) % HOP)).reshape(-1, HOP)
    power: Float32 = hops.var(axis=1)
    return power


def windows(sound: Float32, length: int, step: int) -> Float32:
    """Windows of `length` samples centred in the steps between the pads, (N + 2 * PAD,) -> (N / step, length)."""
    begin = PAD + (step - length) // 2
    inner = len(sound) - 2 * PAD
    return sliding_window_view(sound, length)[begin : begin + inner : step]


def runs(values: NDArray[Any]) -> Iterator[tuple[int, int]]:
    """Start and stop of each stretch of equal values."""
    changes = np.flatnonzero(np.diff(values)) + 1
    yield from pairwise([0, *changes.tolist(), len(values)])
