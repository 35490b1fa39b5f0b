"""The svd backbone at tiny size, from portrait and speech to frames."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch

from dicetalk.backbone import Backbone, Conditions, Step
from dicetalk.checkpoints import CONFIG
from dicetalk.emotion.road import EmotionTrack, track
from dicetalk.emotion.timeline import Timeline
from dicetalk.emotion.vocabulary import NAMES
from dicetalk.errors import CheckpointError, ConfigError
from dicetalk.face import Face
from dicetalk.speech import Hearing
from dicetalk.svd.backbone import DenoisingStep, SvdBackbone, load_svd
from dicetalk.svd.options import SvdOptions

SMALL = SvdOptions(preset="fast", steps=2, short_side=64, device="cpu")


@pytest.fixture(scope="session")
def checkpoint(tiny_svd: Path) -> Path:
    return tiny_svd


def emotion(frames: int, **weights: float) -> EmotionTrack:
    row = np.array([weights.get(name, 0.0) for name in NAMES], np.float32)
    row[0] += 1 - row.sum()
    return EmotionTrack(np.tile(row, (frames, 1)))


def conditions(samples: int = 6400, seed: int = 0, **weights: float) -> Conditions:
    rng = np.random.default_rng(7)
    portrait = rng.integers(0, 255, (90, 70, 3), np.uint8)
    landmarks = np.array([[20, 25, 0], [50, 70, 0]], np.float32)
    waveform = (rng.standard_normal(samples) * 3000).astype(np.int16)
    frames = -(-samples // 640)
    felt = emotion(frames, **(weights or {"happy": 0.8}))
    return Conditions(portrait, Face(landmarks), Hearing(waveform), felt, seed)


def frames_of(backbone: SvdBackbone, given: Conditions) -> np.ndarray[Any, Any]:
    return np.concatenate(list(backbone.generate(given)))


def test_it_keeps_the_contract(checkpoint: Path) -> None:
    backbone: Backbone = load_svd(checkpoint, SMALL)
    assert (backbone.kind, backbone.fps) == ("svd", 25)
    chunks = list(backbone.generate(conditions()))
    assert all(chunk.dtype == np.uint8 and chunk.shape[1:] == (90, 70, 3) and len(chunk) <= 10 for chunk in chunks)
    assert sum(map(len, chunks)) == 10


@pytest.mark.parametrize("samples", [1, 640, 641, 1280, 3201])
@pytest.mark.parametrize("preset", ["fast", pytest.param("best", marks=pytest.mark.slow)])
def test_one_frame_per_40_ms_whatever_the_length(checkpoint: Path, samples: int, preset: str) -> None:
    backbone = load_svd(checkpoint, replace(SMALL, preset=preset, steps=1))
    assert len(frames_of(backbone, conditions(samples))) == -(-samples // 640)


@pytest.mark.slow
@pytest.mark.parametrize("samples", [1280, 3201, 6400])
def test_exact_denoises_as_many_frames_as_published_and_holds_the_last(checkpoint: Path, samples: int) -> None:
    backbone = load_svd(checkpoint, replace(SMALL, preset="best", steps=1, exact=True))
    frames = frames_of(backbone, conditions(samples))
    published = samples // 640 // 2 * 2 - 1
    assert len(frames) == -(-samples // 640)
    assert (frames[published:] == frames[published - 1]).all()
    with pytest.raises(ConfigError, match="80 ms"):
        frames_of(backbone, conditions(1000))


@pytest.mark.slow
@pytest.mark.parametrize(("precision", "off"), [("bfloat16", 12.0), ("float16", 2.0)])
def test_half_precision_gives_nearly_the_same_frames(checkpoint: Path, precision: str, off: float) -> None:
    """The loop, the VAE and all networks around them; `off`: on average, of 255 levels."""
    whole = frames_of(load_svd(checkpoint, replace(SMALL, steps=7)), conditions()).astype(int)
    backbone = load_svd(checkpoint, replace(SMALL, steps=7, precision=precision))
    half = frames_of(backbone, conditions())
    assert 0 < np.abs(whole - half).mean() < off
    assert {p.dtype for p in backbone.modules.vae.parameters()} == {backbone.placement.dtype}


def test_same_seed_same_frames_another_seed_others(checkpoint: Path) -> None:
    backbone = load_svd(checkpoint, SMALL)
    first = frames_of(backbone, conditions())
    np.testing.assert_array_equal(first, frames_of(backbone, conditions()))
    assert (first != frames_of(backbone, conditions(seed=1))).mean() > 0.5


@pytest.mark.slow
@pytest.mark.parametrize("preset", ["fast", "best"])
def test_low_memory_gives_the_same_frames(checkpoint: Path, preset: str) -> None:
    normal = frames_of(load_svd(checkpoint, replace(SMALL, preset=preset)), conditions())
    low = frames_of(load_svd(checkpoint, replace(SMALL, preset=preset, memory="low")), conditions())
    # Another batch rounds sums otherwise (1e-6); a value at an edge may fall one level of 256.
    assert np.abs(normal.astype(int) - low).max() <= 1


@pytest.mark.slow
def test_emotion_speech_and_guidance_are_seen(checkpoint: Path) -> None:
    guided = replace(SMALL, preset="best")
    backbone = load_svd(checkpoint, guided)
    base = frames_of(backbone, conditions())
    assert (base != frames_of(backbone, conditions(sad=0.8))).any()
    quiet = conditions()
    assert (base != frames_of(backbone, replace(quiet, speech=Hearing(np.zeros_like(quiet.speech.waveform))))).any()
    for changed in (
        replace(guided, image_scale=2.0),
        replace(guided, speech_scale=3.0),
        replace(guided, emotion_scale=3.0),
    ):
        assert (base != frames_of(load_svd(checkpoint, changed), conditions())).any()
    for kind in ("matched", "neutral"):
        assert (base != frames_of(load_svd(checkpoint, replace(guided, no_emotion=kind)), conditions())).any()


@pytest.mark.slow
def test_a_timeline_changes_frames_only_gradually_and_constant_equals_single(checkpoint: Path) -> None:
    backbone = load_svd(checkpoint, SMALL)
    given = conditions()
    same = track(Timeline([(0.0, "happy:0.8"), (0.2, "happy:0.8")]), (np.arange(10) + 0.5) / 25)
    steady = frames_of(backbone, given).astype(int)
    # Fading from an emotion to itself rounds its weights (6e-8): a value at an edge may fall one level of 256.
    assert np.abs(steady - frames_of(backbone, replace(given, emotion=same))).max() <= 1
    ramp = np.linspace(0, 1, 10, dtype=np.float32)[:, None]
    fading = EmotionTrack(emotion(10, happy=0.8).weights * (1 - ramp) + emotion(10, sad=0.8).weights * ramp)
    assert (steady != frames_of(backbone, replace(given, emotion=fading))).any()


def test_a_face_crop_is_pasted_back(checkpoint: Path) -> None:
    given = conditions()
    backbone = load_svd(checkpoint, replace(SMALL, frame="face"))
    frames = frames_of(backbone, given)
    assert frames.shape == (10, 90, 70, 3)
    changed = (frames != given.portrait).any((0, 3))
    assert changed[30:60, 25:45].mean() > 0.9
    # 0.5 of a 30 x 45 face on each side leaves the outermost rows to the portrait.
    assert not changed[0].any() and not changed[-1].any()


@pytest.mark.slow
@pytest.mark.parametrize("name", ["unet", "vae", "clip", "speech_projector", "bank", "interpolator"])
def test_numbers_that_are_none_are_told_and_no_black_video_comes(checkpoint: Path, name: str) -> None:
    backbone = load_svd(checkpoint, SMALL)
    with torch.no_grad():
        for parameter in getattr(backbone.modules, name).parameters():
            parameter.fill_(torch.nan)
    with pytest.raises(ConfigError, match="holds numbers that are not finite; use precision float32"):
        frames_of(backbone, conditions())


def test_steps_are_told_with_a_preview(checkpoint: Path) -> None:
    told: list[DenoisingStep] = []

    def watch(step: Step) -> None:
        assert isinstance(step, DenoisingStep)
        told.append(step)

    for _ in load_svd(checkpoint, SMALL).generate(conditions(), watch):
        pass
    assert [(step.done, step.total) for step in told] == [(1, 2), (2, 2)]
    preview = told[-1].preview()
    assert isinstance(preview, np.ndarray) and preview.dtype == np.uint8
    assert preview.shape == (5, told[-1].clean.shape[2], told[-1].clean.shape[3], 3)


def test_frames_stream_while_later_ones_are_not_decoded(checkpoint: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    backbone = load_svd(checkpoint, replace(SMALL, steps=1))
    decoded: list[int] = []
    decode = type(backbone.modules.vae).decode

    def spy(self: Any, latents: torch.Tensor, **kw: Any) -> Any:
        decoded.append(len(latents))
        return decode(self, latents, **kw)

    monkeypatch.setattr(type(backbone.modules.vae), "decode", spy)
    stream: Iterator[Any] = backbone.generate(conditions(40 * 1280))
    next(stream)
    assert decoded == [10]
    assert sum(map(len, stream)) == 70 and decoded == [10] * 4


def test_too_little_memory_is_known_beforehand_and_says_what_fits(
    checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    backbone = load_svd(checkpoint, SMALL)
    monkeypatch.setattr("dicetalk.svd.cost.free_bytes", lambda _device: 12_000_000)
    with pytest.raises(ConfigError, match=r"GB are needed and .* GB are free; nothing smaller fits"):
        next(backbone.generate(conditions()))


def test_weights_that_do_not_fit_are_known_before_any_is_read(
    checkpoint: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dicetalk.svd.cost.free_bytes", lambda _device: 1_000_000)
    monkeypatch.setattr("dicetalk.svd.backbone.load_modules", lambda *_: pytest.fail("weights were read"))
    with pytest.raises(ConfigError, match=r"the weights need .* GB and 0\.0 GB are free on cpu; close other programs"):
        load_svd(checkpoint, SMALL)


def test_running_full_says_what_fits(checkpoint: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    backbone = load_svd(checkpoint, SMALL)

    def full(*_: Any) -> None:
        raise torch.OutOfMemoryError("CUDA out of memory")

    monkeypatch.setattr(backbone.modules.unet, "forward", full)
    with pytest.raises(ConfigError, match=r"ran out of memory: about .* GB are free; preset fast with memory low fits"):
        next(backbone.generate(conditions()))


@pytest.mark.parametrize(
    ("changes", "words"),
    [
        ({"preset": "quick"}, "choose one of: fast, balanced, best"),
        ({"steps": 0}, "use 1 to 200"),
        ({"short_side": 10}, "512"),
        ({"emotion_scale": float("nan")}, "emotion_scale is nan; use 0 to 30"),
        ({"speech_scale": -1.0}, "speech_scale is -1.0; use 0 to 30"),
        ({"device": "gpu9"}, "not a device"),
        ({"device": "cuda:77"}, "there is no cuda:77 here"),
        ({"memory": "tiny"}, "normal, low"),
    ],
)
def test_wrong_options_are_named(checkpoint: Path, changes: dict[str, Any], words: str) -> None:
    with pytest.raises(ConfigError, match=words):
        load_svd(checkpoint, replace(SMALL, **changes))


def test_damaged_checkpoints_are_named(checkpoint: Path, tmp_path: Path) -> None:
    import shutil

    with pytest.raises(CheckpointError, match="no folder"):
        load_svd(tmp_path / "none", SMALL)
    (tmp_path / "empty").mkdir()
    with pytest.raises(CheckpointError, match="not a checkpoint"):
        load_svd(tmp_path / "empty", SMALL)
    copy = Path(shutil.copytree(checkpoint, tmp_path / "copy"))
    for damage, words in (
        (lambda: (copy / "vae.safetensors").write_bytes((copy / "vae.safetensors").read_bytes()[:-99]), "truncated"),
        (lambda: (copy / "vae.safetensors").unlink(), "not complete"),
        (
            lambda: (copy / CONFIG).write_text((copy / CONFIG).read_text().replace('"version": 1', '"version": 9')),
            "version 9",
        ),
        (lambda: (copy / CONFIG).write_text("{"), "not valid JSON"),
    ):
        damage()
        with pytest.raises(CheckpointError, match=words):
            load_svd(copy, SMALL)
