"""A turn as a file tells it, with the line it stands in, so that what is wrong can be told."""

from __future__ import annotations

import math
import re
from dataclasses import dataclass

from dicetalk.emotion.feeling import short
from dicetalk.errors import InputError

LONGEST_NAME = 80
"""Of a speaker [characters]."""
_CLOCK = re.compile(r"(?:(\d{1,4}):)?(\d{1,2}):(\d{1,2}(?:[.,]\d{1,6})?)")
_SECONDS = re.compile(r"-?\d{1,9}(?:[.,]\d{1,9})?")


@dataclass(frozen=True)
class Line:
    """A line of a file.

    Attributes:
        number: from 1.
        text: what stands there.
    """

    number: int
    text: str

    def wrong(self, expected: str) -> InputError:
        """What to raise where something else was expected."""
        return InputError(f"line {self.number}: {short(self.text.strip())} is not understood; expected {expected}")


@dataclass(frozen=True)
class Turn:
    """Somebody's turn.

    Attributes:
        line: where it stands.
        start: when it begins [s].
        end: when it is over [s].
        speaker: who speaks.
        text: what is said; "" where it is not known.

    Raises:
        InputError: it ends before it begins, or the name is none.
    """

    line: Line
    start: float
    end: float
    speaker: str
    text: str = ""

    def __post_init__(self) -> None:
        if self.end <= self.start:
            raise InputError(
                f"line {self.line.number}: a turn ends at {self.end:g} s, no later than it starts, at {self.start:g} s"
            )
        if not self.speaker or len(self.speaker) > LONGEST_NAME or not self.speaker.isprintable():
            raise InputError(
                f"line {self.line.number}: the speaker is {short(self.speaker)}; expected a name of 1 to "
                f"{LONGEST_NAME} characters"
            )


def time_of(line: Line, text: str) -> float:
    """A time: seconds as in `12.5`, or a clock as in `01:02:03.500` [s].

    Raises:
        InputError: it is none, or before the start.
    """
    clock = _CLOCK.fullmatch(text.strip())
    if clock is not None:
        hours, minutes, seconds = clock.groups()
        return 3600 * int(hours or 0) + 60 * int(minutes) + float(seconds.replace(",", "."))
    if not _SECONDS.fullmatch(text.strip()):
        raise InputError(f"line {line.number}: {short(text)} is no time; expected seconds, as in 12.5, or 00:00:12.500")
    found = float(text.replace(",", "."))
    if found < 0 or math.copysign(1, found) < 0:
        raise InputError(f"line {line.number}: the time {short(text)} is negative; expected 0 or later")
    return found
