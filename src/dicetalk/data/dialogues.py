"""Tables of dialogues whose turns were labelled, and of single sentences, as published.

DailyTalk (Lee et al., 2023, labels of DailyDialog), MELD (Poria et al., 2019): `dialogue,speaker,emotion,text` among
their columns. EmpatheticDialogues (Rashkin et al., 2019): `text,label`, each row a conversation of one turn.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

from dicetalk.data.text_corpora import SITUATIONS, columns_of, read_situations
from dicetalk.emotion.fine import COARSE
from dicetalk.emotion.vocabulary import HEARD, resolve
from dicetalk.errors import EmotionError, InputError


@dataclass(frozen=True)
class Line:
    """One turn.

    Attributes:
        speaker: who says it.
        text: what is said.
        emotion: a number of `HEARD`.
    """

    speaker: str
    text: str
    emotion: int


Dialogue = tuple[Line, ...]


def read_dialogues(path: Path, split: str | None = None) -> list[Dialogue]:
    """The dialogues of a table, in its order.

    Args:
        path: CSV with the columns above.
        split: of its column `split`, where it has one; else all rows are of `train`. None takes all.

    Raises:
        InputError: a column is missing, or an emotion is none of ours.
    """
    if columns_of(path) >= SITUATIONS:
        return _situations(path) if split in (None, "train") else []
    rows = _rows(path)
    if not rows or "dialogue" not in rows[0]:
        raise InputError(f"{path} holds no dialogue; expected a CSV file with columns dialogue, speaker, emotion, text")
    found: dict[str, list[Line]] = {}
    for row in rows:
        if split in (None, row.get("split", "train")):
            found.setdefault(row["dialogue"], []).append(_line(path, row))
    return [tuple(lines) for lines in found.values()]


def _rows(path: Path) -> list[dict[str, str]]:
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file))


def _line(path: Path, row: dict[str, str]) -> Line:
    try:
        return Line(row["speaker"], row["text"], HEARD.index(resolve(row["emotion"])))
    except (KeyError, ValueError, EmotionError) as error:
        expected = "expected dialogue, speaker, emotion, text"
        raise InputError(f"{path} has a row that is not understood ({error}); {expected}") from None


def _situations(path: Path) -> list[Dialogue]:
    """Each a conversation of one turn; jealous, which is none of `HEARD`, is left out."""
    named = ((row.text, COARSE[row.label]) for row in read_situations(path))
    return [(Line("", text, HEARD.index(name)),) for text, name in named if name in HEARD]
