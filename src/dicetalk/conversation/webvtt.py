"""WebVTT (W3C) with voices: `<v Anna>Well, hello.`"""

from __future__ import annotations

import html
import re
from collections.abc import Iterator

from dicetalk.conversation.turn import Line, Turn, time_of
from dicetalk.errors import InputError

HEAD = "WEBVTT"
ARROW = "-->"
_VOICE = re.compile(r"<v(?:\.[^\s>]*)?\s+([^>]*)>")
_TAG = re.compile(r"<[^>]*>")


def webvtt_turns(text: str) -> list[Turn]:
    """The turns of a file: one a cue, or one a voice where several share a cue, which share its time by length.

    Raises:
        InputError: it does not begin as such files do, or a cue is not understood or names nobody.
    """
    rows = text.splitlines()
    if not rows or not re.fullmatch(rf"{HEAD}(?:[ \t].*)?", rows[0]):
        raise InputError(f"it does not begin with {HEAD}, as such files do; export it again")
    return [turn for block in _blocks(rows) for turn in _turns(block)]


def _blocks(rows: list[str]) -> Iterator[list[Line]]:
    """Stretches between empty lines."""
    block: list[Line] = []
    for number, row in enumerate([*rows, ""], start=1):
        if row.strip():
            block.append(Line(number, row))
        elif block:
            yield block
            block = []


def _turns(block: list[Line]) -> list[Turn]:
    """The turns of a cue; none of a block that is no cue."""
    at = next((place for place, line in enumerate(block[:2]) if ARROW in line.text), None)
    if at is None:
        return []
    line = block[at]
    start, end = _times(line)
    said = "\n".join(each.text for each in block[at + 1 :])
    voices = list(_voices(line, said))
    if not voices:
        return []
    lengths = [max(len(text), 1) for _, text in voices]
    turns, share = [], (end - start) / sum(lengths)
    for (speaker, text), length in zip(voices, lengths, strict=True):
        turns.append(Turn(line, start, start + share * length, speaker, text))
        start = turns[-1].end
    return turns


def _times(line: Line) -> tuple[float, float]:
    start, _, rest = line.text.partition(ARROW)
    fields = rest.split()
    if not fields:
        raise line.wrong("START --> END")
    return time_of(line, start), time_of(line, fields[0])


def _voices(line: Line, said: str) -> Iterator[tuple[str, str]]:
    """Who says what in a cue."""
    before, *parts = _VOICE.split(said)
    if _plain(before):
        raise InputError(f"line {line.number}: a cue does not say who speaks; expected <v NAME> before its words")
    for name, text in zip(parts[::2], parts[1::2], strict=True):
        yield _plain(name), _plain(text)


def _plain(text: str) -> str:
    """Without tags, entities and breaks of lines."""
    return " ".join(html.unescape(_TAG.sub("", text)).split())
