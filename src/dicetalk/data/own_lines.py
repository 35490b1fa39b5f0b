"""Lines of our own to learn from what the corpora of text lack: lines in which nothing is felt, of many kinds, and
feelings said outright or denied. They are drawn from `own_lines.txt`.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from dicetalk.emotion.vocabulary import NEUTRAL

FILE = Path(__file__).with_name("own_lines.txt")


@dataclass(frozen=True)
class OwnLine:
    """A line, and what is felt in it.

    Attributes:
        text: what is said.
        name: one of `NAMES`.
    """

    text: str
    name: str


def own_lines(seed: int, plain: int = 5000, felt: int = 3000, denied: int = 600) -> list[OwnLine]:
    """So many lines without a feeling, with one, and that deny one; the same for the same seed."""
    draws = np.random.default_rng(seed)
    return [
        *(OwnLine(_filled(_drawn(_lists()[NEUTRAL], draws), draws), NEUTRAL) for _ in range(plain)),
        *(_felt(draws) for _ in range(felt)),
        *(OwnLine(_said("denied", _drawn(DENIED, draws), draws), NEUTRAL) for _ in range(denied)),
    ]


DENIED = ("angry", "fear", "sad", "disgusted", "surprised")
"""Feelings of which the denial is plain: whoever is not happy may well be sad."""
NAMED = (*DENIED, "happy")
"""Feelings that lines say by name."""
FELT = (*NAMED, "contempt")


@cache
def _lists() -> dict[str, list[str]]:
    """Lines by what is felt in them; words by their slot."""
    found: dict[str, list[str]] = {}
    for row in FILE.read_text(encoding="utf-8").splitlines():
        name, tab, text = row.partition("\t")
        if tab:
            found.setdefault(name, []).extend(text.split(", ") if " " in name else [text])
    return found


def _drawn(lines: Sequence[str], draws: np.random.Generator) -> str:
    return lines[int(draws.integers(len(lines)))]


def _filled(line: str, draws: np.random.Generator) -> str:
    """Slot by slot from the left; what fills one may hold others."""
    while "{" in line:
        slot = line[line.index("{") : line.index("}") + 1]
        line = line.replace(slot, _drawn(_lists()[f"slot {slot[1:-1]}"], draws), 1)
    return line[0].upper() + line[1:]


def _felt(draws: np.random.Generator) -> OwnLine:
    """A third of them by a word that names the feeling."""
    if draws.random() < 1 / 3:
        return OwnLine(_said("said", name := _drawn(NAMED, draws), draws), name)
    name = _drawn(FELT, draws)
    return OwnLine(_filled(_drawn(_lists()[name], draws), draws), name)


def _said(way: str, name: str, draws: np.random.Generator) -> str:
    """A line that says a feeling, or denies it."""
    line = _drawn(_lists()[way], draws)
    word = _drawn(_lists()[f"words {name}"], draws)
    how = _drawn(["", *_lists()["slot how"]], draws)
    return " ".join(line.format(how=how, feels=word).split())
