"""An emotion that somebody typed or made in Python: names, mixtures, timelines, own emotions."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from dicetalk.emotion.timeline import Timeline
from dicetalk.speech import Hearing


@dataclass(frozen=True)
class Typed:
    """Feels what was asked for, whatever is said.

    Attributes:
        timeline: what was asked for.
        files: none.
        listens: not at all.
    """

    timeline: Timeline
    files: tuple[Path, ...] = ()
    listens: bool = False

    def feel(self, speech: Hearing) -> Timeline:
        """What was asked for."""
        return self.timeline
