"""One person's motion is learned at tiny size: only small changes, judged by what is kept back, and used like any."""

from __future__ import annotations

import json
import shutil
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.torch import load_file
from scipy.io import wavfile

from dicetalk.acting.eyes import BLINK_EVERY
from dicetalk.data.film import Film
from dicetalk.data.passages import Acted
from dicetalk.diffusion.backbone import load_motion
from dicetalk.diffusion.channels import MOTION
from dicetalk.diffusion.checkpoint import read_model
from dicetalk.emotion.vocabulary import NAMES
from dicetalk.errors import CheckpointError, ConfigError, InputError
from dicetalk.media import VideoWriter, read_sound
from dicetalk.motion.space import index
from dicetalk.rates import FPS, SPEECH_RATE
from dicetalk.speech.stream import SPEECH
from dicetalk.training.person_head import _moved, with_head_of
from dicetalk.training.person_motion import Personal, PersonRecipe, PersonTask, apart, finetune_motion, open_start

RECIPE = PersonRecipe()
TINY = replace(
    RECIPE,
    rank=2,
    kept_back=0.3,
    learning=replace(
        RECIPE.learning,
        batch=4,
        frames=20,
        loop=replace(RECIPE.learning.loop, steps=12, rate=2e-2, warmup=1, save_every=6),
    ),
)


@pytest.fixture
def start(tiny_motion: Path) -> Path:
    return tiny_motion


def acted(frames: int = 300) -> Acted:
    drawn = np.random.default_rng(0)
    feelings = np.zeros((1, frames, len(NAMES)), np.float16)
    feelings[..., 0] = 1
    speech = drawn.normal(0, 1, (1, frames, SPEECH)).astype(np.float16)
    motion = (0.3 + 0.05 * drawn.normal(0, 1, (1, frames, MOTION))).astype(np.float16)
    return Acted(speech, motion, feelings, np.zeros((1, 2, 52), np.float16), np.array([0, 100, frames]))


def test_the_ends_are_kept_back_a_second_away() -> None:
    learned, kept = apart(acted(), 0.3)
    assert learned.starts.tolist() == [0, 45, 45 + 115] and kept.starts.tolist() == [0, 30, 90]
    np.testing.assert_array_equal(kept.motion[0, 30], acted().motion[0, 240])
    assert learned.resting.shape == (1, 2, 52)
    with pytest.raises(InputError, match="less than a second is kept back"):
        apart(acted(), 0.05)


def test_small_changes_and_biases_alone_learn(start: Path) -> None:
    task = PersonTask(open_start(start), *apart(acted(), 0.3), TINY)
    for step in range(2):
        task.losses(torch.Generator().manual_seed(step))["loss"].backward()
    learns = {name for name, p in task.net.named_parameters() if p.grad is not None and p.grad.any()}
    assert learns and all(name.startswith("denoiser.") for name in learns)
    assert all(name.endswith((".up", ".down", "bias")) for name in learns)
    before = load_file(start / "bank.safetensors")
    for _ in range(200):
        task.net.usage()  # would give entries that are hardly ever read new life
    assert all(torch.equal(tensor.half(), before[name]) for name, tensor in task.net.bank.state_dict().items())


def test_a_head_moves_as_far_as_the_one_that_was_seen(start: Path) -> None:
    model, seen = read_model(start), acted()
    made = np.concatenate(list(_moved(model, seen)))[:, 52:]
    wide = seen.motion.astype(np.float32)
    wide[0, :, 52:] = np.random.default_rng(0).normal(0, 1, (300, 6)) * made.std(0) * [2, 0.5, 3, 1, 100, 7]
    told = with_head_of(model.standard, model, replace(seen, motion=wide.astype(np.float16)))
    factors = told.spread / model.standard.spread
    np.testing.assert_allclose(factors[52:], [2, 0.5, 3, 1, 4, 1], rtol=0.1)  # of 300 frames; z is not read
    np.testing.assert_array_equal(factors[:52], 1)
    np.testing.assert_allclose(told.mean, model.standard.mean * factors, rtol=1e-6)


@pytest.fixture(scope="module")
def film(voice: np.ndarray, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Six seconds; of what is in its pictures the tests tell."""
    path = tmp_path_factory.mktemp("person") / "me.mp4"
    wavfile.write(path.with_suffix(".wav"), SPEECH_RATE, voice[: 6 * SPEECH_RATE])
    sound = read_sound(path.with_suffix(".wav"))
    with VideoWriter(path, width=32, height=32, speech=sound) as video:
        video.write(np.zeros((6 * FPS, 32, 32, 3), np.uint8))
    return path


@pytest.fixture
def seen(monkeypatch: pytest.MonkeyPatch) -> None:
    """A face whose brow is up, which blinks twice in six seconds."""
    motion = np.zeros((6 * FPS, MOTION), np.float32)
    motion[:, index("browInnerUp")] = 0.5 + 0.1 * np.sin(np.arange(6 * FPS))
    motion[20:23, [index("eyeBlinkLeft"), index("eyeBlinkRight")]] = 1
    motion[80:83, [index("eyeBlinkLeft"), index("eyeBlinkRight")]] = 1
    monkeypatch.setattr("dicetalk.data.person.check_alone", lambda video: None)
    monkeypatch.setattr(
        "dicetalk.data.person.watched",
        lambda clip, voice: Film(motion, None, (0, 0, 9, 9), np.zeros((len(motion), 478, 3))),
    )


@pytest.mark.slow
def test_a_person_is_learned_goes_on_and_is_used(seen: None, start: Path, film: Path, tmp_path: Path) -> None:
    recipe = replace(TINY, start=str(start))
    became = finetune_motion([film], tmp_path / "me", recipe)
    assert became.is_better and became.after < 0.9 * became.before
    assert became.blink_every == pytest.approx((6 + 4 * BLINK_EVERY) / 6)
    config = json.loads((tmp_path / "me" / "config.json").read_text())
    assert config["learned"] == ["own", "synthetic"] and config["blink_every"] == pytest.approx(3.267, abs=1e-3)
    assert load_motion(tmp_path / "me").model.eyes.blink_every == config["blink_every"]
    _check_graphs(tmp_path / "me")
    bank = [load_file(folder / "bank.safetensors") for folder in (start, tmp_path / "me")]
    assert all(torch.equal(bank[0][name], bank[1][name]) for name in bank[0])

    def stop(work: str):  # type: ignore[no-untyped-def]
        def told(done: int, total: int) -> None:
            if work == "learning" and done == 7:
                raise KeyboardInterrupt

        return told

    with pytest.raises(KeyboardInterrupt):
        finetune_motion([film], tmp_path / "parts", recipe, watched=stop)
    assert finetune_motion([film], tmp_path / "parts", recipe).after == became.after
    one, other = ((tmp_path / run / "denoiser.safetensors").read_bytes() for run in ("me", "parts"))
    assert one == other
    with pytest.raises(InputError, match="was made with videos me neutral:1"):
        finetune_motion([film], tmp_path / "me", recipe, emotion="sad:0.5")
    with pytest.raises(InputError, match="was made with start"):
        finetune_motion([film], tmp_path / "me", replace(recipe, start=str(tmp_path / "parts")))


def _check_graphs(folder: Path) -> None:
    """The graphs that were taken from the start read the weights that were learned."""
    net = open_start(folder).net.eval()
    resting = torch.randn(1, 52, generator=torch.Generator().manual_seed(0))
    given = {"level": torch.full((5,), 0.4), "resting": resting.expand(5, -1), "scales": torch.full((5, 2), 1.2)}
    (told,) = read_model(folder).run("condition", **{name: tensor.numpy() for name, tensor in given.items()})
    expected = net.denoiser.condition(*given.values()).detach().numpy()
    np.testing.assert_allclose(told, expected, atol=1e-5)  # sums of some ten numbers
    rows = torch.randn(1, 1, SPEECH, generator=torch.Generator().manual_seed(1))
    (told,) = read_model(folder).run("speech", rows=rows.numpy())
    np.testing.assert_allclose(told, net.denoiser.speech_memory(rows).detach().numpy(), atol=1e-5)


@pytest.mark.slow
def test_what_is_no_better_is_left_out(seen: None, start: Path, film: Path, tmp_path: Path) -> None:
    wild = replace(TINY.learning, loop=replace(TINY.learning.loop, rate=0.3, average=0.0))
    became = finetune_motion([film], tmp_path, replace(TINY, start=str(start), learning=wild))
    assert not became.is_better and "move as before" in became.lines()[1]
    one, other = (load_file(folder / "denoiser.safetensors") for folder in (start, tmp_path))
    assert all(torch.equal(one[name], other[name]) for name in one)


def test_what_cannot_be_learned_is_told(start: Path, film: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="no face"):
        finetune_motion([film], tmp_path / "me", replace(TINY, start=str(start)))
    with pytest.raises(InputError, match="no face"):  # nothing was learned there yet: other videos are taken
        finetune_motion([film], tmp_path / "me", replace(TINY, start=str(start)), emotion="sad")
    with pytest.raises(ConfigError, match="is the checkpoint that is changed"):
        finetune_motion([film], start, replace(TINY, start=str(start)))
    with pytest.raises(InputError, match="no video"):
        finetune_motion([], tmp_path / "me", TINY)
    with pytest.raises(CheckpointError, match="no folder"):
        finetune_motion([film], tmp_path / "me", replace(TINY, start=str(tmp_path / "none")))
    with pytest.raises(ConfigError, match="rank"):
        replace(TINY, rank=0)
    assert [RECIPE.steps_for(frames) for frames in (25, 120, 400, 3000)] == [4, 22, 75, 120]
    assert "explained 50% better" in Personal(tmp_path, (9, 3), 0.4, 0.2, 3.0).lines()[1]


def test_how_often_somebody_blinks_is_checked(start: Path, tmp_path: Path) -> None:
    shutil.copytree(start, tmp_path, dirs_exist_ok=True)
    config = json.loads((start / "config.json").read_text())
    (tmp_path / "config.json").write_text(json.dumps(config | {"blink_every": 0.01}))
    with pytest.raises(CheckpointError, match=r"a blink every 0.01 s"):
        read_model(tmp_path)
