"""Corpora of text with feelings, as tables: situations of EmpatheticDialogues, turns of DailyTalk."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dicetalk.emotion.fine import FINE
from dicetalk.errors import InputError

TURN_NAMES = {
    "none": "neutral", "happiness": "happy", "sadness": "sad", "anger": "angry", "disgust": "disgusted", "fear": "fear",
    "surprise": "surprised",
}  # fmt: skip
"""How DailyTalk calls the eight; it has no contempt."""
SITUATIONS, TURNS = {"text", "label"}, {"text", "emotion", "dialogue", "split"}
"""Columns of the one and of the other."""


@dataclass(frozen=True)
class Labelled:
    """A text and what is felt in it.

    Attributes:
        text: what is told or said.
        label: one of `FINE` of a situation, one of `NAMES` of a turn.
        group: what must not be torn apart between training and judging: a dialogue; "" of a situation.
    """

    text: str
    label: str
    group: str = ""


def read_situations(path: Path) -> list[Labelled]:
    """A table `text,label` with the 32 labels.

    Raises:
        InputError: it is another one.
    """
    return [Labelled(row["text"], _known(row["label"], FINE, path)) for row in _rows(path, SITUATIONS)]


def read_turns(path: Path, split: str) -> list[Labelled]:
    """The turns of one split of a table `split,dialogue,turn,speaker,emotion,intensity,text`.

    Raises:
        InputError: it is another one.
    """
    rows = [row for row in _rows(path, TURNS) if row["split"] == split]
    return [
        Labelled(row["text"], TURN_NAMES[_known(row["emotion"], tuple(TURN_NAMES), path)], row["dialogue"])
        for row in rows
    ]


def tables(folders: Sequence[Path]) -> tuple[Path, Path]:
    """The `train.csv` of situations and that of turns, in whichever folder each lies.

    Raises:
        InputError: one is not there.
    """
    found = [folder / "train.csv" for folder in folders if (folder / "train.csv").is_file()]
    by_kind = {kind: [path for path in found if columns <= _columns(path)] for kind, columns in _KINDS.items()}
    for kind, paths in by_kind.items():
        if len(paths) != 1:
            told = ", ".join(sorted(_KINDS[kind]))
            raise InputError(f"{len(paths)} folders hold a train.csv of {kind}, with the columns {told}; expected one")
    return by_kind["situations"][0], by_kind["turns"][0]


_KINDS = {"situations": SITUATIONS, "turns": TURNS}


def _columns(path: Path) -> set[str]:
    with path.open(newline="", encoding="utf-8") as file:
        return set(csv.DictReader(file).fieldnames or ())


def _rows(path: Path, columns: set[str]) -> list[dict[str, str]]:
    with path.open(newline="", encoding="utf-8") as file:
        table = csv.DictReader(file)
        lacking = sorted(columns - set(table.fieldnames or ()))
        if lacking:
            raise InputError(f"{path} has no column {lacking[0]!r}; expected {', '.join(sorted(columns))}")
        return list(table)


def _known(label: str, labels: Sequence[str], path: Path) -> str:
    if label not in labels:
        raise InputError(f"{path} has the label {label[:40]!r}; expected one of: {', '.join(labels)}")
    return label
