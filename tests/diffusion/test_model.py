"""The network of motion diffusion: what it reads, that no frame sees a later one, and that everything in it learns."""

from __future__ import annotations

from dataclasses import replace

import pytest
import torch
from torch import Tensor

from dicetalk.diffusion.channels import AHEAD, BACK, MEMORY, MOTION, RESTING
from dicetalk.diffusion.model import MotionDenoiser, MotionSizes, Told
from dicetalk.emotion.bank import BankSizes
from dicetalk.speech.stream import SPEECH

BANK = BankSizes(prior=8, width=12, hidden=8, tokens=3, codes=4, heads=2)
TINY = MotionSizes(width=24, inner=32, layers=2, heads=2, bank=BANK)
FRAMES = 70
LEVEL = torch.tensor([0.3, 0.8])


@pytest.fixture
def net() -> MotionDenoiser:
    torch.manual_seed(0)
    net = MotionDenoiser(TINY).eval()
    for parameter in net.parameters():  # the last layer begins at 0, and would hide everything
        torch.nn.init.normal_(parameter, std=0.2)
    return net


def given(count: int = 2) -> dict[str, Tensor]:
    drawn = torch.Generator().manual_seed(1)
    return {
        "speech": torch.randn(count, BACK + FRAMES + AHEAD, SPEECH, generator=drawn),
        "tokens": torch.randn(count, 2 * 3, 12, generator=drawn),
        "resting": torch.randn(count, RESTING, generator=drawn),
        "scales": torch.full((count, 2), 1.5),
        "level": LEVEL[:count],
    }


def told(net: MotionDenoiser, parts: dict[str, Tensor]) -> Told:
    """The first half of the frames feels the first three tokens, the other half the others."""
    count = len(parts["level"])
    feels = torch.zeros(count, FRAMES, 6, dtype=torch.bool)
    feels[:, : FRAMES // 2, :3] = feels[:, FRAMES // 2 :, 3:] = True
    memory = net.speech_memory(parts["speech"])
    return Told(
        speech=memory,
        near=net.near(memory),
        emotion=net.emotion_memory(parts["tokens"]),
        feels=feels,
        condition=net.condition(parts["level"], parts["resting"], parts["scales"]),
        past=torch.zeros(count, TINY.layers, 0, 2 * TINY.width),
        gone=torch.zeros(0, dtype=torch.bool),
    )


def noisy(count: int = 2) -> Tensor:
    return torch.randn(count, FRAMES, MOTION, generator=torch.Generator().manual_seed(2))


def test_shapes(net: MotionDenoiser) -> None:
    clean, features, kept = net(noisy(), LEVEL, told(net, given()))
    assert clean.shape == (2, FRAMES, MOTION) and features.shape == (2, FRAMES, TINY.width)
    assert kept.shape == (2, TINY.layers, FRAMES, 2 * TINY.width)


@pytest.mark.parametrize("part", ["speech", "tokens", "resting", "scales", "level"])
def test_everything_it_is_told_matters(net: MotionDenoiser, part: str) -> None:
    parts = given()
    other = told(net, parts | {part: parts[part] + 0.5})
    assert not torch.allclose(net(noisy(), LEVEL, other)[0], net(noisy(), LEVEL, told(net, parts))[0], atol=1e-4)


def test_a_clip_does_not_depend_on_those_beside_it(net: MotionDenoiser) -> None:
    alone = net(noisy()[:1], LEVEL[:1], told(net, {name: part[:1] for name, part in given().items()}))[0]
    torch.testing.assert_close(net(noisy(), LEVEL, told(net, given()))[0][:1], alone, atol=1e-5, rtol=1e-4)


def test_no_frame_sees_a_later_one(net: MotionDenoiser) -> None:
    changed = noisy()
    changed[:, 30:] += 1
    away = (net(changed, LEVEL, told(net, given()))[0] - net(noisy(), LEVEL, told(net, given()))[0]).abs().amax((0, 2))
    assert away[:30].max() < 1e-6 and away[30:].min() > 1e-4


def test_frames_are_forgotten(net: MotionDenoiser) -> None:
    for parameter in net.blocks[1].joins[0].parameters():  # type: ignore[union-attr, index]
        torch.nn.init.zeros_(parameter)  # one layer alone hands nothing on
    changed = noisy()
    changed[:, 0] += 1
    away = (net(changed, LEVEL, told(net, given()))[0] - net(noisy(), LEVEL, told(net, given()))[0]).abs().amax((0, 2))
    assert away[MEMORY] > 1e-6 and away[MEMORY + 1 :].max() < 1e-7


def test_speech_is_read_within_reach_only(net: MotionDenoiser) -> None:
    parts = given()
    other = parts["speech"].clone()
    other[:, BACK + 40] += 1  # that of frame 40
    away = net(noisy(), LEVEL, told(net, parts | {"speech": other}))[0] - net(noisy(), LEVEL, told(net, parts))[0]
    changed = away.abs().amax((0, 2)) > 1e-6
    assert not changed[: 40 - AHEAD].any() and changed[40 - AHEAD]


def test_each_frame_feels_its_own_emotion(net: MotionDenoiser) -> None:
    parts = given()
    other = parts["tokens"].clone()
    other[:, 3:] += 1
    away = net(noisy(), LEVEL, told(net, parts | {"tokens": other}))[0] - net(noisy(), LEVEL, told(net, parts))[0]
    changed = away.abs().amax((0, 2)) > 1e-6
    assert not changed[: FRAMES // 2].any() and changed[FRAMES // 2]


def test_blocks_with_what_was_kept_are_the_whole(net: MotionDenoiser) -> None:
    """Two frames at a time, with what the last `MEMORY` left, give what all at once give."""
    parts = {name: part[:1] for name, part in given().items()}
    whole = told(net, parts)
    at_once = net(noisy(1), LEVEL[:1], whole)[0]
    past, made = torch.zeros(1, TINY.layers, MEMORY, 2 * TINY.width), []
    for start in range(0, FRAMES, 2):
        some = replace(
            whole,
            speech=whole.speech[:, :, start : start + BACK + 2 + AHEAD],
            near=whole.near[:, start : start + 2],
            feels=whole.feels[:, start : start + 2],
            past=past,
            gone=torch.arange(MEMORY) < MEMORY - start,
        )
        clean, _, kept = net(noisy(1)[:, start : start + 2], LEVEL[:1], some)
        past = torch.cat([past, kept], 2)[:, :, 2:]
        made.append(clean)
    torch.testing.assert_close(torch.cat(made, 1), at_once, atol=1e-5, rtol=1e-4)


def test_gradients_reach_every_parameter(net: MotionDenoiser) -> None:
    clean, features, _ = net(noisy(), LEVEL, told(net, given()))
    (clean.square().sum() + features.sum()).backward()
    assert [name for name, each in net.named_parameters() if each.grad is None or not each.grad.any()] == []
