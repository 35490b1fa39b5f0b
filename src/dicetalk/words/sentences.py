"""Text -> sentences -> words, each with its place in the text."""

from __future__ import annotations

import re
from dataclasses import dataclass

_ENDS = re.compile(r"(?<=[.!?…。！？])[\"'”’»)\]]*\s+|(?<=[。！？])(?=\S)|\n\s*\n|\n")
"""Between two sentences: behind their sign and what closes a quotation; an end of a line."""
_SHORT = re.compile(r"(?:\b(?:Mr|Mrs|Ms|Dr|Prof|St|vs|etc|e\.g|i\.e|No|approx|Jr|Sr)|\b[A-Z])\.$")
"""What ends with a point that ends no sentence."""
_WORD = re.compile(r"[^\W_]+(?:['’\-.][^\W_]+)*")


@dataclass(frozen=True)
class Sentence:
    """A sentence of a text.

    Attributes:
        text: without blanks around it.
        start: where it begins in the text [characters].
    """

    text: str
    start: int


@dataclass(frozen=True)
class Word:
    """A word of a text.

    Attributes:
        text: letters and digits, with what joins them.
        start: where it begins [characters].
    """

    text: str
    start: int


def sentences(text: str) -> list[Sentence]:
    """The sentences in which at least one letter or digit stands, in order."""
    found: list[Sentence] = []
    begin = 0
    for end in (*_ENDS.finditer(text), None):
        stop = len(text) if end is None else end.start() + len(end.group().rstrip())
        part = text[begin:stop]
        if end is not None and _SHORT.search(part) and "\n" not in end.group():
            continue
        if _WORD.search(part):
            found.append(Sentence(part.strip(), begin + len(part) - len(part.lstrip())))
        begin = len(text) if end is None else end.end()
    return found


def words(text: str) -> list[Word]:
    """The words of a text, in order."""
    return [Word(found.group(), found.start()) for found in _WORD.finditer(text)]
