"""The manifest: a CSV or JSONL file, a job a line. What is wrong with one line is told of that line alone."""

from __future__ import annotations

import csv
import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dicetalk.batch.columns import column_of, told_by_texts, told_by_values
from dicetalk.errors import InputError
from dicetalk.files import read_bytes
from dicetalk.jobs import JSON

MOST_BYTES = 64_000_000
MOST_ROWS = 100_000
MOST_SIGNS = 100_000
"""Of a line: beyond it is something else than a job."""
TABLES, OBJECTS = (".csv", ".tsv"), (".jsonl", ".ndjson")
SEPARATORS = (",", ";", "\t")
"""Programs for tables write any of them, by the country."""
_LINES = re.compile(r"\r\n|\n|\r")
_UNWRITTEN = re.compile(r"[\x00-\x08\x0a-\x1f\x7f\ud800-\udfff]")
"""Control characters, and what stands for bytes that were no UTF-8."""


@dataclass(frozen=True)
class Row:
    """One line of a manifest.

    Attributes:
        number: of the line, the first is 1.
        told: the job's JSON; or why it is none.
    """

    number: int
    told: dict[str, Any] | InputError


def read_manifest(path: Path) -> list[Row]:
    """The rows of a manifest; blank lines are none.

    A table is read line by line, so that a quote which is never closed spoils its own row only.

    Raises:
        MediaError: the file cannot be read, is empty or has more than 64 MB.
        InputError: another suffix, no UTF-8 at all, no job in it or more than 100 000, a column that is unknown or
            there twice.
    """
    suffix = path.suffix.lower()
    if suffix not in TABLES + OBJECTS:
        raise InputError(f"the manifest {path} ends in {path.suffix or 'nothing'!r}; save it as .csv or .jsonl")
    lines = _lines(path)
    rows = list(_table_rows(path, lines) if suffix in TABLES else _object_rows(lines))
    if not rows:
        raise InputError(f"the manifest {path} has no job in it; expected one a line")
    return rows


def _lines(path: Path) -> list[tuple[int, str]]:
    """Lines that are not blank, and their numbers."""
    data = read_bytes(path, MOST_BYTES)
    if data.startswith((b"\xff\xfe", b"\xfe\xff")) or b"\0" in data[:4]:
        raise InputError(f"the manifest {path} is no UTF-8 text (UTF-16, or no text at all); save it as CSV UTF-8")
    text = data.decode("utf-8", "surrogateescape").removeprefix("\ufeff")
    lines = [(number, line) for number, line in enumerate(_LINES.split(text), 1) if line.strip()]
    if len(lines) > MOST_ROWS + 1:
        raise InputError(f"the manifest {path} has {len(lines)} lines; expected at most {MOST_ROWS} jobs, split it")
    return lines


def _check_line(line: str) -> None:
    if len(line) > MOST_SIGNS:
        raise InputError(f"the line has {len(line)} characters; expected at most {MOST_SIGNS}")
    wrong = _UNWRITTEN.search(line)
    if wrong is not None and "\ud800" <= wrong.group() <= "\udfff":
        raise InputError(f"no UTF-8 text at character {wrong.start() + 1}; save the manifest as CSV UTF-8")
    if wrong is not None:
        raise InputError(f"the control character {wrong.group()!r} stands at {wrong.start() + 1}; take it out")


# ---- a table


def _table_rows(path: Path, lines: Sequence[tuple[int, str]]) -> Iterator[Row]:
    if not lines:
        return
    try:
        _check_line(lines[0][1])
        separator = max(SEPARATORS, key=lines[0][1].count)
        head = _head(_cells(lines[0][1], separator))
    except InputError as error:
        raise InputError(f"the head of the manifest {path}: {error}") from error
    for number, line in lines[1:]:
        if line.strip(separator + " "):  # what programs for tables write of an empty row
            yield Row(number, _table_row(head, line, separator))


def _head(cells: Sequence[str]) -> list[str]:
    head = [column_of(cell) for cell in cells]
    twice = [name for place, name in enumerate(head) if name in head[:place]]
    if twice:
        raise InputError(f"the column {twice[0]!r} is there twice; expected each once")
    return head


def _table_row(head: Sequence[str], line: str, separator: str) -> dict[str, Any] | InputError:
    try:
        _check_line(line)
        cells = _cells(line, separator)
        if len(cells) > len(head):
            raise InputError(
                f"{len(cells)} cells, expected at most {len(head)}; put what holds {separator!r} in quotes"
            )
        return told_by_texts(dict(zip(head, cells, strict=False)))
    except InputError as error:
        return error


def _cells(line: str, separator: str) -> list[str]:
    """The cells of a line, without the empty ones at its end."""
    try:
        cells = next(csv.reader([line], delimiter=separator, strict=True))
    except csv.Error as error:
        raise InputError(
            f"the line is no row of a CSV table ({error}); close its quotes, double those inside"
        ) from None
    while cells and not cells[-1].strip():
        cells.pop()
    return cells


# ---- objects


def _object_rows(lines: Sequence[tuple[int, str]]) -> Iterator[Row]:
    for number, line in lines:
        yield Row(number, _object_row(line))


def _object_row(line: str) -> dict[str, Any] | InputError:
    try:
        _check_line(line)
        found = _decoded(line)
        if not isinstance(found, dict):
            raise InputError(f'the line is {JSON[type(found)]}; expected an object, as {{"portrait": "face.png", ...}}')
        named = [(column_of(name), value) for name, value in found.items()]
        told = dict(named)
        if len(told) < len(named):
            raise InputError("an option is there twice, in two ways of writing it; expected each once")
        for name, value in named:
            _check_value(name, value)
        return told_by_values(told)
    except InputError as error:
        return error


def _check_value(name: str, value: object) -> None:
    """Refuse what no option takes, however deep it goes, and texts that no line may hold: JSON can escape them."""
    parts = value if isinstance(value, list) else [value]
    for part in parts:
        if isinstance(part, dict | list):
            raise InputError(f"{name} holds {JSON[type(part)]}; expected text, a number, or true or false")
        if isinstance(part, str):
            _check_line(part)


def _decoded(line: str) -> object:
    try:
        return json.loads(line, object_pairs_hook=_once, parse_constant=_refused)
    except json.JSONDecodeError as error:
        raise InputError(f"the line is no JSON: column {error.colno}: {error.msg}") from None
    except (ValueError, RecursionError):  # numbers of thousands of digits, thousands of brackets
        raise InputError("the line is no job: a number too long, or brackets nested too deep") from None


def _once(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) < len(pairs):
        raise InputError("a field is there twice in one object; expected each once")
    return found


def _refused(name: str) -> object:
    raise InputError(f"{name} is no number; expected one")
