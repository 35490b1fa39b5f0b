"""A reply as it is planned: what is said, what is felt meanwhile, and on which words; read strictly from a model."""

from __future__ import annotations

import re
from dataclasses import dataclass, replace
from typing import Any

from dicetalk.emotion.feeling import Feeling
from dicetalk.emotion.vocabulary import NAMES, resolve
from dicetalk.errors import EmotionError
from dicetalk.reply.character import Character
from dicetalk.reply.read_json import fields, number_of, strict_json, text_of

STEPS = 5
LONGEST = 600
"""Of a step and of a reply [characters]."""
MOST_BEATS = 8
FENCE = re.compile(r"\s*```(?:json)?\s*\n(.*)\n\s*```\s*", re.DOTALL)
"""What models put around an answer, though they are asked not to."""


@dataclass(frozen=True)
class Beat:
    """A stretch of a reply with a feeling of its own.

    Attributes:
        words: that are said, as they stand in the reply.
        feeling: that is shown.
    """

    words: str
    feeling: Feeling


@dataclass(frozen=True)
class Planned:
    """A reply.

    Attributes:
        steps: what was thought on the way to it, five lines.
        reply: what is said.
        feeling: of all of it.
        beats: its stretches in order, all of it.
    """

    steps: tuple[str, ...]
    reply: str
    feeling: Feeling
    beats: tuple[Beat, ...]

    def to_json(self) -> dict[str, Any]:
        """As JSON holds it."""
        weights = dict(zip(NAMES, (round(weight, 4) for weight in self.feeling.weights), strict=True))
        beats = [{"words": beat.words, "emotion": str(beat.feeling)} for beat in self.beats]
        return {
            "steps": list(self.steps),
            "reply": self.reply,
            "weights": weights,
            "intensity": round(self.feeling.intensity, 4),
            "beats": beats,
        }


def planned(answer: str, character: Character) -> Planned:
    """The reply that a model's answer tells.

    Raises:
        ValueError: it is none, in words that the model can mend it by; nothing of what it says is among them.
    """
    fenced = FENCE.fullmatch(answer)
    try:
        value = strict_json(fenced[1] if fenced else answer)
    except ValueError as error:
        raise ValueError(f"the answer is {error}; expected one JSON object and nothing else") from None
    try:
        told = fields(value, ("steps", "reply", "feeling", "beats"))
        reply = _reply(told["reply"], character)
        return Planned(_steps(told["steps"]), reply, _feeling(told["feeling"], character),
                       _beats(told["beats"], reply, character))  # fmt: skip
    except ValueError as error:
        raise ValueError(f"the answer is {error}") from None


def _steps(value: object) -> tuple[str, ...]:
    if not isinstance(value, list) or len(value) != STEPS:
        raise ValueError(f'without a list of {STEPS} lines as "steps"')
    return tuple(text_of(step, "a step", LONGEST) for step in value)


def _reply(value: object, character: Character) -> str:
    reply = text_of(value, '"reply"', LONGEST)
    if len(reply.split()) > character.words:
        raise ValueError(f'with {len(reply.split())} words as "reply"; expected at most {character.words}')
    if not any(sign.isalnum() for sign in reply):
        raise ValueError('without words as "reply"')
    return reply


def _feeling(value: object, character: Character) -> Feeling:
    if not isinstance(value, dict) or len(value) > len(NAMES):
        raise ValueError('without an object of emotions and strengths as "feeling"')
    return _shown([(name, number_of(strength, "a strength", 0, 1)) for name, strength in value.items()], character)


def _shown(strengths: list[tuple[str, float]], character: Character) -> Feeling:
    """A feeling as strong as the character shows it at most.

    Raises:
        ValueError: an emotion is unknown, given twice, or never shown; or together they are too strong.
    """
    try:
        named = [(resolve(name), strength) for name, strength in strengths]
        wrong = [name for name, strength in named if name in character.never and strength > 0]
        if wrong:
            raise ValueError(f"wrong: this character never shows {wrong[0]}")
        felt = Feeling.of(named)
    except EmotionError:
        raise ValueError(
            f"wrong in its emotions; expected each once, of {', '.join(NAMES)}, with strengths of at most 1 in all"
        ) from None
    return replace(felt, intensity=min(felt.intensity, character.most)) if felt.strengths else felt


def _beats(value: object, reply: str, character: Character) -> tuple[Beat, ...]:
    if not isinstance(value, list) or not 0 < len(value) <= MOST_BEATS:
        raise ValueError(f'without a list of 1 to {MOST_BEATS} objects as "beats"')
    beats = []
    for each in value:
        told = fields(each, ("words", "emotion", "strength"))
        emotion = text_of(told["emotion"], '"emotion"', 40)
        feeling = _shown([(emotion, number_of(told["strength"], '"strength"', 0, 1))], character)
        beats.append(Beat(text_of(told["words"], '"words"', LONGEST), feeling))
    if " ".join(beat.words for beat in beats).split() != reply.split():
        raise ValueError('with beats whose words, one after another, are not those of "reply"')
    return tuple(beats)
