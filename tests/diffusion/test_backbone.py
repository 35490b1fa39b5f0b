"""The learned backbone at tiny size: as many frames as are wanted, the same again, and as much life as is asked for."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from dicetalk import DiceTalk
from dicetalk.amounts import Amounts
from dicetalk.backbone import Conditions, Moves
from dicetalk.diffusion.backbone import MotionBackbone, load_motion
from dicetalk.diffusion.stream import Guidance
from dicetalk.emotion.road import EmotionTrack, PriorTrack
from dicetalk.errors import CheckpointError
from dicetalk.media import Picture
from dicetalk.motion.space import EYES, Motion, concatenate, index


@pytest.fixture(scope="module")
def backbone(tiny_motion: Path) -> MotionBackbone:
    return load_motion(tiny_motion)


@pytest.fixture(scope="module")
def conditions(backbone: MotionBackbone, hopper_picture: Picture, speech: Path) -> Conditions:
    return DiceTalk(backbone)(hopper_picture, speech, emotion="happy", size=128).conditions


def acted(backbone: MotionBackbone, conditions: Conditions) -> Motion:
    return concatenate(list(backbone.act(conditions)))


def test_frames_are_as_many_as_are_wanted(backbone: MotionBackbone, conditions: Conditions) -> None:
    assert isinstance(backbone, Moves)
    for fps in (25, 60):
        some = replace(conditions, fps=fps)
        assert len(acted(backbone, some)) == some.frames
    frames = np.concatenate(list(backbone.generate(conditions)))
    assert frames.shape == (conditions.frames, *conditions.portrait.shape)


def test_a_seed_is_a_take(backbone: MotionBackbone, conditions: Conditions) -> None:
    one, again, other = (acted(backbone, replace(conditions, seed=seed)) for seed in (1, 1, 2))
    np.testing.assert_array_equal(one.shapes, again.shapes)
    assert np.abs(one.pose - other.pose).max() > 1e-3


def test_head_lids_and_gaze_do_as_much_as_is_wanted(backbone: MotionBackbone, conditions: Conditions) -> None:
    usual = acted(backbone, conditions)
    still = acted(backbone, replace(conditions, amounts=Amounts(head=0.0, blink=0.0, gaze="camera")))
    half = acted(backbone, replace(conditions, amounts=Amounts(head=0.5)))
    assert not still.pose.any() and not still.shapes[:, EYES].any()
    np.testing.assert_allclose(half.pose, usual.pose / 2, atol=1e-6)
    jaw = index("jawOpen")
    np.testing.assert_array_equal(still.shapes[:, jaw], usual.shapes[:, jaw])


def test_a_vector_of_the_same_space_is_taken_as_it_is(backbone: MotionBackbone, conditions: Conditions) -> None:
    weights, named = conditions.emotion.weights, backbone.model.named
    away = np.tile(named.means[1] * 1.5, (len(weights), 1)).astype(np.float32)
    own = EmotionTrack(weights, priors=PriorTrack(away, np.zeros_like(away), named.space))
    foreign = EmotionTrack(weights, priors=PriorTrack(away, np.zeros_like(away), "elsewhere"))
    by_name, by_vector, by_other = (
        acted(backbone, replace(conditions, emotion=emotion)).shapes
        for emotion in (EmotionTrack(weights), own, foreign)
    )
    assert np.abs(by_vector - by_name).max() > 1e-4
    np.testing.assert_array_equal(by_other, by_name)


def test_guidance_is_told(backbone: MotionBackbone, conditions: Conditions) -> None:
    pushed = MotionBackbone(backbone.model, Guidance(emotion=1.0))
    assert np.abs(acted(pushed, conditions).shapes - acted(backbone, conditions).shapes).max() > 1e-3


def test_no_checkpoint(tmp_path: Path) -> None:
    with pytest.raises(CheckpointError, match="not a checkpoint"):
        load_motion(tmp_path)
