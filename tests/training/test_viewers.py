"""The network of viewers learns: by heart what there is, with every parameter, and whatever the padding."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from affec_like import write_affec

from dicetalk.data.affec import read_affec
from dicetalk.errors import ConfigError
from dicetalk.modules import read_tensors
from dicetalk.training.loop import LoopOptions
from dicetalk.training.recipes import train_by
from dicetalk.training.viewer_net import ViewerNet, ViewerSizes, Viewing, chances, ordinal_loss
from dicetalk.training.viewers import Usual, ViewerRecipe, ViewerTask, macro_f1

SIZES = ViewerSizes(stream=16, still=8, fused=32, heads=2, dropout=0.0)
TINY = ViewerRecipe(loop=LoopOptions(steps=3, save_every=3), sizes=SIZES, batch=8, held_out=2)


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_affec(tmp_path_factory.mktemp("affec") / "affec", viewers=4, clips=6)


@pytest.fixture(params=["gru", "transformer"])
def recipe(request: pytest.FixtureRequest) -> ViewerRecipe:
    return replace(TINY, sizes=replace(SIZES, encoder=request.param))


def some(sizes: ViewerSizes, count: int = 5, seed: int = 0) -> tuple[ViewerNet, Viewing]:
    torch.manual_seed(seed)
    given = Viewing(
        torch.randn(count, 12, 4), torch.randn(count, 12, 4), torch.randint(4, 12, (count,)), torch.randn(count, 5),
        torch.randint(0, 3, (count,)), torch.randint(0, 3, (count, 4)),
    )  # fmt: skip
    return ViewerNet(sizes, 3).eval(), given


@pytest.mark.slow
def test_trials_are_learned_by_heart(recipe: ViewerRecipe, folder: Path) -> None:
    task, generator = ViewerTask(recipe, read_affec(folder)), torch.Generator().manual_seed(0)
    optimiser = torch.optim.Adam(task.net.parameters(), 2e-2)
    for _ in range(100):
        optimiser.zero_grad()
        ordinal_loss(task.net(task.known), task.known.answers).backward()
        optimiser.step()
    assert (task.guesses(task.known) == task.known.answers.numpy()).mean() > 0.98
    assert float(task.losses(generator)["loss"].detach()) < 0.15


def test_every_parameter_gets_a_gradient(recipe: ViewerRecipe, folder: Path) -> None:
    task = ViewerTask(recipe, read_affec(folder))
    ordinal_loss(task.net(task.known), task.known.answers).backward()
    for name, parameter in task.net.named_parameters():
        assert parameter.grad is not None, name
        used = parameter.grad[1:] if name == "stimulus.weight" else parameter.grad  # the first is a clip not told of
        assert bool(used.abs().sum() > 0), name


def test_neither_padding_nor_company_changes_anything(recipe: ViewerRecipe) -> None:
    net, given = some(recipe.sizes)
    with torch.no_grad():
        whole = net(given)
        for row in range(len(given)):
            alone = given.part(torch.tensor([row]))
            length = int(alone.lengths)
            cut = replace(alone, gaze=alone.gaze[:, :length], pupils=alone.pupils[:, :length])
            torch.testing.assert_close(net(cut)[0], whole[row], atol=1e-5, rtol=1e-4)


def test_bins_are_in_order_and_their_chances_add_up(recipe: ViewerRecipe) -> None:
    net, given = some(recipe.sizes)
    with torch.no_grad():
        shares = chances(net(given))
    assert shares.shape == (5, 4, 3) and bool((shares >= 0).all())
    torch.testing.assert_close(shares.sum(-1), torch.ones(5, 4))
    assert bool((net.thresholds().diff(dim=1) > 0).all())


def test_far_off_costs_more_than_near() -> None:
    sure = torch.tensor([[[6.0, 6.0]]])  # high
    near, far = (float(ordinal_loss(sure, torch.tensor([[answer]]))) for answer in (1, 0))
    assert float(ordinal_loss(sure, torch.tensor([[2]]))) < near < far


def test_viewers_are_told_apart(folder: Path) -> None:
    trials = read_affec(folder)
    task = ViewerTask(TINY, trials)
    assert len(task.known) == len(task.others) == 12
    learned = [trial for trial in trials if trial.viewer in ("sub-b", "sub-d")]
    np.testing.assert_array_equal(task.usual.edges, Usual.of(learned).edges)
    with pytest.raises(ConfigError, match="expected at least two"):
        ViewerTask(TINY, trials[:6])


def test_a_network_that_is_not_told_the_clip_does_not_know_it(folder: Path) -> None:
    task = ViewerTask(replace(TINY, told=False), read_affec(folder))
    assert int(task.known.stimulus.abs().sum()) == 0
    assert ViewerTask(TINY, read_affec(folder)).table.tolist() == task.table.tolist()  # the table is always told


def test_the_table_knows_what_follows_from_the_label(folder: Path) -> None:
    figures = ViewerTask(TINY, read_affec(folder)).validation()
    assert figures["table_perceived_arousal"] == figures["table_perceived_valence"] == 1.0


def test_f1_is_the_mean_over_bins_that_come() -> None:
    true = np.array([0, 0, 2, 2])
    assert macro_f1(true, true) == 1
    assert macro_f1(true, np.array([0, 0, 0, 2])) == pytest.approx((0.8 + 2 / 3) / 2)


def test_trained_it_leaves_a_checkpoint(folder: Path, tmp_path: Path) -> None:
    out = train_by(TINY, [folder], tmp_path / "run")
    told = json.loads((out / "config.json").read_text())
    assert told["kind"] == "viewers" and told["labels"] == ["angry", "happy", "neutral"]
    assert 0 <= told["f1"]["felt_valence"] <= 1
    ViewerNet(SIZES, 4).load_state_dict(read_tensors(out / "viewers.safetensors"))
    with pytest.raises(ConfigError, match="AFFEC lies in one folder; found 2"):
        train_by(TINY, [folder, folder], tmp_path / "other")


@pytest.mark.parametrize("wrong", [{"stream": 0}, {"heads": 3}, {"encoder": "lstm"}, {"dropout": 1.0}])
def test_sizes_that_make_no_network_are_refused(wrong: dict[str, object]) -> None:
    with pytest.raises(ConfigError):
        replace(SIZES, **wrong)  # type: ignore[arg-type]
