"""DailyTalk's lines: dialogues of every day, each turn with an emotion and its strength.

Lee et al., "DailyTalk: Spoken Dialogue Dataset for Conversational Text-to-Speech", ICASSP 2023; the lines and their
emotions are DailyDialog's (Li et al., IJCNLP 2017), which may not be used commercially.
"""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dicetalk.arrays import Int64
from dicetalk.errors import InputError

LABELS = {
    "none": "neutral", "happiness": "happy", "surprise": "surprised", "sadness": "sad", "anger": "angry",
    "disgust": "disgusted", "fear": "fear",
}  # fmt: skip
"""Its emotions by our names, in the order of `sources.turns.EMOTIONS`; it has no contempt."""
NAMES = tuple(LABELS)
STRENGTHS = ("1", "2", "3")
COLUMNS = ("dialogue", "turn", "speaker", "emotion", "intensity", "text")


@dataclass(frozen=True, eq=False)
class Lines:
    """The lines of dialogues, one after another.

    Attributes:
        texts: N of them.
        dialogues, speakers: (N,) numbers.
        emotions: (N,) 0 to 6, of `NAMES`.
        strengths: (N,) 0 to 2.
    """

    texts: Sequence[str]
    dialogues: Int64
    speakers: Int64
    emotions: Int64
    strengths: Int64

    def __len__(self) -> int:
        return len(self.texts)

    def folds(self, count: int) -> Int64:
        """Which of some folds each line is in (N,), by the rank of its dialogue's number."""
        ranks = np.unique(self.dialogues, return_inverse=True)[1]
        return np.asarray(ranks % count, np.int64)

    def only(self, chosen: np.ndarray) -> Lines:
        """Some of them (N,), true where they are taken."""
        texts = [text for text, take in zip(self.texts, chosen.tolist(), strict=True) if take]
        rest = (self.dialogues, self.speakers, self.emotions, self.strengths)
        return Lines(texts, *(values[chosen] for values in rest))


def read_lines(path: Path, split: str | None = None) -> Lines:
    """Read a table with the columns `dialogue, turn, speaker, emotion, intensity, text`, in their order.

    Args:
        path: of the table.
        split: whose lines are wanted, by the column `split`; None takes all.

    Raises:
        InputError: it has no such columns, or a value is none of those.
    """
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    if not rows or not set(COLUMNS) <= set(rows[0]):
        raise InputError(f"{path} is no table of lines; expected the columns {', '.join(COLUMNS)}")
    rows = [row for row in rows if split in (None, row.get("split"))]
    try:
        dialogues, speakers = (np.array([int(row[name]) for row in rows], np.int64) for name in ("dialogue", "speaker"))
        strengths = np.array([STRENGTHS.index(row["intensity"]) for row in rows], np.int64)
        emotions = np.array([NAMES.index(row["emotion"]) for row in rows], np.int64)
    except (ValueError, TypeError) as error:
        raise InputError(f"{path} has a value that is none of a line ({error})") from error
    return Lines([row["text"] for row in rows], dialogues, speakers, emotions, strengths)
