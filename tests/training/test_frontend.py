"""The front end is taught: features agree with the shipped ones, the loss falls, the graph says the same."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import safetensors.numpy
import torch
from numpy.typing import NDArray
from speech_like import speechlike

from dicetalk.errors import InputError
from dicetalk.networks import open_network
from dicetalk.speech.phone_network import PhoneNetwork, PhoneSizes, as_rows, bands_of
from dicetalk.speech.phonetics import COLUMNS, band_decibels, relative_to_loudest
from dicetalk.training.acoustics import Acoustics, Chance, recorded
from dicetalk.training.frontend import GRAPH, FrontEnd, lip_opening, train_frontend
from dicetalk.training.loop import LoopOptions
from dicetalk.training.recipes import recipe

TINY = FrontEnd(
    sizes=PhoneSizes(width=16, inner=16),
    loop=LoopOptions(steps=12, rate=5e-3, warmup=2, save_every=6),
    batch=4,
    seconds=0.6,
)


EASY = Acoustics(rate=0.0, throat=0.0, room=0.0, colour=0.0, noise=0.0, narrow=0.0, coarse=0.0, gain=0.0)


def shard(folder: Path, name: str) -> None:
    hops = 400
    phones = np.repeat(np.arange(hops // 20) % 20, 20).astype(np.uint8)
    sound, voiced = speechlike(4)[: hops * 160], (phones > 5).astype(np.uint8)
    tensors: dict[str, NDArray[Any]] = {"sound": sound, "phones": phones, "voiced": voiced}
    safetensors.numpy.save_file(tensors, folder / f"{name.replace(' ', '-')}.safetensors", {"name": name})


@pytest.fixture
def data(tmp_path: Path) -> Path:
    folder = tmp_path / "data"
    folder.mkdir()
    for name in ("espeak fr m1", "flite en slt", "recorded ru someone", "espeak de m1"):
        shard(folder, name)
    return folder


def test_bands_are_those_of_the_shipped_front_end() -> None:
    sound = speechlike(2).astype(np.float32)
    theirs = bands_of(torch.from_numpy(sound)[None], torch.ones(1))[0].numpy()
    ours, _ = relative_to_loudest(band_decibels(sound), -1000.0)
    np.testing.assert_allclose(theirs, ours, atol=1e-3)


def test_another_throat_moves_the_bands() -> None:
    sound = torch.from_numpy(speechlike(1).astype(np.float32))[None]
    same, higher = (bands_of(sound, torch.tensor([factor])) for factor in (1.0, 1.15))
    assert (same - higher).abs().mean() > 0.02


def test_the_network_streams() -> None:
    net = PhoneNetwork(PhoneSizes(width=16, inner=16)).eval()
    bands = torch.randn(2, 90, 64)
    whole, _ = net(bands, net.nothing(2))
    parts, past = [], net.nothing(2)
    for part in bands.split(7, 1):
        rows, past = net(part, past)
        parts.append(rows)
    torch.testing.assert_close(torch.cat(parts, 1), whole, atol=1e-4, rtol=1e-4)


@pytest.mark.parametrize("seed", [0, 1])
def test_recordings_are_moved_but_not_in_time(seed: int) -> None:
    sound = torch.from_numpy(speechlike(2).astype(np.float32)).repeat(6, 1)
    one, again = (
        recorded(sound, Acoustics(room=0.0), Chance(6, torch.Generator().manual_seed(seed))) for _ in range(2)
    )
    assert torch.equal(one, again) and one.shape == sound.shape and one.abs().max() <= 32768
    assert torch.isfinite(one).all() and not torch.equal(one, sound)


def test_every_kind_of_place_is_finite() -> None:
    everything = Acoustics(room=1.0, noise=1.0, narrow=1.0, coarse=1.0)
    for sound in (torch.zeros(8, 16000), torch.from_numpy(speechlike(1).astype(np.float32)).repeat(8, 1)):
        moved = recorded(sound, everything, Chance(8, torch.Generator().manual_seed(3)))
        assert torch.isfinite(moved).all()


def test_lips_open_smoothly() -> None:
    phones = torch.tensor([[0] * 20 + [16] * 20 + [1] * 20])
    opening = lip_opening(phones)
    assert opening.shape == phones.shape and opening[0, 30] > 0.95 and opening[0, 5] == opening[0, 55] == 0
    assert opening.diff().abs().max() < 0.2


def stop(done: int, total: int) -> None:
    if done == 8:  # two steps behind the last state
        raise KeyboardInterrupt


@pytest.mark.slow
def test_a_run_goes_on_and_its_graph_says_the_same(data: Path, tmp_path: Path) -> None:
    out, stopped = tmp_path / "out", tmp_path / "stopped"
    train_frontend([data], out, TINY)
    with pytest.raises(KeyboardInterrupt):
        train_frontend([data], stopped, TINY, stop)
    assert not (stopped / GRAPH).exists()
    train_frontend([data], stopped, TINY)
    assert (out / "curves.csv").read_text() == (stopped / "curves.csv").read_text()
    weights = safetensors.numpy.load_file(out / "phones.safetensors")
    again = safetensors.numpy.load_file(stopped / "phones.safetensors")
    assert all(np.array_equal(weights[name], again[name]) for name in weights)
    net = PhoneNetwork(TINY.sizes).eval()
    net.load_state_dict({name: torch.from_numpy(value) for name, value in weights.items()})
    bands = torch.randn(1, 40, 64)
    with torch.no_grad():
        expected = as_rows(net(bands, net.nothing(1))[0])
    found, _ = open_network(out / GRAPH).run(None, {"bands": bands.numpy(), "past": net.nothing(1).numpy()})
    assert found.shape == (1, 40, COLUMNS)
    np.testing.assert_allclose(found, expected.numpy(), atol=1e-5)


@pytest.mark.slow
def test_the_loss_falls(data: Path, tmp_path: Path) -> None:
    train_frontend(
        [data], tmp_path / "out", replace(TINY, loop=replace(TINY.loop, steps=60, save_every=60), acoustics=EASY)
    )
    rows = (tmp_path / "out/curves.csv").read_text().splitlines()
    losses = [float(row.split(",")[1]) for row in rows[1:]]
    assert np.mean(losses[-10:]) < 0.9 * np.mean(losses[:5])


def test_every_voice_is_held_out(tmp_path: Path) -> None:
    shard(tmp_path, "espeak de m1")
    with pytest.raises(InputError, match="held out"):
        train_frontend([tmp_path], tmp_path / "out", TINY)


def test_the_recipe_is_small() -> None:
    assert isinstance(recipe("frontend-small"), FrontEnd)
