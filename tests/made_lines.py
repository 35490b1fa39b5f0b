"""Dialogues that tests make: a table of lines in which words tell feelings."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

SAID = {"none": "the train leaves now", "happiness": "thank you this is great", "sadness": "i am sorry he is lost"}


def rows(dialogues: int = 12, turns: int = 6) -> list[dict[str, str]]:
    """Dialogues in which words tell feelings."""
    chance = np.random.default_rng(0)
    found = []
    for dialogue in range(dialogues):
        for turn in range(turns):
            emotion = list(SAID)[chance.integers(3)]
            words = chance.permutation(SAID[emotion].split())
            strength = "1" if emotion == "none" else "2"
            told = {"dialogue": dialogue, "turn": turn, "speaker": turn % 2, "emotion": emotion, "intensity": strength}
            found.append({name: str(value) for name, value in told.items()} | {"text": " ".join(words)})
    return found


def written(path: Path, some: list[dict[str, str]]) -> Path:
    with path.open("w", newline="") as file:
        table = csv.DictWriter(file, list(some[0]))
        table.writeheader()
        table.writerows(some)
    return path
