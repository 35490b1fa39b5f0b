"""Hearing is taught into a space of which nothing moves."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from learning import TINY, files

from dicetalk.data.dataset import embed, load_recordings
from dicetalk.emotion.delivery import Delivery
from dicetalk.emotion.embedding import Embedder
from dicetalk.emotion.priors import Prior, likeness, read_priors, read_space, save_priors
from dicetalk.emotion.space import open_space
from dicetalk.emotion.vocabulary import HEARD, NAMES
from dicetalk.errors import CheckpointError, InputError
from dicetalk.speech.rows import COLUMNS
from dicetalk.training.hearing import HearingRecipe, train_hearing
from dicetalk.training.loop import LoopOptions
from dicetalk.training.recipes import HEARING_SMALL, train_by
from dicetalk.training.stage1_embedder import load_embedder, train_embedder

QUICK = HearingRecipe(held_out=("dora",), loop=LoopOptions(steps=400, rate=1e-2, decay=0.0, save_every=50))


@pytest.fixture(scope="module")
def faces(prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """An embedder that learned from faces alone; emotions of which it saw none lie somewhere."""
    folder = Path(shutil.copytree(prepared, tmp_path_factory.mktemp("unheard") / "data"))
    table = (folder / "clips.csv").read_text().replace(",24,1,0,", ",24,0,0,")
    (folder / "clips.csv").write_text(table)
    out = train_embedder([folder], tmp_path_factory.mktemp("faces"), TINY)
    rng, priors = np.random.default_rng(0), read_priors(out / "priors.safetensors")
    for name in set(NAMES) - set(priors):
        priors[name] = Prior(rng.normal(size=16).astype(np.float32), np.ones(16, np.float32))
    save_priors(out / "priors.safetensors", priors, read_space(out / "priors.safetensors"))
    return out


@pytest.fixture(scope="module")
def taught(prepared: Path, faces: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    return train_by(replace(QUICK, space=str(faces)), [prepared], tmp_path_factory.mktemp("taught"))


@pytest.mark.slow
def test_faces_alone_make_an_embedder_that_does_not_hear(faces: Path) -> None:
    assert not (faces / "hearing").exists()
    motion = np.zeros((8, 58), np.float32)
    assert Embedder(faces).embed(None, motion).mean.shape == (16,)
    with pytest.raises(CheckpointError, match=r"hearing; pass the folder of a checkpoint"):
        Embedder(faces).embed(np.zeros((8, len(COLUMNS)), np.float32), None)


@pytest.mark.slow
def test_nothing_of_the_space_moves(prepared: Path, faces: Path, taught: Path) -> None:
    for name in ("config.json", "embedder.safetensors", "embedder.onnx", "priors.safetensors"):
        assert (taught / name).read_bytes() == (faces / name).read_bytes()
    clips = load_recordings(prepared)
    seen = [embed(load_embedder(folder), clips, heard=False, seen=True).mean for folder in (taught, faces)]
    assert torch.equal(*seen)


@pytest.mark.slow
def test_the_checkpoint_tells_no_path_of_the_machine(faces: Path, taught: Path) -> None:
    told = (taught / "hearing" / "config.json").read_text()
    assert json.loads(told)["recipe"]["space"] == faces.name
    assert str(faces.parent) not in told


@pytest.mark.slow
def test_people_apart_are_heard(prepared: Path, taught: Path) -> None:
    """By their scores, which lead by 20 and are found without chance. Where those come to lie is learned, in a tiny
    space in which neutral may be like nothing, for it is near the middle: each emotion is likest where it is felt."""
    clips, priors, net = load_recordings(prepared).of(["dora"]), open_space(taught).priors, load_embedder(taught)
    felt = [HEARD.index(NAMES[number]) for number in clips.emotions.tolist()]
    assert isinstance(net.hearing, Delivery)
    inside = torch.arange(clips.speech.shape[2]) < clips.lengths[:, None]
    scores = net.hearing.scores(clips.speech[:, 0].float(), inside)
    first, second = scores.topk(2).values.unbind(1)
    assert scores.argmax(1).tolist() == felt and (first - second).min() > 5
    found = embed(net, clips, heard=True, seen=False).mean.numpy()
    assert [NAMES[number] for number in clips.emotions.tolist()] == ["neutral", "happy", "sad"]
    assert likeness(found, priors, HEARD)[:, felt].argmax(0).tolist()[1:] == [1, 2]
    for voice, mean in zip(clips.speech[:, 0].float().numpy(), found, strict=True):
        same = open_space(taught).among(Prior(mean, np.zeros_like(mean)), HEARD).mean
        np.testing.assert_allclose(Embedder(taught).embed(voice, None).mean, same, atol=1e-3)


@pytest.mark.slow
def test_it_goes_on_where_it_was_stopped(prepared: Path, faces: Path, taught: Path, tmp_path: Path) -> None:
    def stop(done: int, total: int) -> None:
        if done == 70:
            raise KeyboardInterrupt

    recipe = replace(QUICK, space=str(faces))
    with pytest.raises(KeyboardInterrupt):
        train_hearing([prepared], tmp_path, recipe, stop)
    train_hearing([prepared], tmp_path, recipe)
    assert files(tmp_path) == files(taught)


@pytest.mark.slow
def test_emotions_without_plain_speech_by_the_same_people_tell_nothing(
    prepared: Path, faces: Path, tmp_path: Path
) -> None:
    folder = Path(shutil.copytree(prepared, tmp_path / "data"))
    lines = (folder / "clips.csv").read_text().splitlines()
    kept = [line for line in lines if not line.startswith(("ann_happy", "ann_sad", "bob_neutral", "cid_neutral"))]
    (folder / "clips.csv").write_text("\n".join(kept) + "\n")
    with pytest.raises(InputError, match="nobody with both neutral speech and an emotion"):
        train_hearing([folder], tmp_path / "out", replace(QUICK, space=str(faces)))


def test_a_space_without_all_names_cannot_be_heard_into(prepared: Path, tiny_embedder: Path, tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="no prior of 'angry'"):
        train_hearing([prepared], tmp_path / "out", replace(QUICK, space=str(tiny_embedder)))


@pytest.mark.slow
def test_hearing_of_another_space_is_refused(taught: Path, tmp_path: Path) -> None:
    out = Path(shutil.copytree(taught, tmp_path / "out"))
    told = json.loads((out / "hearing" / "config.json").read_text())
    (out / "hearing" / "config.json").write_text(json.dumps(told | {"space": "0123456789abcdef"}))
    with pytest.raises(CheckpointError, match=r"hears for another embedder \(0123456789abcdef\)"):
        Embedder(out).embed(np.zeros((8, len(COLUMNS)), np.float32), None)


def test_what_ships_was_made_by_the_recipe() -> None:
    folder = Path(HEARING_SMALL.space)
    told = json.loads((folder / "hearing" / "config.json").read_text())
    assert told["kind of network"] == "delivery" and told["held_out"] == list(HEARING_SMALL.held_out)
    assert (told["recipe"]["others"], told["recipe"]["usual"]) == (HEARING_SMALL.others, HEARING_SMALL.usual)
