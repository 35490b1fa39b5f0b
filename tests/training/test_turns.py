"""The trainer of turns: it learns what there is to learn, and keeps apart what it must not know."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from made_lines import rows, written

from dicetalk.data.dailytalk import Lines, read_lines
from dicetalk.errors import CheckpointError, InputError
from dicetalk.sources.turns import OUTPUTS, Talk, TurnModel, alone, is_near_known, read_turns, surroundings
from dicetalk.training.recipes import TURNS, recipe, train_by
from dicetalk.training.turns import changes, macro_f1, talk_of, train_turns, write_turns


@pytest.fixture(scope="module")
def lines(tmp_path_factory: pytest.TempPathFactory) -> Lines:
    return read_lines(written(tmp_path_factory.mktemp("lines") / "train.csv", rows()))


@pytest.fixture(scope="module")
def model(lines: Lines) -> TurnModel:
    return train_turns(lines)


@pytest.mark.slow
def test_it_learns_a_handful_by_heart(lines: Lines, model: TurnModel) -> None:
    logits, leans = model(talk_of(lines, np.zeros(len(lines), bool)))
    chosen = (logits + leans)[:, :7].argmax(axis=1)
    assert (chosen == lines.emotions).mean() > 0.95
    assert ((logits + leans)[:, 7:].argmax(axis=1) == lines.strengths).mean() > 0.95


def test_the_recipe_writes_what_is_read_back(lines: Lines, model: TurnModel, tmp_path: Path) -> None:
    folder = tmp_path / "data"
    folder.mkdir()
    written(folder / "train.csv", rows())
    out = train_by(recipe("turns"), [folder], tmp_path / "out")
    assert (out / "card.md").read_text().startswith("Not for commercial use")
    again = read_turns(out / "turns.safetensors")
    talk = talk_of(lines, np.zeros(len(lines), bool))
    np.testing.assert_allclose(model(talk)[0], again(talk)[0], atol=1e-4)


def test_tables_that_are_none(tmp_path: Path) -> None:
    good = rows(1, 2)
    for some in (
        [{"a": "b"}],
        [good[0] | {"emotion": "joy"}],
        [good[0] | {"speaker": "x"}],
        [good[0] | {"intensity": "4"}],
    ):
        with pytest.raises(InputError):
            read_lines(written(tmp_path / "train.csv", some))
    with pytest.raises(InputError, match="expected one"):
        train_by(TURNS, [tmp_path, tmp_path], tmp_path / "out")


def test_a_damaged_model_is_told(tmp_path: Path, model: TurnModel) -> None:
    write_turns(tmp_path / "turns.safetensors", model)
    whole = (tmp_path / "turns.safetensors").read_bytes()
    for data in (b"", whole[:100], whole[:-10], b"{}" * 50):
        (tmp_path / "turns.safetensors").write_bytes(data)
        with pytest.raises(CheckpointError, match="get or write it again"):
            read_turns(tmp_path / "turns.safetensors")


def test_dialogues_know_nothing_of_each_other(lines: Lines) -> None:
    """In one go or one by one: the same rows. And their order does not matter."""
    guesses = np.random.default_rng(1).normal(size=(len(lines), OUTPUTS))
    known = np.random.default_rng(2).random(len(lines)) < 0.4
    together = surroundings(talk_of(lines, known), guesses)
    for number in (0, 5, 11):
        mine = lines.dialogues == number
        np.testing.assert_allclose(surroundings(talk_of(lines.only(mine), known[mine]), guesses[mine]), together[mine])


def test_nothing_is_told_of_the_line_itself_nor_of_later_ones(lines: Lines) -> None:
    guesses = np.zeros((len(lines), OUTPUTS))
    nothing, one = np.zeros(len(lines), bool), np.zeros(len(lines), bool)
    one[3] = True
    plain, told = (surroundings(talk_of(lines, some), guesses) for some in (nothing, one))
    moved = np.flatnonzero((plain != told).any(axis=1))
    assert moved.tolist() == [0, 1, 2, 4, 5]
    assert np.flatnonzero(is_near_known(talk_of(lines, one))).tolist() == [0, 1, 2, 4, 5]
    ahead = surroundings(talk_of(lines, one), guesses, ahead=False)
    assert np.flatnonzero((plain != ahead).any(axis=1)).tolist() == [4, 5]
    np.testing.assert_array_equal(alone(talk_of(lines, one), guesses), alone(talk_of(lines, nothing), guesses))


def test_a_first_turn_alone() -> None:
    talk = Talk(["hello"], np.zeros(1, np.int64), np.zeros((1, 7)), np.zeros((1, 3)))
    assert np.isfinite(surroundings(talk, np.zeros((1, OUTPUTS)))).all()


def test_measures() -> None:
    labels, chosen = np.array([0, 0, 1, 1]), np.array([0, 0, 0, 1])
    assert macro_f1(labels, chosen, 3) == pytest.approx((0.8 + 2 / 3 + 0) / 3)
    told = Lines([""] * 4, np.array([0, 0, 0, 1]), np.array([0, 1, 0, 0]), labels, labels)
    assert changes(labels, told) == 1.0  # of speaker 0 in dialogue 0
