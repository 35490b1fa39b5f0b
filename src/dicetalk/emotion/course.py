"""Course: moments of one or several speakers, and what is felt in each; as JSON, as timelines, as a picture."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dicetalk.emotion.colours import COLOURS
from dicetalk.emotion.feeling import Feeling
from dicetalk.emotion.moments import LEAST_CONFIDENCE, Moment, draw_up
from dicetalk.emotion.timeline import Timeline
from dicetalk.emotion.vocabulary import NAMES
from dicetalk.errors import EmotionError
from dicetalk.files import whole

DIGITS = 4
"""Of a share as it is told."""


@dataclass(frozen=True, eq=False)
class Course:
    """What is felt in the course of a script, a conversation, a row of pictures.

    Attributes:
        moments: in the order of time; those of one speaker do not overlap.
        feelings: one a moment.
        more: what else a source tells of each moment, as JSON holds it; empty where there is nothing.
        lacks: what the source could not hear or see, in one line; "" where nothing is missing.
        warnings: what did not stop the work, one line each.
        least: of confidence; what is less sure counts as neutral.

    Raises:
        EmotionError: there is no moment, or there are not as many feelings.
    """

    moments: Sequence[Moment]
    feelings: Sequence[Feeling]
    more: Sequence[dict[str, Any]] = ()
    lacks: str = ""
    warnings: tuple[str, ...] = ()
    least: float = LEAST_CONFIDENCE

    def __post_init__(self) -> None:
        if len(self.moments) != len(self.feelings) or not self.moments:
            raise EmotionError(
                f"{len(self.moments)} moments and {len(self.feelings)} feelings; expected as many, one at least"
            )

    @property
    def speakers(self) -> tuple[str, ...]:
        """Their names, in the order in which they first speak; "" is one whose name is not known."""
        return tuple(dict.fromkeys(moment.speaker for moment in self.moments))

    def timeline(self, speaker: str) -> Timeline:
        """What one speaker feels.

        Raises:
            EmotionError: nobody of that name speaks.
        """
        mine = [pair for pair in zip(self.moments, self.feelings, strict=True) if pair[0].speaker == speaker]
        if not mine:
            raise EmotionError(f"nobody called {speaker[:40]!r} speaks; expected one of: {', '.join(self.speakers)}")
        moments, feelings = zip(*mine, strict=True)
        drawn = draw_up(moments, feelings, least=self.least)
        return Timeline(drawn.keys, drawn.fade, self.lacks, self.warnings)

    def to_json(self) -> list[dict[str, Any]]:
        """An object a moment: when, who, what was said, what is felt, how strongly, how surely and why."""
        more = self.more or [{} for _ in self.moments]
        return [
            {"start": moment.start, "end": moment.end, "speaker": moment.speaker, "text": moment.text}
            | extra
            | told(feeling)
            for moment, feeling, extra in zip(self.moments, self.feelings, more, strict=True)
        ]


def told(feeling: Feeling) -> dict[str, Any]:
    """A feeling as JSON holds it: all its numbers, by name."""
    return {
        "weights": {name: round(weight, DIGITS) for name, weight in zip(NAMES, feeling.weights, strict=True)},
        "intensity": round(feeling.intensity, DIGITS),
        "confidence": round(feeling.confidence, DIGITS),
        "why": feeling.why,
    }


STEP = 0.1
"""Between the points of a curve [s]."""
INCHES_A_SECOND = 0.4
NARROWEST, WIDEST = 8.0, 60.0
"""Of a picture [inches]."""


def plot_course(path: Path, course: Course) -> None:
    """Draw the course of every speaker's feelings into a PNG, one above the other; needs matplotlib.

    Raises:
        MediaError: the file cannot be written.
    """
    import numpy as np
    from matplotlib.figure import Figure

    end = max(moment.end for moment in course.moments)
    width = float(np.clip(INCHES_A_SECOND * end, NARROWEST, WIDEST))
    figure = Figure(figsize=(width, 1 + 2.2 * len(course.speakers)), layout="constrained")
    rows = figure.subplots(len(course.speakers), 1, sharex=True, squeeze=False)[:, 0]
    times = np.arange(0, end + 2 * STEP, STEP)
    for row, speaker in zip(rows, course.speakers, strict=True):
        mixture = course.timeline(speaker).at(times)
        row.stackplot(times, mixture[:, 1:].T, labels=NAMES[1:], colors=[COLOURS[name] for name in NAMES[1:]])
        for moment in course.moments:
            if moment.speaker == speaker:
                row.axvspan(moment.start, moment.end, ymax=0.03, color="black", alpha=0.6, linewidth=0)
        row.set(ylim=(0, 1), ylabel=_printable(speaker) or "felt")
    figure.legend(*rows[0].get_legend_handles_labels(), loc="outside upper center", ncols=len(NAMES) - 1, fontsize=7)
    rows[-1].set_xlabel("s")
    with whole(path) as hidden:
        figure.savefig(hidden, format="png", dpi=100)


def _printable(name: str) -> str:
    """A name as a label: matplotlib would read what stands between dollars as mathematics."""
    return name[:24].replace("$", r"\$")
