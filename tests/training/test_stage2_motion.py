"""Stage 2 of the motion backbone at tiny size: it learns, all of it, and only from what it may see."""

from __future__ import annotations

import numpy as np
import pytest
import torch

from dicetalk.data.acted import Acted
from dicetalk.diffusion.model import MotionSizes
from dicetalk.diffusion.window import HISTORY, MOTION, SPEECH, WINDOW
from dicetalk.emotion.bank import BankSizes
from dicetalk.emotion.priors import Prior
from dicetalk.emotion.vocabulary import NAMES
from dicetalk.training.loop import LoopOptions
from dicetalk.training.stage2_motion import Drops, MotionTask, Stage2Motion

SIZES = MotionSizes(
    width=24, layers=2, heads=2, dropout=0.0, bank=BankSizes(prior=8, width=12, hidden=16, tokens=2, codes=8, heads=2)
)  # fmt: skip
TINY = Stage2Motion(sizes=SIZES, loop=LoopOptions(steps=4), batch=6)


def made_up(passages: int = 4, frames: int = 120) -> Acted:
    """Motion that is a function of speech and of what is felt."""
    drawn = np.random.default_rng(0)
    rows = passages * frames
    speech = drawn.normal(0, 1, (rows, SPEECH))
    feelings = np.zeros((2, rows, len(NAMES)))
    for passage in range(passages):
        feelings[:, passage * frames : (passage + 1) * frames, 1 + passage % 3] = 1
    mixing, feeling = drawn.normal(0, 0.02, (SPEECH, MOTION)), drawn.normal(0, 0.3, (len(NAMES), MOTION))
    motion = speech @ mixing + feelings @ feeling
    starts = np.arange(passages + 1) * frames
    resting = drawn.uniform(0, 0.1, (2, passages, 52)).astype(np.float16)
    half = [each.astype(np.float16) for each in (speech, motion, feelings)]
    return Acted(half[0], half[1], half[2], resting, starts)


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


def test_losses_fall() -> None:
    told = learn(MotionTask(made_up(), priors(), TINY), 150)
    first, last = (np.mean([row["loss"] for row in part]) for part in (told[:15], told[-15:]))
    assert last < 0.6 * first
    assert np.isfinite([list(row.values()) for row in told]).all()


def test_gradients_reach_every_part() -> None:
    task = MotionTask(made_up(), priors(), TINY)
    learn(task, 30)  # the layers that begin at 0 let nothing through at first
    for step in range(20):  # some windows read the whole bank, some an entry
        task.losses(torch.Generator().manual_seed(100 + step))["loss"].backward()
    none = [name for name, each in task.net.named_parameters() if each.grad is None or not each.grad.any()]
    assert [name for name in none if "scales.0.weight" not in name] == []


def test_the_same_seed_gives_the_same_losses() -> None:
    one, two = (MotionTask(made_up(), priors(), TINY) for _ in range(2))
    told = []
    for task in (one, two):
        torch.manual_seed(4)  # of dropout, as the loop does
        told.append(
            {name: float(loss.detach()) for name, loss in task.losses(torch.Generator().manual_seed(3)).items()}
        )
    assert told[0] == told[1]


@pytest.mark.parametrize(("drops", "silent"), [(Drops(all=1.0), True), (Drops(all=0.0, phones=0.0, bands=0.0), False)])
def test_what_is_dropped_is_not_told(drops: Drops, silent: bool) -> None:
    task = MotionTask(made_up(), priors(), Stage2Motion(sizes=SIZES, batch=6, drops=drops))
    drawn = torch.Generator().manual_seed(0)
    windows = task._drawn(drawn)
    tokens = torch.zeros(6, 1, 2, 12)
    told = task._told(windows, tokens, torch.full((6,), drops.all > 0), drawn)
    assert bool((told.speech == 0).all()) == silent


def test_phones_or_bands_are_dropped_never_both() -> None:
    task = MotionTask(made_up(), priors(), Stage2Motion(sizes=SIZES, batch=64, drops=Drops(phones=0.5, bands=0.5)))
    drawn = torch.Generator().manual_seed(0)
    windows = task._drawn(drawn)
    windows.before.zero_()
    speech = task._told(windows, torch.zeros(64, 1, 2, 12), torch.zeros(64, dtype=torch.bool), drawn).speech[
        :, HISTORY:
    ]
    phones, bands = speech[..., :48].abs().amax((1, 2)) > 0, speech[..., -80:].abs().amax((1, 2)) > 0
    assert bool((phones ^ bands).all())


def test_nothing_is_known_from_before_a_passage() -> None:
    task = MotionTask(made_up(), priors(), Stage2Motion(sizes=SIZES, batch=64))
    drawn = torch.Generator().manual_seed(0)
    windows = task._drawn(drawn)
    known = task._told(windows, torch.zeros(64, 1, 2, 12), torch.zeros(64, dtype=torch.bool), drawn).known
    assert windows.before.max() == HISTORY and windows.before.min() == 0
    for row, before in zip(known, windows.before.tolist(), strict=True):
        assert not row[:before].any() and row[before:HISTORY].all() and not row[HISTORY:].any()
    assert known.shape == (64, WINDOW)
