"""Options as nested frozen dataclasses: to plain values for JSON, changed by `a.b=c`. An unknown key is an error."""

from __future__ import annotations

import difflib
import json
from collections.abc import Iterable
from dataclasses import asdict, fields, is_dataclass, replace
from typing import Any, TypeVar

from dicetalk.errors import ConfigError

Options = TypeVar("Options")


def to_plain(options: Any) -> dict[str, Any]:
    """A dataclass as what JSON can hold."""
    plain: dict[str, Any] = json.loads(json.dumps(asdict(options)))
    return plain


def changed(options: Options, assignments: Iterable[str]) -> Options:
    """The same options with some set to other values: `loop.steps=200`.

    Raises:
        ConfigError: not of the form `a.b=c`, no such option, or a value of another type.
    """
    for assignment in assignments:
        key, equals, value = assignment.partition("=")
        if not equals:
            raise ConfigError(f"{assignment!r} sets nothing; expected an option and a value, as in loop.steps=200")
        options = _set(options, key.strip(), key.strip().split("."), value.strip())
    return options


def _set(options: Any, key: str, path: list[str], text: str) -> Any:
    names = [field.name for field in fields(options)]
    if path[0] not in names:
        near = difflib.get_close_matches(path[0], names, n=1)
        hint = f"did you mean {near[0]!r}? " if near else ""
        raise ConfigError(f"no option {key!r}; {hint}expected one of: {', '.join(names)}")
    before = getattr(options, path[0])
    if is_dataclass(before):
        if len(path) == 1:
            inner = ", ".join(f"{key}.{field.name}" for field in fields(before))
            raise ConfigError(f"{key!r} is a group of options; set one of: {inner}")
        return replace(options, **{path[0]: _set(before, key, path[1:], text)})
    if len(path) > 1:
        raise ConfigError(f"no option {key!r}; {path[0]!r} is a single value")
    return replace(options, **{path[0]: _read(key, before, text)})


def _read(key: str, before: Any, text: str) -> Any:
    """Text as a value of the same type as the one before."""
    if isinstance(before, bool):
        if text.lower() not in ("true", "false"):
            raise ConfigError(f"{key}={text} is not true or false")
        return text.lower() == "true"
    if isinstance(before, tuple):
        return tuple(part.strip() for part in text.split(",") if part.strip())
    try:
        return type(before)(text)
    except ValueError:
        raise ConfigError(f"{key}={text} is not a number like {before}") from None
