"""An own emotion as it is asked for: `mine.safetensors:tender:0.5`."""

from __future__ import annotations

import re
from collections.abc import Collection
from dataclasses import dataclass
from pathlib import Path

from dicetalk.emotion.timeline import DEFAULT_STRENGTH, parse_strength
from dicetalk.errors import EmotionError

_TEXT = re.compile(r"(.*\.safetensors)((?::[^:]*)*)", re.IGNORECASE | re.DOTALL)


@dataclass(frozen=True)
class OwnEmotion:
    """An emotion of a file, as it is asked for.

    Attributes:
        path: of the file.
        name: which of its emotions; None is the only one.
        strength: 0 is neutral, 1 all of it.
    """

    path: Path
    name: str | None = None
    strength: float = DEFAULT_STRENGTH

    @classmethod
    def parse(cls, text: str) -> OwnEmotion:
        """Read `FILE.safetensors`, with `:NAME`, `:STRENGTH` or `:NAME:STRENGTH` behind it.

        Raises:
            EmotionError: something else, or a strength that is none.
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
        strength = parse_strength(name or found[1], strengths[0]) if strengths else DEFAULT_STRENGTH
        return cls(Path(found[1]), name, strength)

    def choose(self, names: Collection[str]) -> str:
        """Which of a file's emotions is meant.

        Raises:
            EmotionError: none of that name, or no name and several emotions.
        """
        there = ", ".join(sorted(names))
        if self.name is None and len(names) > 1:
            raise EmotionError(f"{self.path} holds {len(names)} emotions; add :NAME, one of: {there}")
        if self.name is not None and self.name not in names:
            raise EmotionError(f"{self.path} holds no emotion {self.name!r}; there are: {there}")
        return self.name or next(iter(names))
