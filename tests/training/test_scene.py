"""The network of scenes learns; what runs without torch gives the same."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch

from dicetalk.data.drawn_scenes import draw_scenes
from dicetalk.errors import ConfigError
from dicetalk.scene.graph import open_graph
from dicetalk.training.loop import LoopOptions
from dicetalk.training.recipes import SCENE_SMALL, train_by
from dicetalk.training.scene import SceneNet, SceneRecipe, SceneTask, as_tensors

SCENES = [*draw_scenes(24, 5, frozenset())]
HELD = as_tensors(SCENES)
TINY = SceneRecipe(loop=LoopOptions(steps=120, rate=1e-2, warmup=5, decay=0.0, save_every=500), width=16, batch=24)


def fresh(recipe: SceneRecipe = TINY) -> SceneTask:
    return SceneTask(recipe, HELD, HELD, HELD)


def test_both_runtimes_give_the_same(tmp_path: Path) -> None:
    recipe = replace(TINY, scenes=30, measured=10, loop=LoopOptions(steps=2, save_every=2))
    open_graph(train_by(recipe, [], tmp_path / "run"))
    task = SceneTask(recipe, HELD, HELD, HELD)
    from dicetalk.training.scene import write_scene

    write_scene(tmp_path / "run", task)
    graph = open_graph(tmp_path / "run")
    with torch.no_grad():
        wanted = task.net(HELD.light, HELD.words, HELD.looks, HELD.there).softmax(1).numpy()
    for row in range(len(HELD)):
        there = HELD.there[row]
        given = HELD.light[row].numpy(), HELD.words[row, there].numpy(), HELD.looks[row, there].numpy()
        np.testing.assert_allclose(graph(*given).shares, wanted[row], atol=1e-5)


def test_a_handful_is_learned_by_heart() -> None:
    task, generator = fresh(), torch.Generator().manual_seed(0)
    optimiser = torch.optim.Adam(task.net.parameters(), 1e-2)
    for _ in range(150):
        optimiser.zero_grad()
        task.losses(generator)["loss"].backward()
        optimiser.step()
    assert task.right(HELD) == 1.0


def test_every_parameter_gets_a_gradient() -> None:
    task = fresh()
    task.losses(torch.Generator().manual_seed(0))["loss"].backward()
    for name, parameter in task.net.named_parameters():
        assert parameter.grad is not None and bool(parameter.grad.abs().sum() > 0), name


def test_neither_batch_nor_padding_nor_order_changes_anything() -> None:
    net = fresh().net.eval()
    row = next(row for row in range(len(HELD)) if int(HELD.there[row].sum()) == 3)
    some = HELD.part(torch.tensor([row]))
    with torch.no_grad():
        whole = net(HELD.light, HELD.words, HELD.looks, HELD.there)[row]
        alone = net(some.light, some.words[:, :3], some.looks[:, :3], some.there[:, :3])[0]
        turned = net(some.light, some.words[:, [2, 0, 1]], some.looks[:, [2, 0, 1]], some.there[:, :3])[0]
    torch.testing.assert_close(whole, alone)
    torch.testing.assert_close(alone, turned)


@pytest.mark.parametrize("sees", ["bag", "scene"])
def test_plain_networks_do_not_see_what_they_must_not(sees: str) -> None:
    net = SceneNet(replace(TINY, sees=sees)).eval()  # type: ignore[arg-type]
    other = HELD.looks.flip(0) if sees == "bag" else HELD.looks
    words = HELD.words if sees == "bag" else HELD.words.flip(0)
    with torch.no_grad():
        torch.testing.assert_close(
            net(HELD.light, HELD.words, HELD.looks, HELD.there), net(HELD.light, words, other, HELD.there)
        )


def test_data_and_recipes_that_do_not_fit(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match="scenes to learn from are drawn"):
        train_by(SCENE_SMALL, [tmp_path], tmp_path / "run")
    with pytest.raises(ConfigError, match="1 or more"):
        SceneRecipe(scenes=0)
