"""A timeline as JSON: files that people write are read, what a source found is told; docs/formats.md describes it."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

from dicetalk.checks import check_writable
from dicetalk.emotion.feeling import DIGITS, Feeling, number, short
from dicetalk.emotion.timeline import DEFAULT_FADE, Timeline, seconds
from dicetalk.emotion.typed import mixture, parse, term
from dicetalk.emotion.vocabulary import NAMES
from dicetalk.errors import EmotionError, InputError, MediaError
from dicetalk.files import read_bytes, whole

MAX_FILE_BYTES = 1_000_000


def read_timeline(path: Path) -> Timeline:
    """Read a timeline file; files of own emotions are looked for beside it.

    Raises:
        EmotionError: the file cannot be read, is over 1 MB, is not JSON, or a key or field is wrong (says which).
        CheckpointError: a file of own emotions is damaged.
    """
    try:
        return from_json(_load(path), path.parent)
    except EmotionError as error:
        raise EmotionError(f"timeline {short(path.name)}: {error}") from error


def timeline_of(text: str) -> Timeline:
    """A timeline of the text of such a file; files of own emotions are looked for here.

    Raises:
        EmotionError, CheckpointError: as `read_timeline`.
    """
    if len(text) > MAX_FILE_BYTES:
        raise EmotionError(f"the timeline has {len(text)} characters; expected at most {MAX_FILE_BYTES}")
    try:
        return from_json(decode(text.encode(errors="surrogatepass")), Path())
    except EmotionError as error:
        raise EmotionError(f"timeline: {error}") from error


def to_json(timeline: Timeline) -> dict[str, Any]:
    """A timeline as what JSON can hold; written to a file, `read_timeline` takes it, without its priors."""
    return {
        "keys": [{"time": time, **told(feeling)} for time, feeling in timeline.keys],
        "fade": timeline.fade,
        "lacks": timeline.lacks,
    }


def write_timeline(path: Path, timeline: Timeline) -> None:
    """Write a timeline as `read_timeline` takes it, without its priors.

    Raises:
        MediaError: the file cannot be written.
    """
    with whole(path) as hidden:
        hidden.write_text(json.dumps(to_json(timeline), indent=1) + "\n", encoding="utf-8")


def told(feeling: Feeling) -> dict[str, Any]:
    """A feeling as what JSON can hold, without its prior."""
    strengths = {name: round(strength, DIGITS) for name, strength in feeling.strengths.items()}
    return {
        "emotion": strengths or NAMES[0],
        "confidence": round(feeling.confidence, 4),
        "why": feeling.why,
    }


def _load(path: Path) -> object:
    """The JSON value in a file."""
    try:
        return decode(read_bytes(path, MAX_FILE_BYTES))
    except MediaError as error:
        raise EmotionError(str(error)) from error


def decode(data: bytes) -> object:
    """The JSON value in bytes.

    Raises:
        EmotionError: they are not UTF-8, not JSON, a field is given twice, or a text is one that nobody can write.
    """
    try:
        found: object = json.loads(data.decode("utf-8-sig"), object_pairs_hook=_unique)
        check_writable(found)
        return found
    except InputError as error:
        raise EmotionError(str(error)) from error
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
            raise EmotionError(f"field {short(name)} is given twice in one object")
        found[name] = value
    return found


def from_json(value: object, folder: Path) -> Timeline:
    """The timeline that a JSON value tells; files of own emotions are looked for in a folder.

    Raises:
        EmotionError: a key or field is wrong (says which).
        CheckpointError: a file of own emotions is damaged.
    """
    found = object_of(value, "the file", required={"keys"}, optional={"fade", "lacks"})
    keys = found["keys"]
    if not isinstance(keys, list):
        raise EmotionError('"keys" is not a list; expected [{"time": 0, "emotion": "neutral"}, ...]')
    fade = seconds(found.get("fade", DEFAULT_FADE), '"fade"')
    return Timeline(
        [_key(index, key, folder) for index, key in enumerate(keys)], fade, text_of(found.get("lacks", ""), '"lacks"')
    )


def _key(index: int, value: object, folder: Path) -> tuple[float, Feeling]:
    where = f"keys[{index}]"
    key = object_of(value, where, required={"time", "emotion"}, optional={"confidence", "why"})
    try:
        feeling = feeling_of(key["emotion"], folder)
        confidence = number(key.get("confidence", feeling.confidence), '"confidence"')
        why = text_of(key.get("why", feeling.why), '"why"')
        return seconds(key["time"], '"time"'), replace(feeling, confidence=confidence, why=why)
    except EmotionError as error:
        raise EmotionError(f"{where}: {error}") from error


def text_of(value: object, what: str) -> str:
    """Text, or an `EmotionError` that says what is none."""
    if not isinstance(value, str):
        raise EmotionError(f"{what} is {short(str(value))}; expected text")
    return value


def feeling_of(value: object, folder: Path) -> Feeling:
    """A feeling as a person types it, or by names and strengths.

    Raises:
        EmotionError: it is not understood.
        CheckpointError: a file of own emotions in the folder is damaged.
    """
    if isinstance(value, str):
        return parse(value, folder)
    if isinstance(value, dict) and value:
        parts = [(name, number(strength, f"strength of {short(name)}")) for name, strength in value.items()]
        return mixture([(term(name, folder), strength) for name, strength in parts])
    raise EmotionError('"emotion" is not understood; expected a name such as "happy", or {"happy": 0.7, "sad": 0.2}')


def object_of(value: object, where: str, *, required: set[str], optional: set[str]) -> dict[str, object]:
    """`value`, checked to be an object with all required fields and no unknown one."""
    if not isinstance(value, dict):
        raise EmotionError(f"{where} is not an object; expected one with {_fields(required)}")
    unknown = sorted(value.keys() - required - optional)
    if unknown:
        raise EmotionError(f"{where}: unknown field {short(unknown[0])}; expected {_fields(required | optional)}")
    missing = sorted(required - value.keys())
    if missing:
        raise EmotionError(f"{where}: no field {missing[0]!r}; expected {_fields(required)}")
    return value


def _fields(names: set[str]) -> str:
    return ", ".join(f'"{name}"' for name in sorted(names))
