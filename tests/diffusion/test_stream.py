"""Motion as speech comes: the same in whatever portions; onnxruntime as torch; what a damaged checkpoint says."""

from __future__ import annotations

import json
from itertools import pairwise
from pathlib import Path

import numpy as np
import pytest
import torch
from motion_tiny import SIZES, drawn_net
from safetensors.numpy import load_file, save_file

from dicetalk.arrays import Float32
from dicetalk.diffusion.channels import AHEAD, BACK, noise
from dicetalk.diffusion.checkpoint import MotionModel, read_model
from dicetalk.diffusion.model import Told
from dicetalk.diffusion.stream import Guidance, MotionStream
from dicetalk.emotion.priors import Prior, save_priors
from dicetalk.emotion.vocabulary import NAMES
from dicetalk.errors import CheckpointError, ConfigError
from dicetalk.motion.space import SHAPES
from dicetalk.speech.stream import SPEECH
from dicetalk.training.motion_checkpoint import LEVELS
from dicetalk.training.motion_net import Stage2Net

FRAMES = 64


@pytest.fixture(scope="module")
def net() -> Stage2Net:
    """That of the tiny model."""
    return drawn_net()


@pytest.fixture(scope="module")
def model(tiny_motion: Path) -> MotionModel:
    return read_model(tiny_motion)


def rows() -> Float32:
    return np.random.default_rng(0).normal(0, 1, (FRAMES + AHEAD, SPEECH)).astype(np.float32)


def stream(model: MotionModel, seed: int = 5, guidance: Guidance | None = None, rest: float = 0.1) -> MotionStream:
    return MotionStream(model, seed, np.full(len(SHAPES), rest, np.float32), guidance or Guidance())


def moved(model: MotionModel, **options: object) -> Float32:
    """All frames of the rows: angry, then happy."""
    some = stream(model, **options)  # type: ignore[arg-type]
    some.hear(rows())
    angry, happy = (model.named.means[NAMES.index(name)] for name in ("angry", "happy"))
    return np.concatenate([some.move(np.stack([angry if start < 30 else happy] * 2)) for start in range(0, FRAMES, 2)])


def test_portions_do_not_matter(model: MotionModel) -> None:
    some, angry = stream(model), model.named.means[1]
    whole = stream(model)
    whole.hear(rows())
    made, start, drawn = [], 0, np.random.default_rng(3)
    while start < FRAMES + AHEAD:
        count = int(drawn.integers(1, 9))
        some.hear(rows()[start : start + count])
        start += count
        while some.is_ready:
            made.append(some.move(np.stack([angry, angry])))
    at_once = [whole.move(np.stack([angry, angry])) for _ in made]
    assert len(made) == FRAMES // 2
    np.testing.assert_array_equal(np.concatenate(made), np.concatenate(at_once))


@torch.no_grad()
def test_onnxruntime_is_torch(net: Stage2Net, model: MotionModel) -> None:
    denoiser = net.denoiser
    heard = denoiser.speech_memory(torch.from_numpy(np.pad(rows(), ((BACK, 0), (0, 0))))[None])
    angry, happy = (torch.from_numpy(model.named.means[NAMES.index(name)])[None, None] for name in ("angry", "happy"))
    tokens = torch.cat([net.bank(angry)[:, 0], net.bank(happy)[:, 0]], 1)
    feels = torch.zeros(1, FRAMES, 2 * SIZES.bank.tokens, dtype=torch.bool)
    feels[:, :30, : SIZES.bank.tokens] = feels[:, 30:, SIZES.bank.tokens :] = True
    resting = torch.from_numpy(model.standard.resting(np.full(len(SHAPES), 0.1, np.float32)))[None]
    motion = torch.from_numpy(noise(5, 0, FRAMES))[None]
    past, gone = torch.zeros(1, SIZES.layers, 0, 2 * SIZES.width), torch.zeros(0, dtype=torch.bool)
    for level, following in pairwise(LEVELS):
        condition = denoiser.condition(torch.tensor([level]), resting, torch.ones(1, 2))
        told = Told(heard, denoiser.near(heard), denoiser.emotion_memory(tokens), feels, condition, past, gone)
        clean = denoiser(motion, torch.tensor([level]), told)[0]
        motion = clean + (motion - clean) * (following / level)
    np.testing.assert_allclose(moved(model), model.standard.back(motion[0].numpy()), atol=2e-5)


@pytest.mark.parametrize("other", [{"seed": 6}, {"guidance": Guidance(emotion=2.0)}, {"rest": 0.4}])
def test_seed_guidance_and_rest_matter(model: MotionModel, other: dict[str, object]) -> None:
    assert np.abs(moved(model, **other) - moved(model)).max() > 1e-4


def test_an_emotion_changes_from_its_frame_on(model: MotionModel) -> None:
    some, other = stream(model), stream(model)
    angry, happy = model.named.means[1], model.named.means[NAMES.index("happy")]
    for each, later in ((some, angry), (other, happy)):
        each.hear(rows())
        each.first = np.concatenate([each.move(np.stack([angry, angry])) for _ in range(4)])  # type: ignore[attr-defined]
        each.then = each.move(np.stack([angry, later]))  # type: ignore[attr-defined]
    np.testing.assert_array_equal(some.first, other.first)  # type: ignore[attr-defined]
    one, two = some.then, other.then  # type: ignore[attr-defined]
    np.testing.assert_allclose(one[0], two[0], atol=1e-6)
    assert np.abs(one[1] - two[1]).max() > 1e-4


def test_a_graph_that_is_none(tiny_motion: Path, tmp_path: Path) -> None:
    copy(tiny_motion, tmp_path)
    (tmp_path / "motion.onnx").write_bytes(b"no graph")
    with pytest.raises(CheckpointError, match="cannot be loaded"):
        read_model(tmp_path)


def copy(folder: Path, other: Path) -> None:
    for file in folder.iterdir():
        (other / file.name).write_bytes(file.read_bytes())


def test_priors_of_another_width(tiny_motion: Path, tmp_path: Path) -> None:
    copy(tiny_motion, tmp_path)
    save_priors(tmp_path / "priors.safetensors", {name: Prior(*np.ones((2, 8), np.float32)) for name in NAMES})
    with pytest.raises(CheckpointError, match="are not those that its bank reads"):
        read_model(tmp_path)


@pytest.mark.parametrize("wrong", [{"speech": 0.0}, {"emotion": 4.0}, {"speech": float("nan")}])
def test_guidance_that_was_not_learned(wrong: dict[str, float]) -> None:
    with pytest.raises(ConfigError, match="the guidance by"):
        Guidance(**wrong)


def test_a_checkpoint_that_is_damaged(tiny_motion: Path, tmp_path: Path) -> None:
    copy(tiny_motion, tmp_path)
    config = json.loads((tmp_path / "config.json").read_text())
    damages: list[dict[str, object]] = [{"levels": wrong} for wrong in ([1.0], 3, [1.0, 0.5, 0.0], [[1.0, 0.0]])]
    damages += [{"vocabulary": wrong} for wrong in (["joy"], [], ["happy"])]
    damages += [{"standard": {"mean": [0.0], "spread": [1.0]}}]
    for wrong in damages:
        (tmp_path / "config.json").write_text(json.dumps(config | wrong))
        with pytest.raises(CheckpointError, match="train it again"):
            read_model(tmp_path)
    (tmp_path / "config.json").write_text(json.dumps(config))
    weights = tmp_path / "denoiser.safetensors"
    save_file({name: np.full_like(tensor, np.nan) for name, tensor in load_file(weights).items()}, weights)
    with pytest.raises(CheckpointError, match="not finite"):
        stream(read_model(tmp_path))
