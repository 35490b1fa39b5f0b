"""Tables of dialogues whose turns were labelled, and of single sentences, as published.

DailyTalk (Lee et al., 2023, labels of DailyDialog), MELD (Poria et al., 2019): `dialogue,speaker,emotion,text` among
their columns. EmpatheticDialogues (Rashkin et al., 2019): `text,label`, each row a conversation of one turn.
"""

from __future__ import annotations

import csv
from dataclasses import dataclass
from pathlib import Path

from dicetalk.emotion.vocabulary import HEARD, resolve
from dicetalk.errors import EmotionError, InputError

FEELINGS = {
    "happy": "joyful excited proud grateful content hopeful confident",
    "surprised": "impressed surprised",
    "fear": "afraid terrified anxious apprehensive",
    "angry": "angry furious annoyed",
    "disgusted": "disgusted",
    "sad": "sad devastated lonely disappointed nostalgic sentimental guilty ashamed embarrassed",
    "neutral": "trusting faithful caring prepared anticipating",
}
"""The labels of EmpatheticDialogues by our names; jealous, which is none of them, is left out."""
_OURS = {label: name for name, labels in FEELINGS.items() for label in labels.split()}


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
    found: dict[str, list[Line]] = {}
    rows = _rows(path)
    single = bool(rows) and "label" in rows[0]
    for number, row in enumerate(rows):
        if split in (None, row.get("split", "train")):
            line = _situation(row) if single else _line(path, row)
            if line is not None:
                found.setdefault(str(number) if single else row["dialogue"], []).append(line)
    if not rows:
        raise InputError(f"{path} holds no dialogue; expected a CSV file with columns dialogue, speaker, emotion, text")
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


def _situation(row: dict[str, str]) -> Line | None:
    name = _OURS.get(row["label"])
    return None if name is None else Line("", row["text"], HEARD.index(name))
