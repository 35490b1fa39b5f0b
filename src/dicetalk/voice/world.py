"""A voice taken apart and put together again: pitch, spectral envelope and breath, by WORLD.

WORLD (Morise, Yokomori, Ozawa, IEICE Trans. E99-D(7), 2016), by way of pyworld: DIO and StoneMask for the pitch,
CheapTrick for the envelope, D4C for the aperiodicity.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from functools import lru_cache
from importlib.machinery import PathFinder
from importlib.util import find_spec, module_from_spec
from types import ModuleType

import av
import numpy as np

from dicetalk.arrays import Bool, Float64
from dicetalk.errors import MissingExtraError
from dicetalk.media.soundtrack import resampled

WORLD = "pyworld"
"""The package."""

RATE = 24_000
"""Of voices that are taken apart [Hz]: what a voice has above 12 kHz is hardly heard."""

STEPS_PER_SECOND = 200
"""WORLD's usual 5 ms."""
PERIOD = 1000 / STEPS_PER_SECOND
"""The same as WORLD takes it [ms]."""
STEP = RATE // STEPS_PER_SECOND
"""Samples of one."""

LOWEST, HIGHEST = 60.0, 600.0
"""Pitch that is looked for [Hz]: a cry reaches what nobody speaks at."""

FLOOR = 1e-12
"""Of power, so that silence has a logarithm."""


@dataclass(frozen=True, eq=False)
class Voice:
    """A voice, a row for 5 ms.

    Attributes:
        pitch: (T,) [Hz], 0 where it is not voiced.
        envelope: (T, K) power over 0 to `RATE` / 2.
        breath: (T, K) aperiodicity, the share of noise in it, 0 to 1.
    """

    pitch: Float64
    envelope: Float64
    breath: Float64

    def __len__(self) -> int:
        return len(self.pitch)

    @property
    def voiced(self) -> Bool:
        """(T,) where there is a pitch."""
        return self.pitch > 0

    @property
    def level(self) -> Float64:
        """(T,) of each step [dB]."""
        return level_of(self.envelope)

    def __getitem__(self, part: slice) -> Voice:
        """Some of the rows."""
        return Voice(self.pitch[part], self.envelope[part], self.breath[part])

    def at(self, places: Float64) -> Voice:
        """The voice at other places: `places` (S,), in steps, fractions welcome; the logarithms are mixed."""
        below = np.clip(np.floor(places).astype(np.int64), 0, len(self) - 1)
        above = np.minimum(below + 1, len(self) - 1)
        share = np.clip(places - below, 0, 1)
        nearest = np.where(share < 0.5, below, above)
        both = self.voiced[below] & self.voiced[above]
        mixed = np.where(both, self.pitch[below] * (1 - share) + self.pitch[above] * share, self.pitch[nearest])
        logs = np.log(self.envelope + FLOOR)
        envelope = np.exp(logs[below] * (1 - share)[:, None] + logs[above] * share[:, None])
        breath = self.breath[below] * (1 - share)[:, None] + self.breath[above] * share[:, None]
        return Voice(mixed, envelope, breath)


def level_of(envelope: Float64) -> Float64:
    """(T,) level of each step of an envelope (T, K) [dB]."""
    level: Float64 = 10 * np.log10(envelope.mean(axis=1) + FLOOR)
    return level


def pitch_of(samples: Float64) -> Float64:
    """(T,) pitch of `samples` (N,) at `RATE`, about -1 to 1 [Hz]; 0 where they are not voiced.

    Raises:
        MissingExtraError: pyworld is not installed.
    """
    world = _world()
    rough, times = world.dio(samples, RATE, f0_floor=LOWEST, f0_ceil=HIGHEST, frame_period=PERIOD)
    pitch: Float64 = world.stonemask(samples, rough, times, RATE)
    return pitch


def taken_apart(samples: Float64, pitch: Float64) -> Voice:
    """The voice of `samples` (N,) at `RATE`, and their `pitch_of` (T,).

    Raises:
        MissingExtraError: pyworld is not installed.
    """
    world, times = _world(), np.arange(len(pitch)) / STEPS_PER_SECOND
    envelope = world.cheaptrick(samples, pitch, times, RATE)
    breath = world.d4c(samples, pitch, times, RATE)
    steps = max(len(samples) // STEP, 1)  # WORLD adds one at the end
    return Voice(pitch[:steps], envelope[:steps], breath[:steps])


def put_together(voice: Voice) -> Float64:
    """Samples (N,) at `RATE` of a voice.

    Raises:
        MissingExtraError: pyworld is not installed.
    """
    rows = (np.ascontiguousarray(part) for part in (voice.pitch, voice.envelope, voice.breath))
    samples: Float64 = _world().synthesize(*rows, RATE, PERIOD)
    return samples


def samples_of(blocks: Iterable[av.AudioFrame]) -> Float64:
    """(N,) mono at `RATE` of the blocks of a sound."""
    made = [block.to_ndarray()[0] for block in resampled(blocks, "flt", "mono", RATE)]
    return np.concatenate(made).astype(np.float64)


@lru_cache(maxsize=1)
def _world() -> ModuleType:
    """The compiled part of pyworld.

    Its package asks for `pkg_resources` first, which setuptools no longer has, only to tell its own version.

    Raises:
        MissingExtraError: it is not installed.
    """
    package = find_spec(WORLD)
    found = None if package is None else PathFinder.find_spec(f"{WORLD}.{WORLD}", package.submodule_search_locations)
    if found is None or found.loader is None:
        raise MissingExtraError(WORLD, "voice")
    module = module_from_spec(found)
    found.loader.exec_module(module)
    return module
