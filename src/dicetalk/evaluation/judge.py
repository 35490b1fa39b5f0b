"""Who tells which emotion a clip shows: our own embedder, and any other program that looks at frames."""

from __future__ import annotations

import json
import math
import tempfile
from collections.abc import Mapping, Sequence
from pathlib import Path

import numpy as np

from dicetalk.arrays import Picture
from dicetalk.commands import Command, command_of
from dicetalk.emotion.embedding import shipped_embedder
from dicetalk.emotion.vocabulary import resolve
from dicetalk.errors import ConfigError, EmotionError, InputError
from dicetalk.media import write_picture
from dicetalk.motion.space import Motion
from dicetalk.recording import Recording
from dicetalk.sources.like import resembled

FRAMES = "{frames}"
"""Stands in a command for the folder of frames."""
PATIENCE = 300.0
"""What a command may take for a clip [s]."""
MOST = 1_000_000
"""Of an answer [bytes]."""
SHOWN = 8
"""Frames of a clip, spread evenly."""

Reading = Mapping[str, float]
"""Shares by name of an emotion, together 1."""


def own_reading(motion: Motion) -> Reading:
    """What the shipped embedder reads of a face, without its voice."""
    rows = np.column_stack([motion.shapes, motion.pose])
    _, likeness = resembled([Recording(None, rows)], shipped_embedder())
    return dict(likeness.ranked())


def judge_of(command: str) -> Command:
    """The judge that a command line names: a program that looks at the frames in the folder `{frames}` and prints a
    JSON object of probabilities by emotion.

    Raises:
        ConfigError: it cannot be split into words, has no `{frames}`, or there is no such program.
    """
    judge = command_of("judge", command)
    if not judge.has(FRAMES):
        raise ConfigError(f"the judge {command!r} is not told where the frames are; write {FRAMES} for their folder")
    return judge


def ask(judge: Command, frames: Sequence[Picture], patience: float = PATIENCE) -> Reading:
    """What a judge says of frames (H, W, 3).

    Raises:
        ConfigError: its program cannot be started.
        InputError: it fails, takes too long, or answers something else than a JSON object of probabilities.
    """
    with tempfile.TemporaryDirectory() as folder:
        shown, answer = Path(folder) / "frames", Path(folder) / "answer"
        shown.mkdir()
        for number, frame in enumerate(frames):
            write_picture(shown / f"frame_{number:05d}.png", frame)
        judge.run({FRAMES: str(shown)}, answer, patience, "a clip")
        return _understood(judge, answer)


def _understood(judge: Command, answer: Path) -> Reading:
    expected = 'expected a JSON object of probabilities such as {"happy": 0.7, "sad": 0.3}'
    with answer.open("rb") as file:
        said = file.read(MOST + 1)
    try:
        told = json.loads(said) if len(said) <= MOST else None
    except (ValueError, RecursionError):
        told = None
    if not isinstance(told, dict) or not told:
        raise InputError(f"the judge {judge.name} answered {said[:60]!r}; {expected}")
    if any(type(value) not in (int, float) or not 0 <= value < math.inf for value in told.values()):
        raise InputError(f"the judge {judge.name} gave something else than numbers from 0; {expected}")
    shares: dict[str, float] = {}
    for name, value in told.items():
        shares[_known(name)] = shares.get(_known(name), 0.0) + float(value)
    whole = math.fsum(shares.values())
    if not 0 < whole < math.inf:
        raise InputError(f"the judge {judge.name} gave probabilities that add up to {whole:g}; {expected}")
    return {name: value / whole for name, value in shares.items()}


def _known(name: str) -> str:
    """A name of the vocabulary, or that of a class which only the judge knows."""
    try:
        return resolve(name)
    except EmotionError:
        return name.strip().lower()[:40]


def strongest_of(reading: Reading) -> str:
    """The name with the largest share."""
    return max(reading, key=lambda name: reading[name])
