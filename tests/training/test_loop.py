"""The loop and stage 1: resuming equals an uninterrupted run bit for bit; options; a run that learns."""

from __future__ import annotations

import csv
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import pytest
import torch
from learning import TINY, Line, files, steps_done
from safetensors import SafetensorError
from safetensors.numpy import load_file
from safetensors.torch import save_file

from dicetalk.config import changed, to_plain
from dicetalk.emotion.embedder import StreamEncoder
from dicetalk.emotion.priors import read_priors
from dicetalk.errors import CheckpointError, ConfigError, InputError, MediaError
from dicetalk.training.loop import LoopOptions, schedule, train
from dicetalk.training.recipes import EMBEDDER_SMALL, recipe
from dicetalk.training.stage1_embedder import load_embedder, train_embedder


def test_resuming_is_an_uninterrupted_run(tmp_path: Path) -> None:
    options = LoopOptions(steps=25, save_every=10)
    train(Line(), options, tmp_path / "whole")

    @dataclass
    class StoppedError(Exception):
        at: list[int] = field(default_factory=list)

    def stop(done: int, total: int) -> None:
        if done == 17:
            raise StoppedError

    with pytest.raises(StoppedError):
        train(Line(), options, tmp_path / "parts", stop)
    assert steps_done(tmp_path / "parts") == 10
    seen: list[int] = []
    train(Line(), options, tmp_path / "parts", lambda done, _: seen.append(done))
    assert seen == list(range(11, 26))
    assert files(tmp_path / "parts") == files(tmp_path / "whole")
    assert (tmp_path / "parts" / "curves.png").stat().st_size > 1000


def test_a_full_disk_keeps_the_last_good_state(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """And with room again the run goes on to the same end."""
    options = LoopOptions(steps=9, save_every=3)
    train(Line(), options, tmp_path / "whole")
    saved: list[object] = []

    def save(tensors: dict[str, torch.Tensor], hidden: Path) -> None:
        saved.append(hidden)
        save_file(tensors, hidden)
        if len(saved) == 2:
            hidden.write_bytes(hidden.read_bytes()[:100])
            raise SafetensorError("Error while serializing: I/O error: No space left on device (os error 28)")

    monkeypatch.setattr("dicetalk.modules.save_file", save)
    with pytest.raises(MediaError, match=r"no space left on .*; make room"):
        train(Line(), options, tmp_path / "parts")
    assert steps_done(tmp_path / "parts") == 3 and not list((tmp_path / "parts").glob(".*"))
    train(Line(), options, tmp_path / "parts")
    assert files(tmp_path / "parts") == files(tmp_path / "whole")


def test_it_learns_and_leaves_the_world_as_it_was(tmp_path: Path) -> None:
    torch.manual_seed(5)
    before = torch.get_rng_state()
    task = Line()
    torch.set_rng_state(before)
    train(task, LoopOptions(steps=300, rate=3e-2, decay=0, warmup=10), tmp_path)
    assert torch.equal(torch.get_rng_state(), before)
    with (tmp_path / "curves.csv").open() as file:
        losses = [float(row["loss"]) for row in csv.DictReader(file)]
    assert len(losses) == 300 and np.mean(losses[-20:]) < 0.2 * np.mean(losses[:20])


def test_the_state_of_another_network(tmp_path: Path) -> None:
    train(Line(), LoopOptions(steps=2), tmp_path)
    with pytest.raises(CheckpointError, match="another network"):
        train(Line(width=5), LoopOptions(steps=4), tmp_path)


def test_the_rate_rises_and_falls() -> None:
    options = LoopOptions(steps=100, warmup=10)
    rates = [schedule(step, options) for step in range(100)]
    assert max(rates) == pytest.approx(1, abs=0.03) and rates.index(max(rates)) == 9
    assert rates[0] < 0.11 and rates[-1] < 0.001


def test_options_by_name() -> None:
    found = changed(EMBEDDER_SMALL, ["loop.steps=7", "sizes.dropout=0.3", "held_out=a, b", "loop.rate=1e-4"])
    assert (found.loop.steps, found.sizes.dropout, found.held_out, found.loop.rate) == (7, 0.3, ("a", "b"), 1e-4)
    assert EMBEDDER_SMALL.loop.steps != 7
    assert to_plain(found)["held_out"] == ["a", "b"]


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("loop.step=7", "did you mean 'steps'"),
        ("steps", "sets nothing"),
        ("loop=7", "loop.steps"),
        ("loop.steps=x", "not a number"),
        ("loop.steps=1.5", "not a number"),
        ("frames.x=7", "single value"),
    ],
)
def test_options_that_are_wrong(text: str, told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        changed(EMBEDDER_SMALL, [text])


def test_recipes_by_name() -> None:
    assert recipe("embedder-small") is EMBEDDER_SMALL
    with pytest.raises(ConfigError, match="embedder-small"):
        recipe("embedder-smal")


def test_stage_1_learns_and_its_checkpoint_loads(tiny_embedder: Path) -> None:
    with (tiny_embedder / "curves.csv").open() as file:
        losses = [float(row["loss"]) for row in csv.DictReader(file)]
    assert np.mean(losses[-10:]) < 0.6 * np.mean(losses[:5])
    assert {"neutral", "happy", "sad", "sad@0.8"} == set(read_priors(tiny_embedder / "priors.safetensors")) - {
        "neutral@0.8",
        "happy@0.8",
    }
    net = load_embedder(tiny_embedder)
    assert not net.training and net.sizes == TINY.sizes
    assert isinstance(net.hearing, StreamEncoder)
    assert net.hearing.mean.abs().sum() > 0 and not (net.motion.scale == 1).all()
    hearing = {f"hearing.{name}" for name in load_file(tiny_embedder / "hearing" / "hearing.safetensors")}
    assert set(load_file(tiny_embedder / "embedder.safetensors")) | hearing == set(net.state_dict())
    assert not set(load_file(tiny_embedder / "embedder.safetensors")) & hearing


@pytest.mark.slow
def test_stage_1_resumes_bit_for_bit(prepared: Path, tmp_path: Path) -> None:
    recipe = replace(TINY, loop=replace(TINY.loop, steps=40))
    train_embedder([prepared], tmp_path / "whole", recipe)

    def stop(done: int, total: int) -> None:
        if done == 25:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_embedder([prepared], tmp_path / "parts", recipe, stop)
    train_embedder([prepared], tmp_path / "parts", recipe)
    assert files(tmp_path / "parts") == files(tmp_path / "whole")


def test_nobody_to_learn_from(prepared: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="fewer than two people"):
        train_embedder([prepared], tmp_path, replace(TINY, held_out=("ann", "bob", "cid")))
