"""An own emotion as it is asked for, `mine.safetensors:tender:0.5`, and the file that holds it."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

from dicetalk.emotion.feeling import Feeling
from dicetalk.emotion.vocabulary import check_own_name
from dicetalk.errors import EmotionError, MediaError
from dicetalk.files import at_home, existing_file

if TYPE_CHECKING:
    from dicetalk.emotion.priors import Prior

SUFFIX = ".safetensors"
MOST_TOLD = 12
"""Names of a file that a message lists."""
_TEXT = re.compile(r"(.*\.safetensors)((?::[^:]*)*)", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True)
class OwnEmotion:
    """An emotion of a file, as it is asked for.

    Attributes:
        path: of the file.
        name: which of its emotions; None is the only one.
        strength: as typed; None if none was.
    """

    path: Path
    name: str | None = None
    strength: str | None = None

    @classmethod
    def parse(cls, text: str) -> OwnEmotion:
        """Read `FILE.safetensors`, with `:NAME`, `:STRENGTH` or `:NAME:STRENGTH` behind it.

        Raises:
            EmotionError: something else.
        """
        found = _TEXT.fullmatch(text.strip())
        parts = found[2].split(":")[1:] if found else []
        if not found or len(parts) > 2 or not all(parts):
            raise EmotionError(
                f"{text[:80]!r} is not understood; expected FILE.safetensors:NAME:STRENGTH or less of it"
            )
        name = None if not parts or not parts[0][0].isalpha() else parts[0]
        strengths = parts if name is None else parts[1:]
        if len(strengths) > 1:
            raise EmotionError(f"{parts[0]!r} is no name of an own emotion; a name begins with a letter")
        return cls(at_home(found[1]), name, strengths[0] if strengths else None)

    def feeling(self) -> Feeling:
        """All of it, its strength left aside.

        Raises:
            EmotionError: the file holds no such emotion, or was made by another embedder than the shipped one.
            CheckpointError: the file is damaged.
        """
        own = _priors(self.path)
        name = self.choose(own)
        return _feeling(self.path, name, own[name])

    def choose(self, names: Collection[str]) -> str:
        """Which of a file's emotions is meant.

        Raises:
            EmotionError: none of that name, or no name and several emotions.
        """
        there = ", ".join(sorted(names)[:MOST_TOLD]) + (", ..." if len(names) > MOST_TOLD else "")
        if self.name is None and len(names) > 1:
            raise EmotionError(f"{self.path} holds {len(names)} emotions; add :NAME, one of: {there}")
        if self.name is not None and self.name not in names:
            raise EmotionError(f"{self.path} holds no emotion {self.name!r}; there are: {there}")
        return self.name or next(iter(names))

    def __str__(self) -> str:
        """What it is called."""
        return self.name or self.path.name


def is_own(text: str) -> bool:
    """Whether a text names a file of own emotions: `mine.safetensors`, or that with `:NAME` or more behind it."""
    return f"{text.strip().lower()}:".find(f"{SUFFIX}:") > 0


def read_own(path: Path) -> dict[str, Feeling]:
    """The own emotions of a file by name, each as a feeling in the shipped space.

    Raises:
        EmotionError: the file cannot be opened, holds a name that is none, or was made by another embedder than the
            shipped one.
        CheckpointError: the file is damaged, or its vectors are of another width.
    """
    return {name: _feeling(path, name, prior) for name, prior in _priors(path).items()}


def _priors(path: Path) -> dict[str, Prior]:
    """The priors of a file of own emotions, in the shipped space."""
    from dicetalk.emotion.priors import read_priors, read_space
    from dicetalk.emotion.space import shipped_space

    try:
        existing_file(path)
    except MediaError as error:
        raise EmotionError(str(error)) from error
    priors, space, made_by = read_priors(path), shipped_space(), read_space(path)
    if made_by not in (None, space.name):  # files of before 0.1 do not tell; only one embedder had shipped
        raise EmotionError(
            f"{path} was made by another embedder ({made_by[:40]!r}, not {space.name}); embed its clips again"
        )
    for name in priors:
        _check_name(path, name)
    return priors


def _feeling(path: Path, name: str, prior: Prior) -> Feeling:
    from dicetalk.emotion.space import shipped_space

    space = shipped_space()
    like = space.likeness(prior)
    return space.feeling(prior, like, f"{name} of {path.name} resembles {like}", whole=1.0)


def _check_name(path: Path, name: str) -> None:
    try:
        check_own_name(name)
    except EmotionError as error:
        raise EmotionError(f"{path}: {error}") from error
