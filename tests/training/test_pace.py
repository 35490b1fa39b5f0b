"""How fast a run learns, and losses that are scaled: what is told of each step, and what is left out."""

from __future__ import annotations

import csv
import math
from pathlib import Path

import pytest
import torch
from learning import Line, files
from safetensors.torch import load_file

from dicetalk.errors import ConfigError
from dicetalk.training.loop import STATE, LoopOptions, train
from dicetalk.training.pace import COLUMNS, peak_memory

OPTIONS = LoopOptions(steps=6, save_every=2, warmup=1)


class Half(Line):
    """The same, its losses scaled; its gradient is out of range at some scale."""

    is_scaled = True
    samples = 16
    worst = 0.0

    def losses(self, generator: torch.Generator) -> dict[str, torch.Tensor]:
        told = super().losses(generator)
        if self.worst:
            told["loss"].register_hook(lambda grad: grad * math.inf if float(grad) > self.worst else grad)
        return told


def test_every_step_has_its_pace(tmp_path: Path) -> None:
    train(Half(), OPTIONS, tmp_path)
    train(Half(), LoopOptions(steps=8, save_every=2, warmup=1), tmp_path)
    with (tmp_path / "pace.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert tuple(rows[0]) == COLUMNS and [int(row["step"]) for row in rows] == list(range(8))
    for row in rows:
        assert float(row["samples a second"]) == pytest.approx(16 / float(row["seconds"]), rel=1e-2)
        assert 0.05 < float(row["peak memory so far [GB]"]) < 100
    assert peak_memory(torch.device("cpu")) > 5e7


def test_scaled_losses_learn_the_same_and_go_on_exactly(tmp_path: Path) -> None:
    plain, scaled = Line(), Half()
    train(plain, OPTIONS, tmp_path / "plain")
    train(scaled, OPTIONS, tmp_path / "whole")
    for one, other in zip(plain.net.parameters(), scaled.net.parameters(), strict=True):
        torch.testing.assert_close(one, other, rtol=1e-5, atol=1e-6)  # powers of two in between

    def stop(done: int, _total: int) -> None:
        if done == 3:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train(Half(), OPTIONS, tmp_path / "parts", stop)
    train(Half(), OPTIONS, tmp_path / "parts")
    assert files(tmp_path / "parts") == files(tmp_path / "whole")
    assert load_file(tmp_path / "parts" / STATE)["scaler.scale"] == 65536


def test_a_gradient_out_of_range_is_left_out_and_the_scale_falls(tmp_path: Path) -> None:
    task = Half()
    task.worst = 65536 / 4
    before = [parameter.clone() for parameter in task.net.parameters()]
    train(task, LoopOptions(steps=2, warmup=1), tmp_path)
    assert all(torch.equal(*pair) for pair in zip(before, task.net.parameters(), strict=True))
    train(task, OPTIONS, tmp_path / "more")
    with (tmp_path / "more" / "curves.csv").open() as file:
        rows = list(csv.DictReader(file))
    assert [float(row["gradient"]) > 0 for row in rows] == [False, False, True, True, True, True]
    assert [float(row["scale"]) for row in rows] == [32768, *[16384] * 5]


def test_what_is_out_of_range_at_any_scale_is_told(tmp_path: Path) -> None:
    task = Half()
    task.worst = 1e-9
    with pytest.raises(ConfigError, match="at any scale; use precision=bfloat16"):
        train(task, LoopOptions(steps=100, save_every=100), tmp_path)
