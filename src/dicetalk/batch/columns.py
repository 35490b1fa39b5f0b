"""What a manifest says of a job: the options of `dicetalk generate` by name, as text or as JSON values."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import fields
from difflib import get_close_matches
from typing import Any, get_type_hints

from dicetalk.backbone import KINDS, named
from dicetalk.checks import brief
from dicetalk.errors import InputError
from dicetalk.jobs import VALUES

TRUTHS = {"true": True, "yes": True, "1": True, "false": False, "no": False, "0": False}
"""Of a flag, in a cell."""
SPEAKERS = ";"
"""Between the speakers of one cell: their emotions may hold commas and spaces."""


def option_columns() -> dict[str, type]:
    """The options of backbones, by name, with the type of their values."""
    kinds = [named(kind.options) for kind in KINDS.values() if kind.options]
    return {part.name: _plain(get_type_hints(kind)[part.name]) for kind in kinds for part in fields(kind)}


def _plain(hint: Any) -> type:
    """`int` of `int | None`."""
    kinds = [kind for kind in getattr(hint, "__args__", (hint,)) if kind is not type(None)]
    plain: type = kinds[0]
    return plain


def columns() -> tuple[str, ...]:
    """All that a manifest may say."""
    ours = ["speaker" if name == "speakers" else name for name in VALUES if name not in ("options", "replace")]
    return (*ours, *option_columns())


def column_of(name: str) -> str:
    """A column by its name, which may be written as on the command line: `motion-in`, `--motion-in`, `Motion_In`.

    Raises:
        InputError: there is none; tells the nearest one.
    """
    plain = name.strip().lower().removeprefix("--").replace("-", "_").replace(" ", "_")
    known = columns()
    if plain in known:
        return plain
    near = get_close_matches(plain[:60], known, 1)
    hint = f"; is {near[0]!r} meant?" if near else f"; expected some of: {', '.join(known)}"
    raise InputError(f"{brief(name)} is no option of a job{hint}")


def told_by_texts(texts: Mapping[str, str]) -> dict[str, Any]:
    """A job's JSON, as `Job.from_json` takes it, of the cells of a row; an empty cell leaves its option as it is.

    Raises:
        InputError: a cell is not what its column holds.
    """
    return told_by_values({name: _value(name, text.strip()) for name, text in texts.items() if text.strip()})


def told_by_values(values: Mapping[str, Any]) -> dict[str, Any]:
    """The same, of values by column; None leaves an option as it is."""
    options, given = option_columns(), {name: value for name, value in values.items() if value is not None}
    told = {"speakers" if name == "speaker" else name: value for name, value in given.items() if name not in options}
    if isinstance(told.get("speakers"), str):
        told["speakers"] = _speakers(told["speakers"])
    chosen = {name: value for name, value in given.items() if name in options}
    return told | ({"options": chosen} if chosen else {})


def _speakers(text: str) -> list[str]:
    return [speaker.strip() for speaker in text.split(SPEAKERS) if speaker.strip()]


def _value(name: str, text: str) -> Any:
    if name == "quality":  # a word, if it is no number
        return float(text) if _is_number(text) else text
    kinds = (option_columns()[name],) if name in option_columns() else VALUES.get(name, (str,))
    reader = next((READERS[kind] for kind in (bool, int, float) if kind in kinds and str not in kinds), None)
    if reader is None:
        return text
    read, expected = reader
    try:
        return read(text)
    except (ValueError, KeyError):
        raise InputError(f"{name} is {brief(text)}; expected {expected}") from None


def _is_number(text: str) -> bool:
    try:
        float(text)
    except ValueError:
        return False
    return True


READERS: dict[type, tuple[Callable[[str], Any], str]] = {
    bool: (lambda text: TRUTHS[text.lower()], "true or false"),
    int: (int, "a whole number"),
    float: (float, "a number"),
}
