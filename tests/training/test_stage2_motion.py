"""Stage 2 of the motion backbone at tiny size: it learns, all of it, and only from what it may see."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from acted_passages import made_up, write_acted

from dicetalk.checkpoints import write_config
from dicetalk.config import changed
from dicetalk.diffusion.channels import AHEAD, BACK, MOTION
from dicetalk.diffusion.checkpoint import read_model
from dicetalk.diffusion.model import MotionSizes, Told
from dicetalk.emotion.bank import BankSizes
from dicetalk.emotion.discriminator import UNLABELLED
from dicetalk.emotion.priors import Prior, save_priors
from dicetalk.emotion.space import KIND, PRIORS, VERSION, WEIGHTS, shipped_space, space_of
from dicetalk.emotion.vocabulary import NAMES
from dicetalk.errors import CheckpointError, ConfigError, InputError
from dicetalk.speech.stream import PHONE_COLUMNS, SPEECH
from dicetalk.training.loop import LoopOptions
from dicetalk.training.motion_recipe import Drops, Stage2Motion
from dicetalk.training.motion_windows import Windows, classes_of
from dicetalk.training.recipes import MOTION_TINY
from dicetalk.training.stage2_motion import MotionTask, train_motion

SIZES = MotionSizes(
    width=24, inner=32, layers=2, heads=2, bank=BankSizes(prior=8, width=12, hidden=16, tokens=2, codes=8, heads=2)
)  # fmt: skip
TINY = Stage2Motion(sizes=SIZES, loop=LoopOptions(steps=4), batch=6, frames=60)


def priors() -> list[Prior]:
    drawn = np.random.default_rng(1)
    return [Prior(drawn.normal(0, 1, 8).astype(np.float32), np.full(8, 0.1, np.float32)) for _ in NAMES]


def learn(task: MotionTask, steps: int) -> list[dict[str, float]]:
    optimizer = torch.optim.AdamW(task.net.parameters(), lr=3e-3)
    told = []
    for step in range(steps):
        losses = task.losses(torch.Generator().manual_seed(step))
        optimizer.zero_grad()
        losses["loss"].backward()
        optimizer.step()
        told.append({name: float(value.detach()) for name, value in losses.items()})
    return told


@pytest.mark.slow
def test_losses_fall() -> None:
    told = learn(MotionTask(made_up(), priors(), TINY), 400)
    first, last = (np.mean([row["loss"] for row in part]) for part in (told[:15], told[-15:]))
    assert last < 0.6 * first
    assert np.isfinite([list(row.values()) for row in told]).all()


def test_gradients_reach_every_part() -> None:
    task = MotionTask(made_up(), priors(), TINY)
    learn(task, 30)  # the layers that begin at 0 let nothing through at first
    for step in range(20):  # some windows read the whole bank, some an entry
        task.losses(torch.Generator().manual_seed(100 + step))["loss"].backward()
    none = [name for name, each in task.net.named_parameters() if each.grad is None or not each.grad.any()]
    assert none == []


def test_the_same_seed_gives_the_same_losses() -> None:
    one, two = (MotionTask(made_up(), priors(), TINY) for _ in range(2))
    told = []
    for task in (one, two):
        torch.manual_seed(4)  # of dropout, as the loop does
        told.append(
            {name: float(loss.detach()) for name, loss in task.losses(torch.Generator().manual_seed(3)).items()}
        )
    assert told[0] == told[1]


def told(task: MotionTask, drops: Drops, dropped: bool = False) -> tuple[Windows, Told]:
    drawn = torch.Generator().manual_seed(0)
    windows = task.drawn(drawn)
    count = len(windows.motion)
    none = torch.full((count,), dropped)
    felt = task._felt(windows, none, drawn)
    guidance = torch.full((count,), 0.5), torch.ones(count, 2)
    return windows, task._told(windows, felt, none, guidance, drawn, drops)


def test_windows_are_two_performances_of_the_same_words() -> None:
    windows = MotionTask(made_up(), priors(), replace(TINY, batch=32)).drawn(torch.Generator().manual_seed(0))
    assert windows.motion.shape == (32, TINY.frames, MOTION)
    assert windows.speech.shape == (32, BACK + TINY.frames + AHEAD, SPEECH)
    torch.testing.assert_close(windows.speech[::2], windows.speech[1::2])
    begins = (windows.speech[:, :BACK] == 0).all(2).all(1)
    assert 0 < begins.sum() < 32  # of some nothing was heard before


def test_what_is_dropped_is_not_told() -> None:
    task = MotionTask(made_up(), priors(), TINY)
    nothing = task.net.denoiser.speech_memory(torch.zeros(1, 1, SPEECH))[:, :, 0]
    for dropped in (False, True):
        memory = told(task, Drops(phones=0.0, bands=0.0), dropped)[1].speech[:, :, BACK]
        assert torch.allclose(memory, nothing, atol=1e-5) == dropped


def test_phones_or_bands_are_dropped_never_both() -> None:
    task = MotionTask(made_up(), priors(), replace(TINY, batch=64))
    seen: list[torch.Tensor] = []
    heard = task.net.denoiser.speech_memory
    task.net.denoiser.speech_memory = lambda rows: seen.append(rows) or heard(rows)  # type: ignore[assignment, func-returns-value, method-assign]
    told(task, Drops(phones=0.5, bands=0.5))
    speech = seen[0][:, BACK:]
    phones, bands = (part.abs().amax((1, 2)) > 0 for part in speech.split([PHONE_COLUMNS, SPEECH - PHONE_COLUMNS], 2))
    assert bool((phones ^ bands).all()) and phones.any() and bands.any()


def test_each_frame_is_told_its_own_feeling() -> None:
    """A passage whose feeling turns has a stage of its own for each step of the turn."""
    acted = made_up()
    share = np.tile(np.linspace(0, 1, 120), 4)[None, :, None]
    feelings = (1 - share) * np.eye(8)[1] + share * np.eye(8)[2]
    task = MotionTask(replace(acted, feelings=np.repeat(feelings, 2, 0).astype(np.float16)), priors(), TINY)
    windows, turned = told(task, Drops())
    reads = turned.feels.sum(2)
    assert (reads == SIZES.bank.tokens).all()
    assert (classes_of(windows.feelings) == UNLABELLED).any()
    assert any((row[0] != row[-1]).any() for row in turned.feels)


@pytest.mark.parametrize(
    ("change", "told"),
    [
        ("batch=1", "use a multiple of 2"),
        ("frames=1", "use 3 or more"),
        ("sizes.layers=3", "use an even number"),
        ("sizes.width=25", "heads cannot share"),
    ],
)
def test_recipes_that_cannot_be(change: str, told: str) -> None:
    with pytest.raises(ConfigError, match=told):
        changed(MOTION_TINY, [change])


def test_only_pure_feelings_that_last_have_a_class() -> None:
    feelings = torch.zeros(4, 10, 8)
    feelings[0, :, 0] = 1  # neutral
    feelings[1, :, 3], feelings[1, :, 0] = 0.6, 0.4
    feelings[2, :, 3], feelings[2, :, 5] = 0.5, 0.5
    feelings[3, :5, 3] = feelings[3, 5:, 5] = 1
    assert classes_of(feelings).tolist() == [0, 3, UNLABELLED, UNLABELLED]


def test_guidance_pushes_away_from_what_is_told_less() -> None:
    task = MotionTask(made_up(), priors(), replace(TINY, half=False))
    learn(task, 60)
    windows, full = told(task, Drops(phones=0.0, bands=0.0))
    count = len(windows.motion)
    noise = torch.randn(windows.motion.shape, generator=torch.Generator().manual_seed(1))
    level = torch.full((count,), 0.5)
    parts = [
        task._guided(full, noise, level, torch.tensor([[1.0, scale]]).repeat(count, 1), windows.resting)
        for scale in (1.0, 2.0, 3.0)
    ]
    torch.testing.assert_close(parts[2] - parts[1], parts[1] - parts[0], atol=1e-4, rtol=1e-3)
    assert (parts[1] - parts[0]).abs().max() > 1e-4
    clear = task._guided(full, noise, torch.full((count,), 0.05), torch.full((count, 2), 3.0), windows.resting)
    alone = task._guided(full, noise, torch.full((count,), 0.05), torch.ones(count, 2), windows.resting)
    torch.testing.assert_close(clear, alone)


@pytest.mark.slow
def test_a_recipe_from_passages_to_a_model(tmp_path: Path) -> None:
    data, changes = write_acted(tmp_path / "acted"), ["loop.steps=6", "loop.save_every=3", "batch=4"]
    out = train_motion([data], tmp_path / "run", changed(MOTION_TINY, changes))
    model = read_model(out)
    assert model.named.names == NAMES and model.levels[0] == 1 and model.levels[-1] == 0
    header = (out / "curves.csv").read_text().splitlines()[0]
    assert json.loads((out / "config.json").read_text())["learned"] == ["synthetic"]
    assert "held out opening" in header and (out / "curves.png").exists()


@pytest.fixture
def two_steps(monkeypatch: pytest.MonkeyPatch) -> None:
    """The graph of fewer steps from noise to motion, which is written sooner: for what does not depend on them."""
    monkeypatch.setattr("dicetalk.training.motion_checkpoint.LEVELS", (1.0, 0.5, 0.0))


@pytest.mark.slow
def test_stopped_and_resumed_is_the_same(two_steps: None, tmp_path: Path) -> None:
    data = write_acted(tmp_path / "acted")
    recipe = changed(MOTION_TINY, ["loop.steps=6", "loop.save_every=3", "batch=4"])
    train_motion([data], tmp_path / "whole", recipe)

    def stop(done: int, total: int) -> None:
        if done == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        train_motion([data], tmp_path / "parts", recipe, stop)
    train_motion([data], tmp_path / "parts", recipe)
    for name in ("denoiser.safetensors", "bank.safetensors", "motion.onnx", "curves.csv"):
        assert (tmp_path / "parts" / name).read_bytes() == (tmp_path / "whole" / name).read_bytes()


def test_no_voice_is_held_out(tmp_path: Path) -> None:
    data = write_acted(tmp_path / "acted")
    for number in (3, 4, 5):
        (data / "passages" / f"{number}.safetensors").unlink()
    with pytest.raises(InputError, match="no acted speech of voices that are held out"):
        train_motion([data], tmp_path / "run", MOTION_TINY)


def another_space(folder: Path, priors: dict[str, Prior]) -> Path:
    """The folder of an embedder of one's own."""
    folder.mkdir()
    (folder / WEIGHTS).write_bytes(b"other weights")
    save_priors(folder / PRIORS, priors)
    told = {"space": space_of(b"other weights"), "vocabulary": list(priors)}
    write_config(folder, KIND, VERSION, told)
    return folder


@pytest.mark.slow
def test_the_space_of_another_embedder_is_recorded(two_steps: None, tmp_path: Path) -> None:
    data, space = write_acted(tmp_path / "acted"), another_space(tmp_path / "faces", dict(shipped_space().priors))
    changes = [f"space={space}", "loop.steps=1", "batch=4"]
    named = read_model(train_motion([data], tmp_path / "run", changed(MOTION_TINY, changes))).named
    assert named.space == space_of(b"other weights") != shipped_space().name and named.names == NAMES


def test_a_space_that_does_not_fit(tmp_path: Path) -> None:
    data = write_acted(tmp_path / "acted")
    narrow = another_space(tmp_path / "narrow", dict(zip(NAMES, priors(), strict=True)))
    with pytest.raises(ConfigError, match=r"has 8 columns, the bank reads 256; set sizes\.bank\.prior=8"):
        train_motion([data], tmp_path / "run", changed(MOTION_TINY, [f"space={narrow}"]))
    few = another_space(tmp_path / "few", {name: shipped_space().priors[name] for name in NAMES[:7]})
    with pytest.raises(CheckpointError, match=f"few has no prior of {NAMES[7]}"):
        train_motion([data], tmp_path / "run", changed(MOTION_TINY, [f"space={few}"]))
