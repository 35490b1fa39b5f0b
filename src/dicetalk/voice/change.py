"""How far a voice was moved, as it is told."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any


@dataclass(frozen=True)
class Change:
    """How far a voice was moved towards one emotion.

    Attributes:
        emotion: its name.
        asked: strength, where it is asked for most.
        amount: how far the voice was moved there, 0 to `manners.MOST`.
        before: strength that was heard in the recording.
        heard: strength that is heard now.
    """

    emotion: str
    asked: float
    amount: float
    before: float
    heard: float

    def to_json(self) -> dict[str, Any]:
        """The same as what JSON can hold."""
        numbers = {name: round(getattr(self, name), 3) for name in ("asked", "amount", "before", "heard")}
        return {"emotion": self.emotion, **numbers}

    def __str__(self) -> str:
        """In a few words."""
        return f"{self.emotion} {self.asked:.2f}, heard {self.heard:.2f} (before {self.before:.2f})"
