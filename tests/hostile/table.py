"""All cases, and which of them a run tries."""

from __future__ import annotations

from hostile.cases import DOORS, Case, Door
from hostile.pictures import PICTURES
from hostile.sounds import SOUNDS
from hostile.targets import TARGETS
from hostile.wishes import WISHES

TABLES = (PICTURES, SOUNDS, WISHES, TARGETS)
CASES: dict[str, Case] = {name: case for table in TABLES for name, case in table.items()}

FEW = 30
"""One recording in so many, where not all are wanted."""


def at(door: Door, all_of_them: bool) -> list[str]:
    """The cases that make sense at a door; where not all are wanted, each goes to one door, in turn."""
    there = [name for name, case in CASES.items() if door not in case.nowhere]
    return there if all_of_them else [name for name in there if _turn(name) == door]


def _turn(name: str) -> Door:
    doors = [door for door in DOORS if door not in CASES[name].nowhere]
    return doors[list(CASES).index(name) % len(doors)]


def sounds(all_of_them: bool) -> list[str]:
    """The recordings for commands that take a voice alone: all, or a few of each kind."""
    return list(SOUNDS) if all_of_them else list(SOUNDS)[::FEW]
