"""What lids and eyes do by themselves, bit by bit: blinks and glances. Another seed is another take."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from itertools import islice

import numpy as np

from dicetalk.amounts import AS_USUAL, Amounts
from dicetalk.arrays import Float32, Float64
from dicetalk.easing import smoothstep
from dicetalk.rates import FPS

BLINK_EVERY = 3.4
"""Median time between blinks while speaking [s] (Bentivoglio et al. 1997: 26 a minute in conversation, 17 at rest)."""

BLINK_CLOSING, BLINK_OPENING = 0.08, 0.17
"""How long lids take to come down and to go up again [s]."""

BEFORE, AFTER = 0.4, 0.7
"""What of a blink is looked at around its middle [s]."""

FIXATION = 1.1
"""Median time the eyes rest on one place [s]."""


@dataclass(frozen=True, kw_only=True)
class EyeHabits:
    """How somebody's eyes live by themselves.

    Attributes:
        blink_every: median time between blinks [s].
    """

    blink_every: float = BLINK_EVERY


USUAL = EyeHabits()


@dataclass(frozen=True)
class Eyes:
    """The life of lids and eyes.

    Attributes:
        blink: (T,) how far the lids are closed, 0 to 1.
        gaze: (T, 2) where the eyes look beside the camera: right in the image, down; in eyeLook weights.
    """

    blink: Float32
    gaze: Float32


class EyeStream:
    """Tells of the eyes of one clip, some frames at a time: the same in whatever portions."""

    def __init__(self, seed: int, amounts: Amounts = AS_USUAL, habits: EyeHabits = USUAL) -> None:
        kept = _kept(seed, amounts.blink)
        self._lids = Lids(_blinks(np.random.default_rng([seed, 0]), kept, habits.blink_every))
        self._places = _glances(np.random.default_rng([seed, 1]))
        self._before = np.zeros((1, 2), np.float32)
        self._free = np.float32(amounts.gaze == "free")

    def take(self, frames: int, known: int) -> Eyes:
        """The next frames, of a clip that has at least `known`: no blink is begun whose middle lies behind those.

        Nothing changes once a blink's closing, 0.1 s and seldom more, is known to lie in the clip.
        """
        blink = self._lids.take(frames, known)
        places = np.array(list(islice(self._places, frames)), np.float32).reshape(-1, 2)
        held = np.concatenate([self._before, places])
        self._before = held[-1:]
        # A saccade of some degrees lasts about 40 ms: one frame in between.
        return Eyes(blink, np.asarray((0.75 * held[1:] + 0.25 * held[:-1]) * self._free, np.float32))


@dataclass(frozen=True)
class Blink:
    """One blink.

    Attributes:
        middle: when the lids are shut [s].
        slow: how much longer than usual it takes.
        depth: how far they shut, 0 to 1.
    """

    middle: float
    slow: float
    depth: float

    @property
    def frames(self) -> tuple[int, int]:
        """The first frame that it may touch, and the first after those."""
        return max(int((self.middle - BEFORE) * FPS), 0), int((self.middle + AFTER) * FPS) + 1

    def lids(self, times: Float64) -> Float64:
        """How far the lids are closed at each time (T,) [s]; shut for a frame in the middle."""
        since, shut = times - self.middle, 0.022
        closing, opening = (-since - shut) / (BLINK_CLOSING * self.slow), (since - shut) / (BLINK_OPENING * self.slow)
        return smoothstep(1 - np.where(since < 0, closing, opening)) * self.depth


@dataclass(eq=False)
class Lids:
    """Tells of the lids, some frames at a time.

    Attributes:
        blinks: all that will ever be, in order.
        done: frames told.
        near: blinks that may touch the next ones.
    """

    blinks: Iterator[Blink]
    done: int = 0
    near: list[Blink] = field(default_factory=list)

    def __post_init__(self) -> None:
        self._next = next(self.blinks)

    def take(self, frames: int, known: int) -> Float32:
        """(frames,) of a clip that has at least `known` frames."""
        start, stop = self.done, self.done + frames
        self._begin(min((known - 0.5) / FPS, (stop + 0.5) / FPS + BEFORE))
        times, lids = (np.arange(start, stop) + 0.5) / FPS, np.zeros(frames, np.float32)
        for blink in self.near:
            first, last = (min(max(frame - start, 0), frames) for frame in blink.frames)
            lids[first:last] = np.maximum(lids[first:last], blink.lids(times[first:last]))
        self.near = [blink for blink in self.near if blink.frames[1] > stop]
        self.done = stop
        return lids

    def _begin(self, end: float) -> None:
        """The blinks whose middles lie before a time [s]."""
        while self._next.middle < end:
            self.near.append(self._next)
            self._next = next(self.blinks)


def _kept(seed: int, share: float) -> Iterator[bool]:
    """For one blink after the other, whether it is among a share of them; a smaller share is a part of a larger one."""
    rng = np.random.default_rng([seed, 4])
    while True:
        yield bool(rng.random() < share)


def _blinks(rng: np.random.Generator, kept: Iterator[bool], every: float) -> Iterator[Blink]:
    """Irregular blinks, now and then two in a row, never two alike; only those that are kept have any depth."""
    middle = rng.uniform(0.4, every)
    for is_kept in kept:
        slow = rng.lognormal(0, 0.12)
        depth = rng.uniform(0.9, 1.0) * is_kept
        yield Blink(middle, slow, depth)
        double = rng.random() < 0.12
        middle += rng.uniform(0.3, 0.45) if double else np.clip(rng.lognormal(np.log(every), 0.5), 0.7, 3.5 * every)


def _glances(rng: np.random.Generator) -> Iterator[Float64]:
    """Where the eyes rest (2,) in each frame: fixations, mostly on the camera."""
    here = np.zeros(2)
    while True:
        for _ in range(max(4, int(FPS * np.clip(rng.lognormal(np.log(FIXATION), 0.6), 0.25, 4)))):
            yield here
        away = rng.random() < 0.3
        here = rng.normal(0, (0.22, 0.10)) if away else rng.normal(0, (0.035, 0.02))
