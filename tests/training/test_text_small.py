"""The light encoder learns from a few made lines."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest

from dicetalk.data.own_lines import own_lines
from dicetalk.data.text_corpora import Labelled, read_situations, read_turns, tables
from dicetalk.emotion.vocabulary import NAMES
from dicetalk.errors import InputError
from dicetalk.training.gram_layer import Layer
from dicetalk.training.softmax_regression import Descent
from dicetalk.training.text_small import TextRecipe, train_text, trained
from dicetalk.words.encoder import load_encoder

QUICK = TextRecipe(least=(2, 2), layer=Layer(units=4, passes=3), stories=Descent(penalty=1e-6, passes=40), judged=3)
FELT = {"sad": "lost", "joyful": "won", "furious": "shouted", "terrified": "screamed"}


def situations() -> list[Labelled]:
    things = ("dog", "race", "letter", "boat", "house")
    return [Labelled(f"Yesterday I {verb} at the {thing}.", fine) for thing in things for fine, verb in FELT.items()]


def turns() -> list[Labelled]:
    said = [("which bus goes to town?", "neutral"), ("that is great!", "happy"), ("how awful.", "sad")]
    return [Labelled(text, name, str(dialogue)) for dialogue in range(8) for text, name in said]


def test_it_learns_a_handful() -> None:
    encoder = trained(situations(), turns(), own_lines(0, 60, 20, 10), QUICK)
    read = encoder.read(["Yesterday I won at the race.", "which bus goes to town?", "that is great!"])
    assert [NAMES[int(reading.weights.argmax())] for reading in read] == ["happy", "neutral", "happy"]
    assert "won" in {read[0].words[int(np.argmax(read[0].moved))], read[0].words[2]}


def test_the_same_seed_learns_the_same() -> None:
    one, other = (trained(situations(), turns(), own_lines(0, 30, 10, 5), QUICK) for _ in range(2))
    assert all(np.array_equal(value, getattr(other, name)) for name, value in vars(one).items())


@pytest.mark.slow
def test_from_tables_to_a_folder(tmp_path: Path) -> None:
    folders = written(tmp_path)
    encoder = load_encoder(train_text(folders, tmp_path / "run", QUICK))
    assert encoder.read(["I won."])[0].weights.sum() == pytest.approx(1)


def test_a_folder_without_a_corpus(tmp_path: Path) -> None:
    _, second = written(tmp_path)
    with pytest.raises(InputError, match=r"0 folders hold a train\.csv of situations"):
        tables([second])


def test_a_label_that_is_none(tmp_path: Path) -> None:
    file = tmp_path / "train.csv"
    file.write_text("text,label\nI lost,blue\n")
    with pytest.raises(InputError, match="has the label 'blue'"):
        read_situations(file)


def test_a_split_of_the_turns(tmp_path: Path) -> None:
    _, folder = written(tmp_path)
    assert len(read_turns(folder / "train.csv", "train")) == len(turns())
    assert read_turns(folder / "train.csv", "dev") == []


def written(folder: Path) -> list[Path]:
    """Both corpora as tables."""
    names = {"neutral": "none", "happy": "happiness", "sad": "sadness"}
    tables: dict[str, list[tuple[object, ...]]] = {
        "told": [("text", "label"), *((row.text, row.label) for row in situations())],
        "said": [
            ("split", "dialogue", "turn", "speaker", "emotion", "intensity", "text"),
            *(("train", row.group, 0, 0, names[row.label], 1, row.text) for row in turns()),
        ],
    }
    for name, rows in tables.items():
        (folder / name).mkdir()
        with (folder / name / "train.csv").open("w", newline="") as file:
            csv.writer(file).writerows(rows)
    return [folder / name for name in tables]
