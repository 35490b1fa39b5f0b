"""The protocol of papers on MEAD: which clips of the test speakers are made anew, from which portrait, with what felt.

A trial is a clip of a test speaker. Its sound and its emotion are told, and the portrait is the first frame of a
neutral clip of the same person that says something else: neither the expression nor the moment is given away.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dicetalk.checkpoints import CONFIG, INDEX, is_pretrained, read_json, told_of
from dicetalk.data.clip import Clip
from dicetalk.data.mead import HELD_OUT, STRENGTHS, read_mead
from dicetalk.emotion.vocabulary import NAMES, NEUTRAL
from dicetalk.errors import ConfigError, InputError

CORPUS = "mead"
LEVELS = tuple(STRENGTHS)


@dataclass(frozen=True)
class Choice:
    """Which trials are wanted.

    Attributes:
        speakers: "M003" and so on; the test speakers of papers.
        clips: of each speaker and emotion, at most.
        level: of the emotions but neutral, which has one level.
    """

    speakers: tuple[str, ...] = tuple(sorted(who.removeprefix(f"{CORPUS}_") for who in HELD_OUT))
    clips: int = 5
    level: str = LEVELS[-1]


@dataclass(frozen=True)
class Trial:
    """A clip to make, and the real one that it is held against.

    Attributes:
        clip: the real one.
        portrait: the film of whose first frame the portrait is.
    """

    clip: Clip
    portrait: Clip

    @property
    def name(self) -> str:
        """Of both videos."""
        return self.clip.name

    @property
    def emotion(self) -> str:
        """What is told to be felt, and how strongly: `happy:1`."""
        name = self.clip.emotion or NEUTRAL
        return name if name == NEUTRAL else f"{name}:{self.clip.strength:g}"

    def to_json(self) -> dict[str, Any]:
        """The trial as plain values."""
        return {
            "name": self.name,
            "speaker": self.clip.identity,
            "emotion": self.clip.emotion,
            "strength": self.clip.strength,
            "clip": str(self.clip.video),
            "sound": str(self.clip.sound),
            "portrait": str(self.portrait.video),
        }


@dataclass(frozen=True)
class Plan:
    """All trials, and what is lacking of the protocol, a line each."""

    trials: tuple[Trial, ...]
    lacking: tuple[str, ...]


def plan_mead(folder: Path, choice: Choice) -> Plan:
    """The trials that a folder of MEAD allows, in order; the same whenever they are asked for.

    Raises:
        InputError: no MEAD, or nobody of those wanted has both a neutral clip and another.
    """
    corpus = read_mead(folder)
    trials: list[Trial] = []
    lacking: list[str] = []
    for speaker in choice.speakers:
        own = [clip for clip in corpus.clips if clip.identity == f"{CORPUS}_{speaker}"]
        if not any(clip.emotion == NEUTRAL for clip in own):
            lacking.append(f"{speaker}: no neutral clip, so no portrait" if own else f"{speaker}: not there")
            continue
        for emotion in NAMES:
            chosen = _spread([c for c in own if _is_wanted(c, emotion, choice)], choice.clips)
            found = [Trial(clip, portrait) for clip in chosen if (portrait := _portrait_for(clip, own)) is not None]
            trials += found
            if len(found) < choice.clips:
                lacking.append(f"{speaker}, {emotion}: {len(found)} of {choice.clips} clips")
    if not trials:
        raise InputError(f"{folder} allows no trial ({'; '.join(lacking)}); give MEAD with its test speakers")
    return Plan(tuple(trials), tuple(lacking))


def _is_wanted(clip: Clip, emotion: str, choice: Choice) -> bool:
    level = LEVELS[0] if emotion == NEUTRAL else choice.level
    return clip.emotion == emotion and clip.strength == STRENGTHS[level]


def _spread(clips: Sequence[Clip], count: int) -> list[Clip]:
    """At most so many of them, as far apart as can be."""
    if len(clips) <= count:
        return list(clips)
    return [clips[number * len(clips) // count] for number in range(count)]


def _portrait_for(clip: Clip, own: Sequence[Clip]) -> Clip | None:
    """The first neutral clip of a person that says something else."""
    return next((c for c in own if c.emotion == NEUTRAL and c is not clip and c.sentence != clip.sentence), None)


def told_by(checkpoint: Path | None) -> Mapping[str, Any]:
    """What a checkpoint of any kind tells of itself; nothing where a backbone has none."""
    if checkpoint is None:
        return {}
    if is_pretrained(checkpoint):
        return told_of(read_json(checkpoint / INDEX, "get it again"))
    return read_json(checkpoint / CONFIG, "write the checkpoint again")


MOST_STARTS = 20
"""Checkpoints that started one from another."""


def check_unseen(checkpoint: Path | None, speakers: Sequence[str]) -> str:
    """Refuse to test a backbone on those it was taught with, itself or what its training started from.

    Args:
        checkpoint: its folder; None of a backbone that was taught nothing.
        speakers: those of the trials.

    Returns:
        What is known of it, in words.

    Raises:
        ConfigError: it was taught MEAD, and does not tell that these people were held out.
    """
    if checkpoint is None:
        return "the backbone was taught nothing"
    known: list[str] = []
    place: Path | None = checkpoint
    while place is not None and len(known) < MOST_STARTS:
        if not place.is_dir():
            known.append(f"{place}, which it started from, is not here to be asked")
            break
        told = told_by(place)
        known.append(_known_of(place, told, speakers))
        place = _start_of(place, told)
    return "; ".join(known)


def _known_of(checkpoint: Path, told: Mapping[str, Any], speakers: Sequence[str]) -> str:
    learned = told.get("learned")
    if not isinstance(learned, list):
        return f"{checkpoint.name} does not tell by what it was taught: it may have seen these people"
    if CORPUS not in learned:
        return f"{checkpoint.name} was taught by {', '.join(map(str, learned)) or 'nothing'}, not by {CORPUS}"
    held = _recipe(told).get("held_out")
    seen = [who for who in speakers if not isinstance(held, list) or f"{CORPUS}_{who}" not in held]
    if seen:
        names = ",".join(f"{CORPUS}_{who}" for who in seen)
        raise ConfigError(
            f"{checkpoint} was taught by {CORPUS} and does not tell that {', '.join(seen)} were held out; "
            f"test it on others (--speakers), or train with --set held_out={names}"
        )
    return f"{checkpoint.name} was taught by {CORPUS} without {', '.join(speakers)}"


def _start_of(checkpoint: Path, told: Mapping[str, Any]) -> Path | None:
    """What a checkpoint's training started from; a small change tells where that lies beside it."""
    if isinstance(told.get("changes"), str):
        return checkpoint / str(told["changes"])
    start = _recipe(told).get("start")
    return Path(start) if isinstance(start, str) and start else None


def _recipe(told: Mapping[str, Any]) -> Mapping[str, Any]:
    recipe = told.get("recipe")
    return recipe if isinstance(recipe, Mapping) else {}
