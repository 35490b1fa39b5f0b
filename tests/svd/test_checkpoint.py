"""Which emotions a checkpoint knows: those of the release where it does not tell, or a vocabulary of its own."""

from __future__ import annotations

import shutil
from dataclasses import replace
from pathlib import Path
from typing import Any

import numpy as np
import pytest
import torch
from spaces import felt, prior, space
from svd_tiny import random_priors, tiny_config, write_vocabulary

from dicetalk.backbone import Conditions
from dicetalk.checkpoints import open_checkpoint, write_config
from dicetalk.emotion.road import EmotionTrack, track
from dicetalk.emotion.timeline import Timeline
from dicetalk.emotion.vocabulary import NAMES, PUBLISHED
from dicetalk.errors import CheckpointError
from dicetalk.face import Face
from dicetalk.speech import Hearing
from dicetalk.svd.backbone import load_svd
from dicetalk.svd.checkpoint import EMOTIONS, build_modules, load_priors
from dicetalk.svd.conditioning import emotion_priors
from dicetalk.svd.options import SvdOptions
from dicetalk.svd.preprocess import speech_length
from dicetalk.svd.sizes import KIND, VERSION

SMALL = SvdOptions(preset="fast", steps=1, short_side=64, device="cpu")
NINE = ("happy", *[name for name in NAMES if name != "happy"], "proud")
SEVEN = tuple(name for name in NAMES if name != "contempt")
TIMES = (np.arange(10) + 0.5) / 25


@pytest.fixture(scope="module")
def older(tiny_svd: Path) -> Path:
    """A checkpoint of before vocabularies were told."""
    return tiny_svd


@pytest.fixture
def copy(older: Path, tmp_path: Path) -> Path:
    return Path(shutil.copytree(older, tmp_path / "copy"))


def told(folder: Path, names: tuple[str, ...], **config: object) -> Path:
    """The same with a vocabulary of its own."""
    write_vocabulary(folder, names, 0, tiny_config() | {"vocabulary": list(names)} | config)
    return folder


def frames(folder: Path, emotion: EmotionTrack) -> np.ndarray:
    rng = np.random.default_rng(7)
    face = Face(np.array([[20, 25, 0], [50, 70, 0]], np.float32))
    hearing = Hearing((rng.standard_normal(6400) * 3000).astype(np.int16))
    given = Conditions(rng.integers(0, 255, (90, 70, 3), np.uint8), face, hearing, emotion, 0)
    return np.concatenate(list(load_svd(folder, SMALL).generate(given)))


def test_a_checkpoint_that_does_not_tell_its_vocabulary(older: Path) -> None:
    found = load_priors(open_checkpoint(older, KIND, VERSION))
    assert found.names == PUBLISHED == NAMES and found.space == ""
    expected = torch.cat(list(random_priors().values())).numpy()
    np.testing.assert_array_equal(found.means, expected)
    assert not found.stds.any() and found.stds.shape == found.means.shape == (8, 256)


@pytest.mark.slow
def test_one_of_nine_emotions_in_an_order_of_its_own(copy: Path, older: Path) -> None:
    found = load_priors(open_checkpoint(told(copy, NINE, space="theirs"), KIND, VERSION))
    assert found.names == NINE and found.space == "theirs" and found.means.shape == (9, 256)
    emotion = track(Timeline([(0.0, "happy:1")]), TIMES)
    np.testing.assert_allclose(emotion_priors(emotion, found, speech_length(6400))[0], found.means[0], atol=1e-6)
    assert len(frames(copy, emotion)) == 10
    proud = EmotionTrack(np.tile(np.array([0, 1], np.float32), (10, 1)), ("neutral", "proud"))
    assert (frames(copy, proud) != frames(copy, emotion)).any()


@pytest.mark.slow
def test_one_of_seven_emotions_takes_what_it_lacks_for_neutral(copy: Path) -> None:
    told(copy, SEVEN)
    contempt, neutral = (track(Timeline([(0.0, name)]), TIMES) for name in ("contempt", "neutral"))
    np.testing.assert_array_equal(frames(copy, contempt), frames(copy, neutral))


def test_a_vocabulary_without_neutral_is_refused(copy: Path) -> None:
    with pytest.raises(CheckpointError, match="neutral"):
        load_svd(told(copy, ("happy", "sad")), SMALL)


def test_an_emotion_without_a_prior_is_named(copy: Path) -> None:
    write_vocabulary(copy, SEVEN, 0, tiny_config() | {"vocabulary": list(NINE)})
    with pytest.raises(CheckpointError, match=r"emotions\.safetensors lacks contempt, proud; expected one prior per"):
        load_svd(copy, SMALL)


def test_priors_of_another_width_are_refused(copy: Path) -> None:
    from dicetalk.modules import save_tensors

    save_tensors(copy / f"{EMOTIONS}.safetensors", {name: torch.zeros(1, 200) for name in NAMES})
    with pytest.raises(CheckpointError, match=r"holds priors of \[200\] numbers; expected 256"):
        load_svd(copy, SMALL)


def test_every_second_frame_is_denoised_with_what_is_felt_then(older: Path) -> None:
    stored = load_priors(open_checkpoint(older, KIND, VERSION))
    emotion = track(Timeline([(0.0, "happy:1"), (0.3, "sad:1")], fade=0.3), TIMES)
    length = speech_length(6400)
    found = emotion_priors(emotion, stored, length).numpy()
    assert found.shape == (length.latent_frames, 256)
    np.testing.assert_allclose(found[:5], emotion.weights[[0, 2, 4, 6, 8]] @ stored.means, atol=1e-5)


@pytest.mark.slow
def test_a_prior_of_its_own_space_reaches_it_as_it_is(copy: Path) -> None:
    told(copy, NAMES, space="ours")
    stored = load_priors(open_checkpoint(copy, KIND, VERSION))
    where = prior(*np.random.default_rng(5).normal(size=256).tolist())
    named = {name: prior(*mean.tolist()) for name, mean in zip(NAMES, stored.means, strict=True)}
    own = felt(where, replace(space(), priors=named), happy=1.0)
    emotion = track(Timeline([(0.0, own)]), TIMES)
    assert (emotion_priors(emotion, stored, speech_length(6400)).numpy() == where.mean).all()
    names = track(Timeline([(0.0, "happy:1")]), TIMES)
    assert (frames(copy, emotion) != frames(copy, names)).any()
    told(copy, NAMES, space="another")
    np.testing.assert_array_equal(frames(copy, emotion), frames(copy, names))


WRONG_SIZES: tuple[Any, ...] = (0, -1, 10**9, 1e3, True, "8", [], {})
DAMAGE: dict[str, Any] = {
    "vocabulary": [5, "neutral", [1], {"neutral": 1}, [str(number) for number in range(2000)]],
    "space": [5, ["x"]],
    "unet": [5, [], None, {"block_out_channels": "wide"}, {"block_out_channels": [1.5]}, {"more": 1}]
    + [{"cross_attention_dim": size} for size in WRONG_SIZES]
    + [{"block_out_channels": [8] * 100_000}],
    "speech": [None, {"tokens": 10**12}, {"tokens": None}],
    "bank": [7, {"codes": -5}],
    "region_widths": [7, [0], ["x"], [10**7]],
    "vae": [None, 5, {"layers_per_block": 10**9}, {"block_out_channels": 5}, {"latent_channels": "x"}],
    "clip": [None, {"num_hidden_layers": 10**6}, {"hidden_size": -1}, {"hidden_act": "nothing"}],
    "whisper": [[], {"encoder_layers": 10**7}, {"d_model": "x"}, {"d_model": 10**12}],
}
"""Values of a config that make no sense, by the part that they stand in."""


@pytest.mark.parametrize("part", DAMAGE)
def test_configs_that_make_no_sense(tmp_path: Path, part: str) -> None:
    for value in DAMAGE[part]:
        write_config(tmp_path, KIND, VERSION, {**tiny_config(), part: value})
        with pytest.raises(CheckpointError) as caught:
            build_modules(open_checkpoint(tmp_path, KIND, VERSION).config)
        assert "\n" not in str(caught.value) and len(str(caught.value)) < 500
