"""Emotion: a mixture with strengths. Timeline: keys in time, faded into one mixture per frame."""

from __future__ import annotations

import json
import math
import os
from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dicetalk.easing import smoothstep
from dicetalk.emotion.vocabulary import NAMES, resolve
from dicetalk.errors import EmotionError

DEFAULT_STRENGTH = 0.8
DEFAULT_FADE = 0.6
"""Length of a cross-fade [s]."""
MAX_FILE_BYTES = 1_000_000

# Strengths written with a few decimals may add up to a hair over 1 (0.7 + 0.2 + 0.1).
_SUM_TOLERANCE = 1e-6


@dataclass(frozen=True)
class Emotion:
    """A mixture of emotions; what is left of 1 is neutral.

    Attributes:
        strengths: one per name of `NAMES[1:]`, each 0 to 1, together at most 1.

    Raises:
        EmotionError: a strength is out of range, or together they pass 1.
    """

    strengths: tuple[float, ...] = (0.0,) * (len(NAMES) - 1)

    def __post_init__(self) -> None:
        if len(self.strengths) != len(NAMES) - 1:
            raise EmotionError(f"found {len(self.strengths)} strengths; expected {len(NAMES) - 1}, one per {NAMES[1:]}")
        _check(dict(zip(NAMES[1:], self.strengths, strict=True)))

    @classmethod
    def parse(cls, text: str) -> Emotion:
        """Read `happy`, `happy:0.7` or `happy:0.7,surprised:0.3`.

        A bare name has strength 0.8; several bare names share it equally. Case and spaces do not matter.

        Raises:
            EmotionError: unknown or repeated name, strength not a number of 0 to 1, strengths together over 1.
        """
        parts = [part.partition(":") for part in text.split(",")]
        names = [name.strip() for name, _, _ in parts]
        if not all(names):
            raise EmotionError(f"no emotion name in {_short(text)}; expected for example happy, or happy:0.7,sad:0.2")
        with_strength = [colon for _, colon, _ in parts]
        if any(with_strength) and not all(with_strength):
            raise EmotionError(f"only some names in {_short(text)} have a strength; give one to each name or to none")
        if any(with_strength):
            return _mixture((name, parse_strength(name, number)) for name, _, number in parts)
        return _mixture((name, DEFAULT_STRENGTH / len(names)) for name in names)

    def weights(self) -> NDArray[np.float32]:
        """(8,) in the order of `NAMES`, each 0 to 1, sum 1; the first is neutral."""
        neutral = max(0.0, 1.0 - math.fsum(self.strengths))
        return np.array([neutral, *self.strengths], np.float32)

    def __str__(self) -> str:
        """Text which `parse` reads back to the same emotion."""
        parts = [f"{name}:{s!r}" for name, s in zip(NAMES[1:], self.strengths, strict=True) if s > 0]
        return ",".join(parts) or NAMES[0]


def is_heard(value: object) -> bool:
    """Whether an emotion is to be heard in a recording, or was: "auto", "like:clip.wav", or a file of own emotions.

    Of a file "mine.safetensors" with several the one called tender is "mine.safetensors:tender".
    """
    if not isinstance(value, str | os.PathLike):
        return False
    text = os.fspath(value).strip()
    return text == "auto" or text.startswith("like:") or f"{text.lower()}:".find(".safetensors:") > 0


def mix(**strengths: float) -> Emotion:
    """A mixture by name: `mix(happy=0.7, surprised=0.3)`; aliases are welcome.

    Raises:
        EmotionError: as `Emotion.parse`.
    """
    return _mixture((name, _number(value, f"the strength of {name!r}")) for name, value in strengths.items())


@dataclass(frozen=True, init=False)
class Timeline:
    """Emotions at times, with smooth fades between them.

    As with keyframes in animation tools, a key's emotion is fully there *at* its time: the fade towards it takes the
    `fade` seconds before (less where the previous key is nearer), and it then holds until the next fade begins. The
    first key also holds before its time, the last one to the end. A constant emotion is a timeline of one key.

    Attributes:
        keys: (time [s], emotion), times rising.
        fade: length of a fade [s], 0 for hard cuts.
    """

    keys: tuple[tuple[float, Emotion], ...]
    fade: float

    def __init__(self, keys: Iterable[tuple[float, Emotion | str]], fade: float = DEFAULT_FADE) -> None:
        """Check and keep the keys; an emotion given as text is parsed.

        Raises:
            EmotionError: no key; a time negative, not finite or not after the one before; a bad emotion or fade. The
                message names the key, counted from 0 as `keys[0]`.
        """
        read = tuple(_key(index, time, emotion) for index, (time, emotion) in enumerate(keys))
        _check_times([time for time, _ in read])
        object.__setattr__(self, "keys", read)
        object.__setattr__(self, "fade", _seconds(fade, "fade"))

    @classmethod
    def of(cls, value: str | os.PathLike[str] | Emotion | Timeline) -> Timeline:
        """A timeline from what a user may give: a timeline, an emotion, text of the grammar, a path ending in .json.

        Raises:
            EmotionError: as `Emotion.parse` and `read`.
        """
        if isinstance(value, Timeline):
            return value
        if isinstance(value, Emotion):
            return cls([(0.0, value)])
        if isinstance(value, os.PathLike) or value.strip().lower().endswith(".json"):
            return cls.read(value)
        return cls([(0.0, Emotion.parse(value))])

    @classmethod
    def read(cls, path: str | os.PathLike[str]) -> Timeline:
        """Read a timeline file (docs/formats.md describes it).

        Raises:
            EmotionError: the file cannot be read, is over 1 MB, is not JSON, or a key or field is wrong (says which).
        """
        try:
            return _from_json(_load(path))
        except EmotionError as error:
            raise EmotionError(f"timeline {_short(Path(path).name)}: {error}") from error

    def at(self, times: ArrayLike) -> NDArray[np.float32]:
        """The mixture at each time: `times` (T,) [s] -> (T, 8), columns as `NAMES`, each 0 to 1, rows of sum 1."""
        when = np.asarray(times, np.float64)
        stops = np.array([time for time, _ in self.keys])
        weights = np.stack([emotion.weights() for _, emotion in self.keys])
        after = np.clip(np.searchsorted(stops, when), 0, len(stops) - 1)
        before = np.maximum(after - 1, 0)
        share = smoothstep(self._progress(when, stops[after], stops[after] - stops[before]))[:, None]
        mixed: NDArray[np.float32] = (weights[before] * (1 - share) + weights[after] * share).astype(np.float32)
        return mixed

    def _progress(self, when: NDArray[Any], end: NDArray[Any], gap: NDArray[Any]) -> NDArray[Any]:
        """How much of the fade which ends at `end` is over, 0 to 1; `gap` is the time since the previous key [s]."""
        length = np.maximum(np.minimum(self.fade, gap), 1e-9)  # a hard cut is a fade shorter than any frame
        progress: NDArray[Any] = np.clip((when - end) / length + 1, 0, 1)
        return progress


def _short(text: str) -> str:
    """Text of the user's, quoted, cut so that the message stays one line."""
    return repr(text if len(text) <= 60 else text[:57] + "...")


def _check(strengths: Mapping[str, float]) -> None:
    """Raise EmotionError unless each strength is 0 to 1 and together they are at most 1."""
    for name, strength in strengths.items():
        if not 0 <= strength <= 1:
            raise EmotionError(f"strength {strength:g} of {name!r} is out of range; expected 0 to 1")
    total = math.fsum(strengths.values())
    if total > 1 + _SUM_TOLERANCE:
        raise EmotionError(f"the strengths add up to {total:.4g}; expected at most 1 (the rest is neutral)")


def _mixture(parts: Iterable[tuple[str, float]]) -> Emotion:
    """Check names and strengths and put them in the order of NAMES."""
    strengths: dict[str, float] = {}
    for given, strength in parts:
        name = resolve(given)
        if name in strengths:
            raise EmotionError(f"{name!r} is given twice; expected each emotion once")
        strengths[name] = strength
    _check(strengths)
    return Emotion(tuple(abs(strengths.get(name, 0.0)) for name in NAMES[1:]))  # abs: -0.0 is 0.0


def parse_strength(name: str, text: str) -> float:
    """Read the strength of an emotion, 0 to 1.

    Raises:
        EmotionError: not a number, or out of range.
    """
    try:
        strength = float(text)
    except ValueError:
        found = f"strength {_short(text.strip())} of {_short(name.strip())}"
        raise EmotionError(f"{found} is not a number; expected 0 to 1, as in happy:0.7") from None
    _check({name: strength})
    return strength


def _number(value: object, what: str) -> float:
    """A plain number as float; booleans, text and integers beyond float are refused."""
    if isinstance(value, bool) or not isinstance(value, int | float | np.number):
        raise EmotionError(f"{what} is {_short(str(value))}; expected a number")
    try:
        return float(value)
    except OverflowError:
        raise EmotionError(f"{what} is too large a number") from None


def _seconds(value: object, what: str) -> float:
    seconds = _number(value, what)
    if not (math.isfinite(seconds) and seconds >= 0):
        raise EmotionError(f"{what} is {seconds:g}; expected a number of seconds, 0 or more")
    return seconds


def _key(index: int, time: object, emotion: Emotion | str) -> tuple[float, Emotion]:
    seconds = _seconds(time, f"keys[{index}]: time")
    if isinstance(emotion, Emotion):
        return seconds, emotion
    try:
        return seconds, Emotion.parse(emotion)
    except EmotionError as error:
        raise EmotionError(f"keys[{index}]: {error}") from error


def _check_times(times: list[float]) -> None:
    if not times:
        raise EmotionError('no keys; expected at least one, as in {"time": 0, "emotion": "happy"}')
    for index, (before, after) in enumerate(pairwise(times), start=1):
        if after <= before:
            raise EmotionError(f"keys[{index}]: time {after:g} is not after {before:g} of the key before; sort them")


def _load(path: str | os.PathLike[str]) -> object:
    """The JSON value in a file."""
    try:
        with Path(path).open("rb") as file:
            data = file.read(MAX_FILE_BYTES + 1)
    except OSError as error:
        raise EmotionError(f"cannot be read ({error.strerror}); expected a JSON file") from error
    except ValueError:  # a path with a null character
        raise EmotionError("not a file name; expected the path of a JSON file") from None
    if len(data) > MAX_FILE_BYTES:
        raise EmotionError(f"over {MAX_FILE_BYTES // 1_000_000} MB; expected a short list of keys")
    return _decode(data)


def _decode(data: bytes) -> object:
    try:
        return json.loads(data.decode("utf-8-sig"), object_pairs_hook=_unique)
    except json.JSONDecodeError as error:
        raise EmotionError(f"not JSON: line {error.lineno}, column {error.colno}: {error.msg}") from error
    except UnicodeDecodeError as error:
        raise EmotionError(f"not UTF-8 text (byte {error.start})") from error
    except (ValueError, RecursionError) as error:  # integers of thousands of digits, thousands of brackets
        raise EmotionError("not a timeline: a number too long or brackets nested too deep") from error


def _unique(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found: dict[str, object] = {}
    for name, value in pairs:
        if name in found:
            raise EmotionError(f"field {_short(name)} is given twice in one object")
        found[name] = value
    return found


def _from_json(value: object) -> Timeline:
    found = _object(value, "the file", required={"keys"}, optional={"fade"})
    keys = found["keys"]
    if not isinstance(keys, list):
        raise EmotionError('"keys" is not a list; expected [{"time": 0, "emotion": "neutral"}, ...]')
    fade = _seconds(found.get("fade", DEFAULT_FADE), '"fade"')
    return Timeline([_json_key(index, key) for index, key in enumerate(keys)], fade)


def _json_key(index: int, value: object) -> tuple[float, Emotion]:
    where = f"keys[{index}]"
    key = _object(value, where, required={"time", "emotion"}, optional=set())
    try:
        return _seconds(key["time"], '"time"'), _json_emotion(key["emotion"])
    except EmotionError as error:
        raise EmotionError(f"{where}: {error}") from error


def _json_emotion(value: object) -> Emotion:
    if isinstance(value, str):
        return Emotion.parse(value)
    if isinstance(value, dict) and value:
        return _mixture((name, _number(strength, f"strength of {_short(name)}")) for name, strength in value.items())
    raise EmotionError('"emotion" is not understood; expected a name such as "happy", or {"happy": 0.7, "sad": 0.2}')


def _object(value: object, where: str, *, required: set[str], optional: set[str]) -> dict[str, object]:
    """`value`, checked to be an object with all required fields and no unknown one."""
    if not isinstance(value, dict):
        raise EmotionError(f"{where} is not an object; expected one with {_fields(required)}")
    unknown = sorted(value.keys() - required - optional)
    if unknown:
        raise EmotionError(f"{where}: unknown field {_short(unknown[0])}; expected {_fields(required | optional)}")
    missing = sorted(required - value.keys())
    if missing:
        raise EmotionError(f"{where}: no field {missing[0]!r}; expected {_fields(required)}")
    return value


def _fields(names: set[str]) -> str:
    return ", ".join(f'"{name}"' for name in sorted(names))
