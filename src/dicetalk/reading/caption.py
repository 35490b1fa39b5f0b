"""What a reading says, in plain words: a sentence with times, cues for a player, and a short text in a picture's place.

Nothing is told that was not read. An emotion that the reader is not sure of is never named: it is hard to tell. The
same reading gives the same words. They are for ears as much as for eyes: no signs but commas and full stops.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Sequence
from pathlib import Path
from typing import Any

from dicetalk.emotion.vocabulary import NEUTRAL
from dicetalk.reading.reading import DIGITS, Reading, Windows, mean_of
from dicetalk.reading.stretches import UNSURE, Stretch, confidence_in, stretches
from dicetalk.words.vtt import write_vtt

ADJECTIVES = {
    "neutral": "calm", "angry": "angry", "contempt": "scornful", "disgusted": "disgusted", "fear": "afraid",
    "happy": "happy", "sad": "sad", "surprised": "surprised",
}  # fmt: skip
"""How somebody is of whom a name is read."""
HARD = "hard to tell"

SLIGHT, GREAT = 0.35, 0.8
"""Strengths below and from which it is said how strong."""
SURE = 0.7
"""Confidence below which it is said that it is probable only."""
MOST = 4
"""Stretches that a sentence tells one by one."""
LONG = 2.0
"""From so many seconds on something can last throughout."""
LONGEST_ALT = 125
"""Letters: some screen readers stop there."""


def caption(reading: Reading) -> str:
    """One sentence about all of it; another one where face and voice say different things."""
    told = stretches(reading)
    said = _one(told[0], reading) if len(told) == 1 else _each(told) if len(told) <= MOST else _many(told, reading)
    return f"{_sentence(said)}{_disagreement(reading)}"


def alt_text(reading: Reading) -> str:
    """One short sentence for where the video cannot be seen."""
    who, verb = ("A talking face", "looks") if reading.face and reading.voice else _alone(reading)
    named = [ADJECTIVES[stretch.name] for stretch in stretches(reading) if stretch.name != UNSURE]
    if not named:
        return f"{who}, what it feels is {HARD}."
    if len(named) <= 2:
        return f"{who} that {verb} {' at first, then '.join(named)}{_partly(reading)}."
    text = f"{who} that {verb} {', then '.join(named)}."
    short = len(named) <= MOST and len(text) <= LONGEST_ALT
    return text if short else f"{who} that {verb} {_listed(sorted(set(named), key=named.index))} in turn."


def cue(stretch: Stretch) -> str:
    """What is shown while a stretch lasts."""
    return f"{feeling_words(stretch)}{_with(stretch, ', with ')}".capitalize()


def write_captions(path: Path, reading: Reading) -> None:
    """Write a reading as WebVTT, a cue a stretch.

    Raises:
        MediaError: the file cannot be written.
    """
    told = stretches(reading)
    write_vtt(path, [cue(stretch) for stretch in told], [(stretch.start, stretch.end) for stretch in told])


def as_json(reading: Reading) -> dict[str, Any]:
    """All that is told, as what JSON can hold; a name is None where it is hard to tell."""
    return {"caption": caption(reading), "alt": alt_text(reading), "stretches": [_told(s) for s in stretches(reading)]}


def _told(stretch: Stretch) -> dict[str, Any]:
    numbers = {name: round(getattr(stretch, name), DIGITS) for name in ("start", "end", "strength", "confidence")}
    return numbers | {"name": stretch.name or None, "words": cue(stretch), "moves": list(stretch.moves)}


def _sentence(said: str) -> str:
    return f"{said[0].upper()}{said[1:]}."


def _one(stretch: Stretch, reading: Reading) -> str:
    lasts = " throughout" if reading.seconds >= LONG else ""
    said = f"{HARD} what is felt" if stretch.name == UNSURE else f"{feeling_words(stretch)}{lasts}"
    return f"{said}{_with(stretch, ', with ')}"


def _each(told: Sequence[Stretch]) -> str:
    """`calm at first, angry from second 4 with raised brows`."""
    parts = []
    for number, stretch in enumerate(told):
        again = " again" if stretch.name and stretch.name in [before.name for before in told[:number]] else ""
        when = f"from {second(stretch.start)}" if number else "at first"
        parts.append(f"{feeling_words(stretch)}{again} {when}{_with(stretch, ' with ')}")
    return ", ".join(parts)


def _many(told: Sequence[Stretch], reading: Reading) -> str:
    """`9 changes in 40 seconds, mostly angry, also calm and sad`."""
    lengths: defaultdict[str, float] = defaultdict(float)
    for stretch in told:
        lengths[ADJECTIVES.get(stretch.name, HARD)] += stretch.seconds
    first, *rest = sorted(lengths, key=lengths.__getitem__, reverse=True)[:MOST]
    changes = f"{len(told) - 1} changes in {_duration(reading.seconds)}"
    if lengths[first] > reading.seconds / 2:
        return f"{changes}, mostly {first}, also {_listed(rest)}"
    return f"{changes}, in turn {_listed([first, *rest])}"


def feeling_words(stretch: Stretch) -> str:
    """How somebody is in a stretch: `probably very angry`."""
    if stretch.name == UNSURE:
        return HARD
    probable = "" if stretch.confidence >= SURE else "probably "
    return f"{probable}{_degree(stretch)}{ADJECTIVES[stretch.name]}"


def _degree(stretch: Stretch) -> str:
    if stretch.name == NEUTRAL or SLIGHT <= stretch.strength < GREAT:
        return ""
    return "slightly " if stretch.strength < SLIGHT else "very "


def _with(stretch: Stretch, joint: str) -> str:
    return f"{joint}{_listed(stretch.moves)}" if stretch.moves else ""


def _disagreement(reading: Reading) -> str:
    """Face and voice apart, where both are sure of different things."""
    if reading.face is None or reading.voice is None:
        return ""
    face, voice = (_sure_of(windows) for windows in (reading.face, reading.voice))
    if UNSURE in (face, voice) or face == voice:
        return ""
    return f" The face looks {ADJECTIVES[face]}, the voice sounds {ADJECTIVES[voice]}."


def _sure_of(windows: Windows) -> str:
    name = mean_of(windows).name
    return name if confidence_in(windows, name) >= SURE else UNSURE


def _alone(reading: Reading) -> tuple[str, str]:
    return ("A voice", "sounds") if reading.face is None and reading.voice is not None else ("A face", "looks")


def _partly(reading: Reading) -> str:
    """Where part of it is hard to tell."""
    return " in part" if any(stretch.name == UNSURE for stretch in stretches(reading)) else ""


def _listed(words: Sequence[str]) -> str:
    """`a, b and c`."""
    return " and ".join(filter(None, [", ".join(words[:-1]), words[-1]]))


def second(seconds: float) -> str:
    """A time [s] as it is told: `second 4`, `1 minute 5 seconds`."""
    whole = int(seconds + 0.5)
    return f"second {whole}" if whole < 60 else _duration(seconds)


def _duration(seconds: float) -> str:
    hours, rest = divmod(int(seconds + 0.5), 3600)
    counted = zip((hours, *divmod(rest, 60)), ("hour", "minute", "second"), strict=True)
    return " ".join(f"{count} {unit}{'s' * (count != 1)}" for count, unit in counted if count) or "0 seconds"
