"""The weights that ship: the motion they made when they were written, lips that meet, emotions that grow."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from places import TESTS

import dicetalk
from dicetalk import assets
from dicetalk.backbone import Conditions, Moves
from dicetalk.emotion.road import EmotionTrack, track
from dicetalk.emotion.timeline import Timeline
from dicetalk.media import Picture, read_sound
from dicetalk.motion.basis import lip_parting
from dicetalk.motion.space import Motion, concatenate, index
from dicetalk.rates import FPS, SPEECH_RATE
from dicetalk.speech.broad import closures

GOLDEN = TESTS / "golden" / "motion.npy"
"""(50, 58) two seconds of the demo's speech, happy, take 0, as they were made when these weights were written."""


@pytest.fixture(scope="module")
def talk() -> dicetalk.DiceTalk:
    return dicetalk.load("motion")


@pytest.fixture(scope="module")
def conditions(talk: dicetalk.DiceTalk, hopper_picture: Picture) -> Conditions:
    return talk(hopper_picture, assets.speech(), emotion="happy", size=96).conditions


def acted(talk: dicetalk.DiceTalk, conditions: Conditions) -> Motion:
    assert isinstance(talk.backbone, Moves)
    return concatenate(list(talk.backbone.act(conditions)))


def felt(conditions: Conditions, text: str) -> EmotionTrack:
    return track(Timeline([(0.0, text)]), (np.arange(conditions.frames) + 0.5) / FPS)


def test_motion_is_as_it_was(talk: dicetalk.DiceTalk, conditions: Conditions) -> None:
    """Processors differ in their last bits, and five steps pass these on: a thousandth is far below what is seen."""
    moved = acted(talk, conditions)
    made = np.column_stack([moved.shapes, moved.pose])[:50]
    np.testing.assert_allclose(made, np.load(GOLDEN), atol=2e-3)


def test_lips_meet_where_they_are_heard_to(talk: dicetalk.DiceTalk, conditions: Conditions) -> None:
    gaps = (acted(talk, conditions).shapes @ lip_parting()).mean(1)
    phones = conditions.speech.whole().phones
    least = [gaps[max(start // 4 - 1, 0) : stop // 4 + 2].min() for start, stop in closures(phones)]
    assert np.mean(np.array(least) < 0.02) >= 0.8
    assert np.mean(gaps > 0.05) > 0.4


@pytest.fixture(scope="module")
def short(talk: dicetalk.DiceTalk, hopper_picture: Picture) -> Conditions:
    """Three seconds, for what is seen at once."""
    sound = read_sound(assets.speech())
    return talk(hopper_picture, replace(sound, waveform=sound.waveform[: 3 * SPEECH_RATE]), size=96).conditions


@pytest.fixture(scope="module")
def calm(talk: dicetalk.DiceTalk, short: Conditions) -> Motion:
    return acted(talk, replace(short, emotion=felt(short, "neutral")))


@pytest.mark.parametrize(
    ("emotion", "shape"),
    [
        ("happy", "mouthSmileLeft"),
        ("sad", "browInnerUp"),
        pytest.param("angry", "browDownLeft", marks=pytest.mark.slow),
        pytest.param("surprised", "eyeWideLeft", marks=pytest.mark.slow),
    ],
)
def test_emotions_grow_with_their_strength(
    talk: dicetalk.DiceTalk, short: Conditions, calm: Motion, emotion: str, shape: str
) -> None:
    clips = [replace(short, emotion=felt(short, f"{emotion}:{strength}")) for strength in (0.5, 1)]
    motions = calm, *(acted(talk, clip) for clip in clips)
    shown = [float(motion.shapes[:, index(shape)].mean()) for motion in motions]
    assert shown[0] < shown[1] - 0.03 and shown[1] < shown[2] - 0.03


def test_other_takes_hold_the_head_otherwise(talk: dicetalk.DiceTalk, short: Conditions) -> None:
    one, two = (acted(talk, replace(short, seed=seed)) for seed in (0, 1))
    assert np.abs(one.pose[:, :3] - two.pose[:, :3]).max() > 0.01
