"""What a case of bad, odd or merely unusual input is, and what must come of it at each door.

The tables are in `pictures`, `sounds`, `settings` and `targets`; `table` is all of them; `doors` runs a case.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Literal

Door = Literal["command line", "Python", "REST", "batch"]
DOORS: tuple[Door, ...] = ("command line", "Python", "REST", "batch")

SENT_BY_CONTENT = "a client sends what a file holds, and neither its name nor its kind on the disk"
NO_OUTPUT = "a client names no place to write to"
OWN_FOLDER = "a batch writes below its own folder, which is tried with names of its own"
NO_NULL = "a command line cannot hold it"
TEXT_ONLY = "a command line holds text only"


@dataclass(frozen=True, kw_only=True)
class Case:
    """One input.

    Attributes:
        make: makes files in a folder, and gives the fields of a job that differ from a good one; None leaves a field
            out. `{file}` in an emotion stands for the path under `emotion_file`.
        says: a pattern that is found in the one line of the error; "" where the right result comes out.
        warns: a pattern that is found in the warnings of a result.
        frames: of the result, where they tell something.
        at: what is said at some doors in other words, because they see it from another side.
        nowhere: doors at which the case makes no sense, with the reason.
    """

    make: Callable[[Path], Mapping[str, Any]]
    says: str = ""
    warns: str = ""
    frames: int | None = None
    at: Mapping[Door, str] = field(default_factory=dict)
    nowhere: Mapping[Door, str] = field(default_factory=dict)

    def said_at(self, door: Door) -> str:
        """What is said at a door."""
        return self.at.get(door, self.says)
