"""RTTM (NIST, 2009): who speaks when, as programs that tell speakers apart write it."""

from __future__ import annotations

from dicetalk.conversation.turn import Line, Turn, time_of

SIGN = "SPEAKER"
FIELDS = 8
"""Up to the speaker's name; two more may follow."""
MARKS = (";;", "#")


def rttm_turns(text: str) -> list[Turn]:
    """The turns of a file; people may speak together.

    Raises:
        InputError: a line with a turn is not understood.
    """
    turns = []
    for number, row in enumerate(text.splitlines(), start=1):
        fields = row.split()
        if fields and fields[0] == SIGN:
            turns.append(_turn(Line(number, row), fields))
        elif fields and not fields[0].startswith(MARKS) and not fields[0].isupper():
            raise Line(number, row).wrong("a kind such as SPEAKER first")
    return turns


def _turn(line: Line, fields: list[str]) -> Turn:
    if len(fields) < FIELDS:
        raise line.wrong("SPEAKER FILE CHANNEL START LENGTH <NA> <NA> NAME")
    start, length = time_of(line, fields[3]), time_of(line, fields[4])
    return Turn(line, start, start + length, fields[7])
