"""What a person does besides speaking: blinks, glances, sways. Another seed is another take."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np

from dicetalk.arrays import Float32, Float64
from dicetalk.backbone import AS_USUAL, Amounts
from dicetalk.easing import smoothstep
from dicetalk.motion.space import POSE
from dicetalk.rates import FPS

BLINK_EVERY = 3.4
"""Median time between blinks while speaking [s] (Bentivoglio et al. 1997: 26 a minute in conversation, 17 at rest)."""

BLINK_CLOSING, BLINK_OPENING = 0.08, 0.17
"""How long lids take to come down and to go up again [s]."""

NOD_EVERY = 4.5
"""Median time between the nods of a listener [s]."""

FIXATION = 1.1
"""Median time the eyes rest on one place [s]."""

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
class Take:
    """A whole clip's life beside speech.

    Attributes:
        blink: (T,) how far the lids are closed, 0 to 1.
        gaze: (T, 2) where the eyes look beside the camera: right in the image, down; in eyeLook weights.
        sway: (T, 6) slow wandering of the head [rad] and [inter-ocular distances].
        stir: (T, 6) quick wandering of it, likewise; grows with the voice.
        breath: (T,) slow change of an emotion's strength, unit variance.
        nod: (T,) nods to what another one says [rad].
    """

    blink: Float32
    gaze: Float32
    sway: Float32
    stir: Float32
    breath: Float32
    nod: Float32


def rehearse(frames: int, seed: int, amounts: Amounts = AS_USUAL) -> Take:
    """The take of a seed for a clip of some frames: the same whatever is felt, so that emotions can be compared."""
    blinks, gaze, bursts, breath = (np.random.default_rng([seed, part]) for part in range(4))
    octaves = [_octave(seed, number, frames) for number in range(len(SWAY_PERIODS))]
    return Take(
        blink=_blinks(blinks, frames, _kept(seed, amounts.blink)),
        gaze=_glances(gaze, frames) * np.float32(amounts.gaze == "free"),
        sway=np.sum(octaves[:SLOW], axis=0),
        stir=_swelling(bursts, frames) * np.sum(octaves[SLOW:], axis=0),
        breath=_wandering(breath, frames, 1, 2.5)[:, 0],
        nod=_nods(np.random.default_rng([seed, 5]), frames),
    )


def _kept(seed: int, share: float) -> Iterator[bool]:
    """For one blink after the other, whether it is among a share of them; a smaller share is a part of a larger one."""
    rng = np.random.default_rng([seed, 4])
    while True:
        yield bool(rng.random() < share)


def _blinks(rng: np.random.Generator, frames: int, kept: Iterator[bool]) -> Float32:
    """Lids (T,): irregular blinks, now and then two in a row, never two alike; only those that are kept."""
    lids = np.zeros(frames, np.float32)
    times = (np.arange(frames) + 0.5) / FPS
    start = rng.uniform(0.4, BLINK_EVERY)
    while start < times[-1]:
        slow = rng.lognormal(0, 0.12)
        near = slice(max(int((start - 0.4) * FPS), 0), int((start + 0.7) * FPS) + 1)
        depth = rng.uniform(0.9, 1.0) * next(kept)
        lids[near] = np.maximum(lids[near], _one_blink(times[near] - start, slow) * depth)
        double = rng.random() < 0.12
        start += (
            rng.uniform(0.3, 0.45)
            if double
            else np.clip(rng.lognormal(np.log(BLINK_EVERY), 0.5), 0.7, 3.5 * BLINK_EVERY)
        )
    return lids


def _one_blink(since: Float64, slow: float) -> Float64:
    """Lids around one blink whose middle, where they are shut for a frame, lies at 0."""
    shut = 0.022
    closing, opening = (-since - shut) / (BLINK_CLOSING * slow), (since - shut) / (BLINK_OPENING * slow)
    return smoothstep(1 - np.where(since < 0, closing, opening))


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


def _glances(rng: np.random.Generator, frames: int) -> Float32:
    """Gaze (T, 2): fixations, mostly on the camera, with jumps of a frame or two between them."""
    gaze = np.zeros((frames, 2), np.float32)
    start = 0
    here = np.zeros(2)
    while start < frames:
        length = max(4, int(FPS * np.clip(rng.lognormal(np.log(FIXATION), 0.6), 0.25, 4)))
        gaze[start : start + length] = here
        start += length
        away = rng.random() < 0.3
        here = rng.normal(0, (0.22, 0.10)) if away else rng.normal(0, (0.035, 0.02))
    # A saccade of some degrees lasts about 40 ms: one frame in between.
    soft = gaze.copy()
    soft[1:] = 0.75 * gaze[1:] + 0.25 * gaze[:-1]
    return soft


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
