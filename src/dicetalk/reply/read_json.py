"""JSON that others wrote - people, models - read strictly: objects with the fields that are expected, and no others."""

from __future__ import annotations

import json
from collections.abc import Collection
from pathlib import Path
from typing import Any

from dicetalk.errors import InputError
from dicetalk.words.reading import read_text


def json_file(path: Path) -> Any:
    """What a JSON file of the user's holds.

    Raises:
        InputError: it is none, or too large.
        MediaError: it cannot be read.
    """
    text = read_text(path)
    try:
        return strict_json(text)
    except ValueError as error:
        raise InputError(f"{path} is {error}; expected JSON") from None


def strict_json(text: str) -> Any:
    """The value of a text.

    Raises:
        ValueError: it is no JSON, of which the line says where.
    """
    try:
        return json.loads(text, parse_constant=_no_number)
    except json.JSONDecodeError as error:
        raise ValueError(f"not JSON (line {error.lineno}, column {error.colno})") from None
    except (ValueError, RecursionError):
        raise ValueError("not JSON (a number that is none, or brackets nested too deep)") from None


def _no_number(text: str) -> None:
    raise ValueError(text)


def fields(value: object, required: Collection[str], optional: Collection[str] = ()) -> dict[str, Any]:
    """An object with all required fields and no unknown one.

    Raises:
        ValueError: it is none.
    """
    wanted = ", ".join(f'"{name}"' for name in required)
    if not isinstance(value, dict):
        raise ValueError(f"no object; expected one with {wanted}")
    missing = [name for name in required if name not in value]
    if missing:
        raise ValueError(f'an object without "{missing[0]}"; expected {wanted}')
    unknown = [name for name in value if name not in required and name not in optional]
    if unknown:
        raise ValueError(f"an object with an unknown field; expected {wanted}")
    return value


def text_of(value: object, what: str, most: int) -> str:
    """A text of one to so many characters, in one line.

    Raises:
        ValueError: it is none.
    """
    if not isinstance(value, str) or not (text := " ".join(value.split())):
        raise ValueError(f"without text as {what}")
    if len(text) > most:
        raise ValueError(f"with {len(text)} characters as {what}; expected at most {most}")
    if not text.isprintable():
        raise ValueError(f"with control characters in {what}")
    return text


def number_of(value: object, what: str, low: float, high: float) -> float:
    """A number from `low` to `high`.

    Raises:
        ValueError: it is none.
    """
    if isinstance(value, bool) or not isinstance(value, int | float) or not low <= value <= high:
        raise ValueError(f"without a number from {low:g} to {high:g} as {what}")
    return float(value)
