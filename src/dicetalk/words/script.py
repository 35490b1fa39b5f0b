"""A script: the sentences that are said, in order, and labels that its author typed before some of them."""

from __future__ import annotations

import re
from dataclasses import dataclass

from dicetalk.emotion.typed import parse
from dicetalk.errors import EmotionError
from dicetalk.words.sentences import sentences

_BRACKETS = re.compile(r"\[([^\[\]\n]*)\]")


@dataclass(frozen=True)
class ScriptLine:
    """A sentence that is said.

    Attributes:
        text: without labels and directions.
        label: the emotion that was typed before it, as `--emotion` takes it by name; None where none was.
    """

    text: str
    label: str | None = None


def script_lines(text: str) -> list[ScriptLine]:
    """The sentences of a script. `[happy:0.7] We won!` is labelled; other words in brackets are not said: `[a door]`.

    A label is of the one sentence that follows it.
    """
    lines: list[ScriptLine] = []
    label: str | None = None
    for number, part in enumerate(_BRACKETS.split(text)):
        if number % 2:
            label = part if _is_label(part) else label
            continue
        for sentence in sentences(part):
            lines.append(ScriptLine(sentence.text, label))
            label = None
    return lines


def _is_label(text: str) -> bool:
    try:
        parse(text)
    except EmotionError:
        return False
    return ".safetensors" not in text
