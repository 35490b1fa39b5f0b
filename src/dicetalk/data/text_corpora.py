"""Corpora of text with feelings, as tables: situations of EmpatheticDialogues, turns of DailyTalk."""

from __future__ import annotations

import csv
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from dicetalk.data.dailytalk import COLUMNS, LABELS, read_lines
from dicetalk.emotion.fine import FINE
from dicetalk.errors import InputError

SITUATIONS, TURNS = {"text", "label"}, {*COLUMNS, "split"}
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
    return [Labelled(row["text"], _known(row["label"], path)) for row in _rows(path)]


def read_turns(path: Path, split: str) -> list[Labelled]:
    """The turns of one split of DailyTalk's table, each by itself.

    Raises:
        InputError: it is another one.
    """
    lines, names = read_lines(path, split), tuple(LABELS.values())
    told = zip(lines.texts, lines.emotions.tolist(), lines.dialogues.tolist(), strict=True)
    return [Labelled(text, names[emotion], str(dialogue)) for text, emotion, dialogue in told]


def tables(folders: Sequence[Path]) -> tuple[Path, Path]:
    """The `train.csv` of situations and that of turns, in whichever folder each lies.

    Raises:
        InputError: one is not there.
    """
    found = [folder / "train.csv" for folder in folders if (folder / "train.csv").is_file()]
    by_kind = {kind: [path for path in found if columns <= columns_of(path)] for kind, columns in _KINDS.items()}
    for kind, paths in by_kind.items():
        if len(paths) != 1:
            told = ", ".join(sorted(_KINDS[kind]))
            raise InputError(f"{len(paths)} folders hold a train.csv of {kind}, with the columns {told}; expected one")
    return by_kind["situations"][0], by_kind["turns"][0]


_KINDS = {"situations": SITUATIONS, "turns": TURNS}


def columns_of(path: Path) -> set[str]:
    """The columns of a table."""
    with path.open(newline="", encoding="utf-8") as file:
        return set(csv.DictReader(file).fieldnames or ())


def _rows(path: Path) -> list[dict[str, str]]:
    if lacking := sorted(SITUATIONS - columns_of(path)):
        raise InputError(f"{path} has no column {lacking[0]!r}; expected {', '.join(sorted(SITUATIONS))}")
    with path.open(newline="", encoding="utf-8") as file:
        return list(csv.DictReader(file))


def _known(label: str, path: Path) -> str:
    if label not in FINE:
        raise InputError(f"{path} has the label {label[:40]!r}; expected one of: {', '.join(FINE)}")
    return label
