"""A character: who replies, their temper, and what they never show."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from dicetalk.emotion.vocabulary import NEUTRAL, resolve
from dicetalk.errors import EmotionError, InputError
from dicetalk.reply.read_json import fields, json_file, number_of, text_of

MOST_WORDS = 30
"""Of a reply."""
LONGEST = 1000
"""Of what a card says in words [characters]."""


@dataclass(frozen=True)
class Character:
    """Who replies.

    Attributes:
        name: of theirs; "" for none.
        temper: what they are like, in words.
        most: how strong they show a feeling at most, 0 to 1.
        never: what they never show.
        words: how long a reply may be.
    """

    name: str = ""
    temper: str = "kind, attentive and honest; says what is meant in plain words"
    most: float = 1.0
    never: tuple[str, ...] = ()
    words: int = MOST_WORDS


def read_character(path: Path) -> Character:
    """The character of a card: `{"name": "Mara", "temper": "dry, loyal", "most": 0.6, "never": ["angry"]}`.

    Raises:
        InputError: the card is not understood.
        MediaError: it cannot be read.
    """
    usual = Character()
    try:
        told = fields(json_file(path), ("temper",), ("name", "most", "never", "words"))
        return Character(
            text_of(told["name"], '"name"', 80) if "name" in told else "",
            text_of(told["temper"], '"temper"', LONGEST),
            number_of(told.get("most", usual.most), '"most"', 0, 1),
            _names(told.get("never", [])),
            int(number_of(told.get("words", MOST_WORDS), '"words"', 1, MOST_WORDS)),
        )
    except ValueError as error:
        raise InputError(f"{path} is {error}; a card has a temper, and may have a name, most, never, words") from None


def _names(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or not all(isinstance(name, str) for name in value):
        raise ValueError('without a list of emotions as "never"')
    try:
        names = tuple(dict.fromkeys(resolve(name) for name in value))
    except EmotionError as error:
        raise ValueError(f'wrong in "never": {error}') from None
    if NEUTRAL in names:
        raise ValueError('wrong in "never": nobody can do without neutral')
    return names
