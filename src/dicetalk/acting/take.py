"""What a person does besides speaking: blinks, glances, sways. Another seed is another take."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dicetalk.acting.eyes import Eyes, EyeStream
from dicetalk.amounts import AS_USUAL, Amounts
from dicetalk.arrays import Float32
from dicetalk.motion.space import POSE
from dicetalk.rates import FPS

NOD_EVERY = 4.5
"""Median time between the nods of a listener [s]."""

SWAY_PERIODS = (3.2, 1.6, 0.8, 0.4, 0.2, 0.1)
"""Time [s] between two independent positions of the head's wandering, an octave each; the last three are quick."""

SWAY = np.array([
    [0.018, 0.009, 0.013, 0.021, 0.006, 0.0022],
    [0.020, 0.013, 0.014, 0.022, 0.008, 0.0023],
    [0.019, 0.016, 0.012, 0.017, 0.011, 0.0018],
    [0.018, 0.017, 0.009, 0.011, 0.014, 0.0012],
    [0.015, 0.014, 0.007, 0.006, 0.014, 0.0007],
    [0.011, 0.009, 0.005, 0.004, 0.012, 0.0004],
])  # fmt: skip
"""Wandering of the head in each octave [rad] and [inter-ocular distances], a standard deviation, fitted to the mean
spectrum of 19 real speakers (docs/decisions/0024). Of their x it is half, since all of it would bend the background;
their z is not known."""

SLOW = 3
"""So many of the octaves are slow."""

LEAN = 0.4
"""Correlation of roll and x: who tilts the head shifts it as well, likewise fitted."""

BURSTS = 0.6
"""How far, as a logarithm, quick moves of the head swell and ebb: rest and sudden moves, likewise."""

BURST_EVERY = 0.8
"""Time [s] between two independent strengths of them."""


@dataclass(frozen=True)
class Take(Eyes):
    """A whole clip's life beside speech: that of the eyes, and more.

    Attributes:
        sway: (T, 6) slow wandering of the head [rad] and [inter-ocular distances].
        stir: (T, 6) quick wandering of it, likewise; grows with the voice.
        breath: (T,) slow change of an emotion's strength, unit variance.
        nod: (T,) nods to what another one says [rad].
    """

    sway: Float32
    stir: Float32
    breath: Float32
    nod: Float32


def rehearse(frames: int, seed: int, amounts: Amounts = AS_USUAL) -> Take:
    """The take of a seed for a clip of some frames: the same whatever is felt, so that emotions can be compared."""
    bursts, breath, nods = (np.random.default_rng([seed, part]) for part in (2, 3, 5))
    eyes = EyeStream(seed, amounts).take(frames, frames)
    octaves = [_octave(seed, number, frames) for number in range(len(SWAY_PERIODS))]
    return Take(
        blink=eyes.blink,
        gaze=eyes.gaze,
        sway=np.sum(octaves[:SLOW], axis=0),
        stir=_swelling(bursts, frames) * np.sum(octaves[SLOW:], axis=0),
        breath=_wandering(breath, frames, 1, 2.5)[:, 0],
        nod=_nods(nods, frames),
    )


def _nods(rng: np.random.Generator, frames: int) -> Float32:
    """Nods (T,) [rad] of somebody who listens: one or two in a row, none like another."""
    nods, times = np.zeros(frames, np.float32), (np.arange(frames) + 0.5) / FPS
    start = rng.uniform(1.2, NOD_EVERY)
    while start < times[-1]:
        length, depth = rng.uniform(0.4, 0.6), rng.uniform(0.025, 0.055)
        nods += depth * np.sin(np.pi * np.clip((times - start) / length, 0, 1)) ** 2
        twice = rng.random() < 0.4
        start += length if twice else NOD_EVERY * np.clip(rng.lognormal(0, 0.4), 0.5, 2)
    return nods


def _octave(seed: int, number: int, frames: int) -> Float32:
    """One octave of the head's wandering (T, 6); a longer clip begins as a shorter one."""
    noise = _wandering(np.random.default_rng([seed, 6, number]), frames, len(POSE), SWAY_PERIODS[number])
    roll, x = POSE.index("roll"), POSE.index("x")
    noise[:, x] = LEAN * noise[:, roll] + np.sqrt(1 - LEAN**2) * noise[:, x]
    return np.asarray(SWAY[number] * noise, np.float32)


def _swelling(rng: np.random.Generator, frames: int) -> Float32:
    """How strong quick moves are (T, 1), about 1 and never more than 2.4."""
    return np.asarray(np.exp(BURSTS * np.minimum(_wandering(rng, frames, 1, BURST_EVERY), 2) - BURSTS**2))


def _wandering(rng: np.random.Generator, frames: int, channels: int, period: float) -> Float32:
    """Smooth noise (T, channels) of unit variance: cubic B-splines through random positions `period` [s] apart."""
    knots = int(np.ceil(frames / FPS / period)) + 4
    values = rng.standard_normal((knots, channels))
    place = np.arange(frames) / FPS / period
    i, u = place.astype(int), (place % 1)[:, None]
    basis = (
        (1 - u) ** 3 / 6,
        (3 * u**3 - 6 * u**2 + 4) / 6,
        (-3 * u**3 + 3 * u**2 + 3 * u + 1) / 6,
        u**3 / 6,
    )
    smooth = sum(b * values[i + k] for k, b in enumerate(basis))
    return np.asarray(smooth / 0.69, np.float32)
