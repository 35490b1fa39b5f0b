"""What a sentence is told by: its words, pairs of them, what follows a negation, and stretches of 2 to 5 letters."""

from __future__ import annotations

import re
from dataclasses import dataclass
from zlib import crc32

import numpy as np
from numpy.typing import NDArray

from dicetalk.arrays import Bool

SHORTEST, LONGEST = 2, 5
"""Of a stretch [letters]."""
REACH = 4
"""How many words a negation covers, up to the next sign."""
MOST = 20_000
"""What is read of a line [characters]."""

_TOKEN = re.compile(r"[^\W\d_]+(?:'[^\W\d_]+)*|\d+|[?!]+|\.\.+|…|[,;:.]")
_NOT = frozenset((
    "not", "never", "no", "without", "hardly", "nothing", "neither", "nor", "cannot", "isn't", "wasn't", "don't",
    "didn't", "doesn't", "aren't", "won't", "can't", "couldn't", "wouldn't", "shouldn't", "haven't", "hasn't", "hadn't",
    "ain't", "weren't", "dont", "didnt", "cant", "wasnt", "isnt", "doesnt",
))  # fmt: skip
_APOSTROPHES = str.maketrans("’‘`´", "''''")
_SIGNS = str.maketrans({"…": ".", ";": ",", ":": ","})


@dataclass(frozen=True)
class Grams:
    """What a text is told by.

    Attributes:
        words: its words and signs, in small letters; numbers are 0.
        codes: of each gram, 32 bits; one that comes twice is there twice.
        places: which of `words` each gram is of (the middle one).
    """

    words: tuple[str, ...]
    codes: tuple[int, ...]
    places: tuple[int, ...]


def tokens(text: str) -> tuple[str, ...]:
    """The words and signs of a text, as grams are made of them."""
    found = _TOKEN.findall(text[:MOST].lower().translate(_APOSTROPHES))
    return tuple("0" if token[0].isdigit() else token[0].translate(_SIGNS) if not token[0].isalpha() else token
                 for token in found)  # fmt: skip


def grams(text: str) -> Grams:
    """What a text is told by; nothing where it has neither letters nor signs."""
    held = tokens(text)
    found = [*_of_words(held), *_of_letters(held)]
    return Grams(held, tuple(_code(gram) for gram, _ in found), tuple(place for _, place in found))


def word_code(word: str) -> int:
    """The code of a single word."""
    return _code(f"w{word}")


def is_letters(codes: NDArray[np.uint32]) -> Bool:
    """Which codes are of stretches of letters; the others are of words."""
    return (codes & 1).astype(bool)


def _code(gram: str) -> int:
    """The last bit tells letters from words."""
    return crc32(gram.encode("utf-8", "replace")) & ~1 | (gram[0] == "c")


def _of_words(held: tuple[str, ...]) -> list[tuple[str, int]]:
    found, left = [], 0
    for place, word in enumerate(held):
        found += [(f"w{word}", place), (f"b{held[place - 1] if place else '^'} {word}", place)]
        if word in _NOT:
            left = REACH
        elif left and word[0].isalpha():
            found.append((f"n{word}", place))
            left -= 1
        elif not word[0].isalpha():
            left = 0
    if held:
        found.append((f"b{held[-1]} $", len(held) - 1))
    return found


def _of_letters(held: tuple[str, ...]) -> list[tuple[str, int]]:
    row = f" {' '.join(held)} "
    owners = [place for place, word in enumerate(held) for _ in range(len(word) + 1)]
    owners = [0, *owners] if held else []
    return [
        (f"c{row[start : start + length]}", owners[start + length // 2])
        for length in range(SHORTEST, LONGEST + 1)
        for start in range(len(row) - length + 1)
        if held
    ]
