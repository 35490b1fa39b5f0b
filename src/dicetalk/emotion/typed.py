"""What a person types for one moment's emotion -> a Feeling."""

from __future__ import annotations

import os
from pathlib import Path

from dicetalk.emotion.feeling import DEFAULT_STRENGTH, Feeling, blend, check_strengths, short
from dicetalk.emotion.own import SUFFIX, OwnEmotion, is_own
from dicetalk.emotion.vocabulary import resolve
from dicetalk.errors import EmotionError
from dicetalk.files import at_home

Term = tuple[str | OwnEmotion, str | None]
"""A name or an own emotion, and its strength as typed, None if none was."""


def parse(text: str, folder: Path = Path()) -> Feeling:
    """Read `happy`, `happy:0.7`, `happy:0.7,surprised:0.3`, `mine.safetensors:tender`, or a mixture of all these.

    A bare name has strength 0.8; several bare names share it equally. Case and spaces do not matter.

    Args:
        text: as typed.
        folder: where the files of own emotions lie that are named without one.

    Raises:
        EmotionError: unknown or repeated name, strength not a number of 0 to 1, strengths together over 1; or as
            `OwnEmotion.feeling`.
        CheckpointError: a file of own emotions is damaged.
    """
    terms = [_term(part, folder) for part in _parts(text, folder)]
    if any(not what for what, _ in terms):
        raise EmotionError(f"no emotion name in {short(text)}; expected for example happy, or happy:0.7,sad:0.2")
    typed = [strength for _, strength in terms if strength is not None]
    if typed and len(typed) < len(terms):
        raise EmotionError(f"only some names in {short(text)} have a strength; give one to each name or to none")
    if not typed:
        return mixture([(what, DEFAULT_STRENGTH / len(terms)) for what, _ in terms])
    named = zip(terms, typed, strict=True)
    return mixture([(what, parse_strength(str(what), strength)) for (what, _), strength in named])


def mixture(parts: list[tuple[str | OwnEmotion, float]]) -> Feeling:
    """Names and own emotions at strengths 0 to 1, together at most 1.

    Raises:
        EmotionError: as `parse`.
        CheckpointError: a file of own emotions is damaged.
    """
    _check_once([resolve(what) if isinstance(what, str) else f"{what.path}:{what.name}" for what, _ in parts])
    named = [(what, strength) for what, strength in parts if isinstance(what, str)]
    if len(named) == len(parts):
        return Feeling.of(named)
    return blend([(_whole(what), strength) for what, strength in parts])


def parse_strength(name: str, text: str) -> float:
    """Read the strength of an emotion, 0 to 1.

    Raises:
        EmotionError: not a number, or out of range.
    """
    try:
        strength = float(text)
    except ValueError:
        found = f"strength {short(text.strip())} of {short(name.strip())}"
        raise EmotionError(f"{found} is not a number; expected 0 to 1, as in happy:0.7") from None
    check_strengths({name.strip(): strength})
    return strength


def _parts(text: str, folder: Path) -> list[str]:
    """The terms of a mixture; a comma may also belong to the name of a file that is there."""
    file = text[: text.lower().find(SUFFIX) + len(SUFFIX)].strip()
    # os.path, since `Path.exists` raises for a name that is too long.
    there = is_own(text) and "," in file and os.path.exists(folder / at_home(file))  # noqa: PTH110
    return [text] if there else text.split(",")


def term(text: str, folder: Path) -> str | OwnEmotion:
    """A name as it is, or the own emotion that a text names without a strength.

    Raises:
        EmotionError: a file of own emotions is named, and what follows is not understood, or is a strength.
    """
    if not is_own(text):
        return text
    what, strength = _term(text, folder)
    if strength is not None:
        raise EmotionError(f"{short(text)} names a strength, and its value is one; leave the first out")
    return what


def _term(part: str, folder: Path) -> Term:
    if is_own(part):
        own = OwnEmotion.parse(part)
        return OwnEmotion(folder / own.path, own.name), own.strength
    name, colon, strength = part.partition(":")
    return name.strip(), strength if colon else None


def _check_once(names: list[str]) -> None:
    repeated = [name for number, name in enumerate(names) if name in names[:number]]
    if repeated:
        raise EmotionError(f"{short(repeated[0])} is given twice; expected each emotion once")


def _whole(what: str | OwnEmotion) -> Feeling:
    return what.feeling() if isinstance(what, OwnEmotion) else Feeling.of([(what, 1.0)])
