"""The network that says a line in another style, at the size of a test."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from torch import Tensor
from voices_made import buzz

from dicetalk.data.spoken_lines import read_lines_of
from dicetalk.errors import ConfigError, InputError
from dicetalk.media.written_sound import write_sound
from dicetalk.modules import read_tensors
from dicetalk.training.recipes import VOICE, VOICE_TINY
from dicetalk.training.voice import (
    Batch,
    Utterance,
    VoiceTask,
    contrast,
    ends,
    losses_of,
    mel_of,
    seen_by,
    together,
    train_voice,
    uniform,
)
from dicetalk.training.voice_net import MELS, VoiceNet, VoiceSizes
from dicetalk.voice.world import RATE

SIZES = replace(VOICE_TINY.sizes, styles=3)


@pytest.fixture
def net() -> VoiceNet:
    torch.manual_seed(0)
    return VoiceNet(SIZES)


def spoken(seed: int, frames: int = 24, phones: int = 5) -> Utterance:
    random = torch.Generator().manual_seed(seed)
    mel = torch.randn(frames, MELS, generator=random).cumsum(0) * 0.2
    return Utterance(mel, torch.randint(SIZES.phones, (phones,), generator=random), seed % 3, 0.2 + 0.3 * (seed % 3))


def batch() -> Batch:
    return together([spoken(0), spoken(1, 30, 7), spoken(2, 16, 3)])


def test_lines_of_any_length_side_by_side() -> None:
    some = batch()
    assert some.mel.shape == (3, 30, MELS) and some.inside.sum(1).tolist() == [24, 30, 16]
    assert some.there.sum(1).tolist() == [5, 7, 3]
    assert ends(some.inside).argmax(1).tolist() == [23, 29, 15] and (ends(some.inside).sum(1) == 1).all()


@pytest.mark.parametrize("by_text", [True, False])
def test_every_weight_learns(by_text: bool, net: VoiceNet) -> None:
    losses_of(net, batch(), by_text)["loss"].backward()
    still = [name for name, weight in net.named_parameters() if weight.grad is None or not weight.grad.abs().sum() > 0]
    assert not still


def test_what_the_recogniser_says_reaches_what_speaks_and_not_itself(net: VoiceNet) -> None:
    """The release cuts both gradients; here the strength learns by them as well."""
    some = batch()
    for name in ("judged", "view"):
        net.zero_grad()
        losses_of(net, some, by_text=True)[name].backward()
        assert all(weight.grad is None for weight in net.judge.parameters())
        for part in (net.speaker, net.postnet, net.strength, net.style.style):
            assert sum(float(weight.grad.abs().sum()) for weight in part.parameters() if weight.grad is not None) > 0


def test_frames_beyond_a_line_say_nothing(net: VoiceNet) -> None:
    some = batch()
    other = replace(some, mel=some.mel + 5 * ~some.inside[..., None])
    assert seen_by(net, other.mel, some.inside)[0] == pytest.approx(seen_by(net, some.mel, some.inside)[0])
    assert float(contrast(torch.zeros(1, 2, 4), torch.zeros(1, 2, 4), torch.tensor([[True, False]]))) == 0


def test_text_and_sound_that_agree_cost_less() -> None:
    there = torch.ones(1, 3, dtype=torch.bool)
    one = 4 * torch.eye(3)[None]
    assert float(contrast(one, one, there)) == 0 < float(contrast(one, one.roll(1, dims=1), there))


def test_what_is_said_must_not_tell_the_style(net: VoiceNet) -> None:
    with torch.no_grad():
        net.gossip.weight.zero_()
        net.gossip.bias.zero_()
    there = torch.ones(1, 4, dtype=torch.bool)
    assert float(uniform(net, torch.randn(1, 4, SIZES.width), there)) == pytest.approx(0, abs=1e-6)
    with torch.no_grad():
        net.gossip.bias[0] = 5.0
    assert float(uniform(net, torch.randn(1, 4, SIZES.width), there)) > 0.5


@pytest.mark.slow
def test_a_handful_is_learned_by_heart(net: VoiceNet) -> None:
    task = VoiceTask(net, [spoken(0), spoken(1)], batch=2)
    generator = torch.Generator().manual_seed(0)
    optimizer = torch.optim.Adam(net.parameters(), lr=1e-2)
    told: list[dict[str, float]] = []
    for _ in range(60):
        losses = task.losses(generator)
        optimizer.zero_grad()
        losses["loss"].backward()
        optimizer.step()
        told.append({name: float(loss.detach()) for name, loss in losses.items()})
    first, last = ({name: np.mean([row[name] for row in rows]) for name in told[0]} for rows in (told[:5], told[-5:]))
    for name in ("loss", "mel", "style", "phones", "judge", "judged"):
        assert last[name] < 0.6 * first[name], name


def test_it_speaks_by_itself(net: VoiceNet) -> None:
    with torch.no_grad():
        style, _ = net.style(torch.randn(1, 12, MELS), torch.ones(1, 12, dtype=torch.bool))
        weak, strong = (net.told(net.text(torch.tensor([[1, 2, 3]])), style, torch.tensor([s])) for s in (0.0, 1.0))
        made: Tensor = net.speaker.speak(weak, most=9)
        assert made.shape[0] == 1 and 1 <= made.shape[1] <= 9 and made.shape[2] == MELS
        assert not torch.allclose(weak, strong)


def test_bands_hear_where_a_tone_is() -> None:
    time = np.arange(16_000) / 16_000
    low, high = (mel_of((8000 * np.sin(2 * np.pi * hertz * time)).astype(np.int16)) for hertz in (300, 3000))
    assert low.shape == (81, MELS) and low[40].argmax() < high[40].argmax()


def esd(folder: Path, inner: str = "") -> Path:
    rows = []
    for number, emotion in enumerate(("Neutral", "Angry", "Sad")):
        name = f"0011_{number:06d}"
        place = folder / "0011" / emotion / inner
        place.mkdir(parents=True)
        write_sound(place / f"{name}.wav", buzz(0.5, pause=(9, 9)), RATE)
        rows.append(f"{name}\tSay it again.\t{emotion}")
    (folder / "0011" / "0011.txt").write_text("\n".join(rows), "utf-8")
    return folder


def vctk(folder: Path) -> Path:
    for who in ("p225", "p226"):
        for place in ("txt", "wav48_silence_trimmed"):
            (folder / place / who).mkdir(parents=True)
        (folder / "txt" / who / f"{who}_001.txt").write_text("Please call Stella.\n")
        write_sound(folder / "wav48_silence_trimmed" / who / f"{who}_001_mic1.flac", buzz(0.5), RATE)
    return folder


@pytest.mark.parametrize("inner", ["", "train"])
def test_the_layout_of_esd(inner: str, tmp_path: Path) -> None:
    lines = read_lines_of(esd(tmp_path, inner))
    assert [line.emotion for line in lines] == ["neutral", "angry", "sad"]
    assert {(line.speaker, line.text) for line in lines} == {("0011", "Say it again.")}


def test_the_layout_of_vctk(tmp_path: Path) -> None:
    lines = read_lines_of(vctk(tmp_path))
    assert [(line.speaker, line.text, line.emotion) for line in lines] == [
        ("p225", "Please call Stella.", None), ("p226", "Please call Stella.", None),
    ]  # fmt: skip


def test_style_first_and_emotions_after(tmp_path: Path) -> None:
    short = replace(VOICE_TINY, loop=replace(VOICE_TINY.loop, steps=2))
    style = train_voice([vctk(tmp_path / "vctk")], tmp_path / "style", short)
    begun = replace(short, start=str(style), loop=replace(short.loop, steps=0))
    out = train_voice([esd(tmp_path / "esd")], tmp_path / "out", begun)
    told = json.loads((out / "config.json").read_text())
    assert told["kind"] == "voice" and told["styles"] == ["angry", "neutral", "sad"]
    held, own = (read_tensors(folder / "voice.safetensors") for folder in (style, out))
    assert torch.equal(held["speaker.frame.weight"], own["speaker.frame.weight"])
    assert held["style.names.weight"].shape != own["style.names.weight"].shape


def test_what_cannot_be_learned_from(tmp_path: Path) -> None:
    with pytest.raises(InputError, match="holds neither ESD"):
        train_voice([tmp_path], tmp_path / "out", VOICE_TINY)
    with pytest.raises(InputError, match="2 folders are given"):
        train_voice([tmp_path, tmp_path], tmp_path / "out", VOICE_TINY)
    with pytest.raises(InputError, match="nobody is called 0019; expected one of: 0011"):
        train_voice([esd(tmp_path)], tmp_path / "out", replace(VOICE_TINY, speaker="0019"))
    assert not (tmp_path / "out").exists()
    with pytest.raises(ConfigError):
        VoiceSizes(width=0)


def test_the_published_sizes() -> None:
    sizes = VOICE.sizes
    assert (sizes.width, sizes.inner, sizes.style, sizes.judge, VOICE.batch) == (512, 128, 64, 16, 8)
    assert (VOICE.loop.rate, VOICE.loop.decay, VOICE.loop.clip) == (1e-3, 1e-4, 5.0)
