"""The network of motion diffusion: what it reads, and that everything in it learns."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from dicetalk.diffusion.model import MotionDenoiser, MotionSizes, Told
from dicetalk.diffusion.window import MOTION, RESTING, SPEECH
from dicetalk.emotion.bank import BankSizes

BANK = BankSizes(prior=8, width=12, hidden=8, tokens=3, codes=4, heads=2)
TINY = MotionSizes(width=24, layers=2, heads=2, reach=2, dropout=0.0, bank=BANK)
FRAMES = 12


@pytest.fixture
def net() -> MotionDenoiser:
    torch.manual_seed(0)
    net = MotionDenoiser(TINY).eval()
    for parameter in net.parameters():  # the last layer begins at 0, and would hide everything
        torch.nn.init.normal_(parameter, std=0.2)
    return net


def told(count: int = 2) -> Told:
    drawn = torch.Generator().manual_seed(1)
    return Told(
        known=torch.zeros(count, FRAMES),
        speech=torch.randn(count, FRAMES, SPEECH, generator=drawn),
        tokens=torch.randn(count, FRAMES, 3, 12, generator=drawn),
        resting=torch.randn(count, RESTING, generator=drawn),
        scales=torch.full((count, 2), 1.5),
    )


def noisy(count: int = 2) -> Tensor:
    return torch.randn(count, FRAMES, MOTION, generator=torch.Generator().manual_seed(2))


LEVEL = torch.tensor([0.3, 0.8])


def test_shapes(net: MotionDenoiser) -> None:
    clean, features = net(noisy(), LEVEL, told())
    assert clean.shape == (2, FRAMES, MOTION)
    assert features.shape == (2, FRAMES, TINY.width)


@pytest.mark.parametrize("part", ["known", "speech", "tokens", "resting", "scales"])
def test_everything_it_is_told_matters(net: MotionDenoiser, part: str) -> None:
    other = replace(told(), **{part: getattr(told(), part) + 0.5})
    assert not torch.allclose(net(noisy(), LEVEL, other)[0], net(noisy(), LEVEL, told())[0], atol=1e-4)


def test_a_window_does_not_depend_on_those_beside_it(net: MotionDenoiser) -> None:
    alone = net(noisy()[:1], LEVEL[:1], Told(*(getattr(told(), name)[:1] for name in told().__dict__)))[0]
    torch.testing.assert_close(net(noisy(), LEVEL, told())[0][:1], alone, atol=1e-5, rtol=1e-4)


def test_speech_is_read_within_reach_only() -> None:
    """With one layer nothing can be handed on: two rows of the encoder and two of attention."""
    torch.manual_seed(0)
    net = MotionDenoiser(replace(TINY, layers=1)).eval()
    for name, parameter in net.named_parameters():
        if not name.startswith("blocks.0.own"):  # frames do not read each other
            torch.nn.init.normal_(parameter, std=0.2)
        else:
            torch.nn.init.zeros_(parameter)
    changed = told()
    changed.speech[:, FRAMES - 1] += 1
    away = (net(noisy(), LEVEL, changed)[0] - net(noisy(), LEVEL, told())[0]).abs().amax((0, 2))
    assert away[FRAMES - 1] > 1e-4
    assert away[: FRAMES - 1 - TINY.reach - 2].max() < 1e-6


def test_each_frame_feels_its_own_emotion(net: MotionDenoiser) -> None:
    changed = told()
    changed.tokens[:, 3] += 1
    away = (net(noisy(), LEVEL, changed)[0] - net(noisy(), LEVEL, told())[0]).abs().amax((0, 2))
    assert away.argmax() == 3


def test_gradients_reach_every_parameter(net: MotionDenoiser) -> None:
    clean, features = net(noisy(), LEVEL, told())
    (clean.square().sum() + features.sum()).backward()
    assert [name for name, each in net.named_parameters() if each.grad is None or not each.grad.any()] == []
