"""Timeline: feelings at times, faded into one mixture per frame."""

from __future__ import annotations

import math
import os
from collections.abc import Iterable
from dataclasses import dataclass
from itertools import pairwise
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dicetalk.arrays import Float32, Float64
from dicetalk.checks import short
from dicetalk.easing import smoothstep
from dicetalk.emotion.feeling import Feeling, number
from dicetalk.emotion.typed import parse
from dicetalk.errors import EmotionError, MediaError
from dicetalk.files import path_of

DEFAULT_FADE = 0.6
"""Length of a cross-fade [s]."""


@dataclass(frozen=True, init=False)
class Timeline:
    """Feelings at times, with smooth fades between them.

    As with keyframes in animation tools, a key's feeling is fully there *at* its time: the fade towards it takes the
    `fade` seconds before (less where the previous key is nearer), and it then holds until the next fade begins. The
    first key also holds before its time, the last one to the end. A constant emotion is a timeline of one key.

    Attributes:
        keys: (time [s], feeling), times rising.
        fade: length of a fade [s], 0 for hard cuts.
        lacks: what its source could not hear or see, in one line; "" where nothing is missing.
        warnings: what is wrong with what its source read and did not stop it, one line each.
    """

    keys: tuple[tuple[float, Feeling], ...]
    fade: float
    lacks: str
    warnings: tuple[str, ...]

    def __init__(
        self,
        keys: Iterable[tuple[float, Feeling | str]],
        fade: float = DEFAULT_FADE,
        lacks: str = "",
        warnings: tuple[str, ...] = (),
    ) -> None:
        """Check and keep the keys; a feeling given as text is parsed (`typed.parse`).

        Raises:
            EmotionError: no key; a time negative, not finite or not after the one before; a bad feeling or fade. The
                message names the key, counted from 0 as `keys[0]`.
        """
        if isinstance(keys, str) or not isinstance(keys, Iterable):
            raise EmotionError(f"the keys are {short(keys)}; expected pairs of a time and a feeling")
        read = tuple(_key(index, key) for index, key in enumerate(keys))
        if not isinstance(lacks, str):
            raise EmotionError(f"lacks is {short(lacks)}; expected text")
        _check_times([time for time, _ in read])
        object.__setattr__(self, "keys", read)
        object.__setattr__(self, "fade", seconds(fade, "fade"))
        object.__setattr__(self, "lacks", lacks)
        object.__setattr__(self, "warnings", warnings)

    @classmethod
    def read(cls, path: str | os.PathLike[str]) -> Timeline:
        """Read a timeline file (docs/formats.md describes it).

        Raises:
            EmotionError, CheckpointError: as `timeline_file.read_timeline`.
        """
        from dicetalk.emotion.timeline_file import read_timeline

        try:
            return read_timeline(path_of(path))
        except MediaError as error:
            raise EmotionError(str(error)) from error

    def shares(self, times: ArrayLike) -> Float64:
        """How much of each key is felt at each time: `times` (T,) [s] -> (T, K), rows of sum 1."""
        when = _numbers(times)
        stops = np.array([time for time, _ in self.keys])
        after = np.clip(np.searchsorted(stops, when), 0, len(stops) - 1)
        before = np.maximum(after - 1, 0)
        share = smoothstep(self._progress(when, stops[after], stops[after] - stops[before]))
        found = np.zeros((len(when), len(stops)))
        rows = np.arange(len(when))
        found[rows, before] += 1 - share
        found[rows, after] += share
        return found

    def at(self, times: ArrayLike) -> Float32:
        """The mixture at each time: `times` (T,) [s] -> (T, 8), columns as `NAMES`, each 0 to 1, rows of sum 1."""
        weights = np.stack([feeling.mixture() for _, feeling in self.keys])
        mixed: Float32 = (self.shares(times) @ weights).astype(np.float32)
        return mixed

    def _progress(self, when: NDArray[Any], end: NDArray[Any], gap: NDArray[Any]) -> NDArray[Any]:
        """How much of the fade which ends at `end` is over, 0 to 1; `gap` is the time since the previous key [s]."""
        length = np.maximum(np.minimum(self.fade, gap), 1e-9)  # a hard cut is a fade shorter than any frame
        progress: NDArray[Any] = np.clip((when - end) / length + 1, 0, 1)
        return progress


def _numbers(times: ArrayLike) -> Float64:
    try:
        return np.asarray(times, np.float64).reshape(-1)
    except (TypeError, ValueError):
        raise EmotionError(f"the times are {short(times)}; expected numbers of seconds") from None


def seconds(value: object, what: str) -> float:
    """A time or a length.

    Raises:
        EmotionError: not a number of 0 or more.
    """
    found = number(value, what)
    if not (math.isfinite(found) and found >= 0):
        raise EmotionError(f"{what} is {found:g}; expected a number of seconds, 0 or more")
    return found


def _key(index: int, key: tuple[float, Feeling | str]) -> tuple[float, Feeling]:
    if not isinstance(key, tuple | list) or len(key) != 2 or not isinstance(key[1], Feeling | str):
        raise EmotionError(f"keys[{index}] is {short(key)}; expected a time and a feeling, as in (0.0, 'happy')")
    time, feeling = key
    when = seconds(time, f"keys[{index}]: time")
    if isinstance(feeling, Feeling):
        return when, feeling
    try:
        return when, parse(feeling)
    except EmotionError as error:
        raise EmotionError(f"keys[{index}]: {error}") from error


def _check_times(times: list[float]) -> None:
    if not times:
        raise EmotionError('no keys; expected at least one, as in {"time": 0, "emotion": "happy"}')
    for index, (before, after) in enumerate(pairwise(times), start=1):
        if after <= before:
            raise EmotionError(f"keys[{index}]: time {after:g} is not after {before:g} of the key before; sort them")
