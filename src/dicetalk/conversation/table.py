"""A table of turns: `start,end,speaker[,text]`, separated by commas, semicolons or tabs."""

from __future__ import annotations

import csv

from dicetalk.conversation.turn import Line, Turn, time_of
from dicetalk.errors import InputError

COLUMNS = ("start", "end", "speaker")
TEXT = "text"
SEPARATORS = ",;\t"


def table_turns(text: str) -> list[Turn]:
    """The turns of a file whose first line names its columns; others than these are passed over.

    Raises:
        InputError: a column is missing, or a row is not understood.
    """
    rows = text.splitlines()
    head = rows[0] if rows else ""
    separator = max(SEPARATORS, key=head.count)
    names = [name.strip().lower() for name in head.split(separator)]
    missing = [name for name in COLUMNS if name not in names]
    if missing:
        raise Line(1, head).wrong(f"the names of the columns, start,end,speaker,text; {missing[0]} is missing")
    reader = csv.reader(rows[1:], delimiter=separator, strict=True)
    turns = []
    try:
        for fields in reader:
            if any(field.strip() for field in fields):
                turns.append(_turn(Line(1 + reader.line_num, separator.join(fields)), names, fields))
    except csv.Error as error:
        raise InputError(f"line {1 + reader.line_num}: {error}; save the table as CSV again") from None
    return turns


def _turn(line: Line, names: list[str], fields: list[str]) -> Turn:
    if len(fields) < len(names) - (TEXT in names):
        raise line.wrong(",".join(names))
    row = dict(zip(names, fields, strict=False))
    start, end = time_of(line, row["start"]), time_of(line, row["end"])
    return Turn(line, start, end, row["speaker"].strip(), " ".join(row.get(TEXT, "").split()))
