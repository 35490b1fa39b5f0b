"""The performer: lips do what the phones need, emotions show and grow, every seed is another take."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from numpy.typing import NDArray

from dicetalk.acting.performer import REACH, act, perform, wander
from dicetalk.acting.postures import POSTURES, posture_shapes
from dicetalk.acting.take import rehearse
from dicetalk.acting.visemes import VISEMES
from dicetalk.amounts import Amounts
from dicetalk.emotion.timeline import Timeline
from dicetalk.emotion.vocabulary import NAMES
from dicetalk.media import Waveform, frame_count
from dicetalk.motion.basis import emphasis, face_shapes, lip_parting
from dicetalk.motion.landmarks import LEFT_LOWER_LID, LEFT_UPPER_LID
from dicetalk.motion.space import EYES, MOUTH, SHAPES, Motion, concatenate, gaze, index
from dicetalk.rates import FPS, HOPS_PER_FRAME, HOPS_PER_SECOND, SPEECH_RATE
from dicetalk.speech import Speech, listen, listen_blocks
from dicetalk.speech.broad import PHONES, SILENCE

VOWEL = 0.2  # [s] a phone of the made-up words


def spoken(*labels: str, loudness: float = 1.0) -> Speech:
    """Made-up speech: phones of `VOWEL` seconds each with a pause of 0.4 s on both sides."""
    said = ["SIL", "SIL", *labels, "SIL", "SIL"]
    numbers = np.repeat([PHONES.index(label) for label in said], round(VOWEL * HOPS_PER_SECOND))
    quiet = numbers.reshape(-1, HOPS_PER_FRAME)[:, 0] == SILENCE
    voiced = np.where(quiet, 0, loudness).astype(np.float32)
    return Speech(
        first=0, margin=0, phones=np.eye(len(PHONES), dtype=np.float32)[numbers], loudness=voiced, pitch=voiced * 150,
        voicing=voiced, log_mel=np.zeros((len(quiet), 80), np.float32), silence=quiet,
    )  # fmt: skip


def motion_of(speech: Speech, emotion: str = "neutral", seed: int = 0) -> Motion:
    weights = Timeline([(0.0, emotion)]).at(np.arange(speech.frames) / FPS).astype(np.float64)
    return act(speech, weights, rehearse(speech.frames, seed))


def middle(number: int) -> int:
    """The frame in the middle of a phone, counted from 1."""
    return int((0.4 + VOWEL * (number - 0.5)) * FPS)


def parting(motion: Motion) -> NDArray[Any]:
    """How far the lips are apart (T,) where they are furthest, [inter-ocular distances]."""
    return np.maximum(motion.shapes @ lip_parting(), 0).max(1)


@pytest.mark.parametrize("emotion", NAMES)
@pytest.mark.parametrize("phone", ["P", "M"])
def test_bilabials_shut_the_lips_in_every_mood(phone: str, emotion: str) -> None:
    speech = spoken("A", phone, "A")
    motion = motion_of(speech, emotion if emotion == "neutral" else f"{emotion}:1")
    assert parting(motion)[middle(2)] < 0.01
    assert parting(motion)[middle(1)] > 0.1


@pytest.mark.parametrize("emotion", NAMES)
def test_lips_are_shut_in_pauses(emotion: str) -> None:
    speech = spoken("A", "EH")
    motion = motion_of(speech, emotion if emotion == "neutral" else f"{emotion}:1")
    assert parting(motion)[[3, 5, -4, -6]].max() < 0.01


@pytest.mark.parametrize("emotion", NAMES[1:])
def test_brows_and_lids_hold_the_emotion_between_words(emotion: str) -> None:
    speech = spoken("A", "EH")
    motion, plain = motion_of(speech, f"{emotion}:0.8"), motion_of(speech)
    shown = motion.shapes.astype(float) - plain.shapes
    upper = [i for i, name in enumerate(SHAPES) if name.startswith(("brow", "eyeWide", "eyeSquint", "nose", "cheek"))]
    pause, word = (shown[at][upper].sum() for at in (4, middle(1)))
    assert pause > 0.9 * word > 0


@pytest.mark.parametrize("emotion", NAMES[1:])
def test_every_emotion_grows_up_to_full_strength_in_words_and_between_them(emotion: str) -> None:
    speech = spoken("A", "EH")
    faces = [motion_of(speech, f"{emotion}:{strength}").shapes for strength in (0.25, 0.5, 0.75, 1.0)]
    for at in (4, middle(1)):
        steps = np.linalg.norm(np.diff([face[at] for face in faces], axis=0), axis=1)
        assert steps.min() > 0.3 * steps.max()


def test_disgust_leaves_the_eyes_open() -> None:
    upper, lower = list(LEFT_UPPER_LID[1:-1]), list(LEFT_LOWER_LID[1:-1])
    face, moves = face_shapes()["neutral"], face_shapes()["delta"] * emphasis()[:, None, None]
    opening = (face[lower] - face[upper])[:, 1].mean()
    widened = (moves[:, lower] - moves[:, upper])[:, :, 1].mean(1)
    posture = posture_shapes(np.eye(8))[NAMES.index("disgusted")]
    assert posture @ widened > -0.55 * opening


def test_f_brings_the_lip_to_the_teeth() -> None:
    speech = spoken("A", "F", "A")
    motion = motion_of(speech)
    at = middle(2)
    assert motion.column("mouthRollLower")[at] > 0.3
    assert motion.column("jawOpen")[at] < 0.15


def test_rounded_vowels_are_round_and_spread_ones_are_not() -> None:
    for label, low, high in (("U", 0.4, 1.0), ("I", 0.0, 0.1)):
        speech = spoken("T", label, "T")
        assert low <= motion_of(speech).column("mouthPucker")[middle(2)] <= high


def test_rounding_starts_before_its_vowel() -> None:
    round_next, spread_next = spoken("T", "U"), spoken("T", "I")
    late = middle(1) + 1
    rounder = motion_of(round_next).column("mouthPucker") - motion_of(spread_next).column("mouthPucker")
    assert rounder[late] > 0.05


def test_open_vowels_open_the_jaw_more_than_close_ones() -> None:
    speech = spoken("A", "T", "I")
    jaw = motion_of(speech).column("jawOpen")
    assert jaw[middle(1)] > 2 * jaw[middle(3)]


def test_louder_speech_opens_the_jaw_further() -> None:
    speech = [spoken("A", "T", "A", loudness=level) for level in (0.3, 1.0)]
    quiet, loud = (motion_of(s).column("jawOpen")[middle(1)] for s in speech)
    assert loud > 1.3 * quiet


def test_every_phone_has_a_viseme() -> None:
    assert tuple(VISEMES) == PHONES


def test_a_phone_that_is_half_likely_pulls_half_as_far() -> None:
    sure, unlikely = spoken("A", "U", "A"), spoken("A", "A", "A")
    half = replace(sure, phones=(0.5 * (sure.phones + unlikely.phones)).astype(np.float32))
    round_, torn, open_ = (motion_of(each).column("mouthPucker")[middle(2)] for each in (sure, half, unlikely))
    assert open_ < torn - 0.1 < torn < round_ - 0.1


@pytest.mark.parametrize(("likely", "shut"), [(0.15, False), (0.7, True)])
def test_lips_shut_for_what_is_likely(likely: float, shut: bool) -> None:
    speech = spoken("A", "P", "A")
    shares = likely * speech.phones + (1 - likely) * spoken("A", "A", "A").phones
    doubtful = replace(speech, phones=shares.astype(np.float32))
    assert bool(parting(motion_of(doubtful))[middle(2)] < 0.01) == shut


@settings(max_examples=25, deadline=None)
@given(st.sampled_from(NAMES[1:]), st.floats(0, 0.95), st.floats(0.01, 0.05))
def test_postures_grow_with_strength(name: str, strength: float, more: float) -> None:
    row = np.zeros((2, 8))
    row[:, NAMES.index(name)] = strength, strength + more
    weak, strong = posture_shapes(row)
    assert (strong >= weak).all() and strong.sum() > weak.sum()


def test_emotions_differ_from_each_other_on_the_upper_or_lower_face() -> None:
    rows = posture_shapes(np.eye(8))
    for i in range(8):
        for j in range(i):
            assert np.abs(rows[i] - rows[j]).max() > 0.3, (NAMES[i], NAMES[j])


def test_postures_name_real_shapes_in_range() -> None:
    rows = posture_shapes(np.eye(8))
    assert rows.min() >= 0 and rows.max() <= 1
    assert set(POSTURES) == set(NAMES)


@pytest.fixture(scope="module")
def clip(voice: Waveform) -> Waveform:
    return voice[: 6 * 16000]


def performed(clip: Waveform, emotion: str, seed: int) -> Motion:
    times = (np.arange(frame_count(len(clip))) + 0.5) / FPS
    weights = Timeline([(0.0, emotion)]).at(times).astype(np.float64)
    return concatenate(list(perform(listen_blocks(clip), weights, seed)))


def test_blocks_leave_no_seam(clip: Waveform) -> None:
    times = (np.arange(frame_count(len(clip))) + 0.5) / FPS
    mood = Timeline([(0.0, "angry"), (2.5, "angry"), (3.2, "fear")]).at(times).astype(np.float64)
    short, long = (concatenate(list(perform(listen_blocks(clip, block), mood, 0))) for block in (2.0, 16.0))
    assert np.abs(short.pose - long.pose).max() < 0.01
    for name in ("eyeLookUpLeft", "eyeLookDownLeft", "eyeLookOutLeft"):
        assert np.abs(short.column(name) - long.column(name)).max() < 0.03, name


def test_a_seed_is_a_take(clip: Waveform) -> None:
    one, again, other = (performed(clip, "happy", seed) for seed in (0, 0, 1))
    assert np.array_equal(one.shapes, again.shapes) and np.array_equal(one.pose, again.pose)
    assert np.abs(one.pose - other.pose).max() > 0.01
    assert len(one) == frame_count(len(clip))
    # Another take moves the head and the eyes; the lips still say the same.
    jaw = index("jawOpen")
    assert np.abs(one.shapes[:, jaw] - other.shapes[:, jaw]).max() < 0.05


def test_motion_stays_within_human_bounds(clip: Waveform) -> None:
    for emotion in NAMES:
        motion = performed(clip, emotion, 3)
        assert motion.shapes.min() >= 0 and motion.shapes.max() <= 1
        assert np.abs(motion.pose[:, :3]).max() < 0.35
        assert np.abs(np.diff(motion.pose[:, :3], axis=0)).max() < 0.04  # [rad] a frame: one radian a second


def test_the_mouth_follows_the_speech_in_every_mood(clip: Waveform) -> None:
    loud = listen(clip).loudness
    for emotion in NAMES:
        assert np.corrcoef(performed(clip, emotion, 0).column("jawOpen"), loud)[0, 1] > 0.5, emotion


def test_blinks_come_at_a_natural_rate_and_never_in_lock_step() -> None:
    minutes = 5
    starts = []
    for seed in range(4):
        lids = rehearse(minutes * 60 * FPS, seed).blink
        closed = lids > 0.5
        starts.append(np.flatnonzero(closed[1:] & ~closed[:-1]))
        assert 10 <= len(starts[-1]) / minutes <= 30
        gaps = np.diff(starts[-1]) / FPS
        assert gaps.std() > 0.3 * gaps.mean()
        assert lids.max() > 0.85
    for i in range(4):
        for j in range(i):
            together = np.intersect1d(starts[i], starts[j])
            assert len(together) < 0.1 * len(starts[i])


def test_both_eyes_look_the_same_way(clip: Waveform) -> None:
    motion = performed(clip, "neutral", 0)
    for a, b in (("eyeLookOutLeft", "eyeLookInRight"), ("eyeLookInLeft", "eyeLookOutRight")):
        assert np.array_equal(motion.column(a), motion.column(b))
    assert not (motion.column("eyeLookOutLeft") * motion.column("eyeLookInLeft")).any()


def test_a_timeline_moves_from_one_face_to_another(clip: Waveform) -> None:
    times = (np.arange(frame_count(len(clip))) + 0.5) / FPS
    mood = Timeline([(0.0, "sad"), (3.0, "happy")]).at(times).astype(np.float64)
    motion = concatenate(list(perform(listen_blocks(clip), mood, 0)))
    smile, frown = motion.column("mouthSmileLeft"), motion.column("mouthFrownLeft")
    assert smile[:40].max() < 0.25 < smile[90:].mean()
    assert frown[:40].mean() > 0.3 > frown[90:].max()


def amounted(clip: Waveform, emotion: str = "happy", **amounts: Any) -> Motion:
    times = (np.arange(frame_count(len(clip))) + 0.5) / FPS
    weights = Timeline([(0.0, emotion)]).at(times).astype(np.float64)
    return concatenate(list(perform(listen_blocks(clip), weights, 0, Amounts(**amounts))))


def test_a_still_head_leaves_lips_and_emotion(clip: Waveform) -> None:
    usual, still = amounted(clip), amounted(clip, head=0, blink=0, gaze="camera")
    assert not still.pose.any() and not still.column("eyeBlinkLeft").any() and not still.shapes[:, EYES].any()
    np.testing.assert_array_equal(still.shapes[:, MOUTH], usual.shapes[:, MOUTH])
    assert still.column("cheekSquintLeft").min() > 0.3  # the smile
    assert (
        np.abs(np.diff(amounted(clip, "neutral", head=0, blink=0, gaze="camera").shapes[:, ~MOUTH], axis=0)).max() == 0
    )


def test_who_listens_nods() -> None:
    still = np.zeros(10 * SPEECH_RATE, np.int16)
    times = (np.arange(250) + 0.5) / FPS
    neutral = Timeline([(0.0, "neutral")]).at(times).astype(np.float64)
    motion = concatenate(list(perform(listen_blocks(still), neutral, 0)))
    wandering = wander(listen(still), neutral, rehearse(250, 0))[:, 1]
    nods = motion.column("pitch") - wandering
    assert nods.max() > 0.02 and nods.min() > -1e-6 and np.abs(nods[:5]).max() < 0.01
    assert np.count_nonzero((nods[1:] > 0.01) & (nods[:-1] <= 0.01)) >= 2
    short, long = (concatenate(list(perform(listen_blocks(still, block), neutral, 0))) for block in (2.0, 16.0))
    np.testing.assert_allclose(short.pose, long.pose, atol=1e-6)


@settings(max_examples=10, deadline=None)
@given(seed=st.integers(0, 2**31), emotion=st.sampled_from(NAMES))
def test_heads_wander_no_further_than_a_portrait_turns(seed: int, emotion: str) -> None:
    speech = spoken(*["A", "T"] * 20, loudness=1.5)
    weights = np.tile(np.eye(len(NAMES))[NAMES.index(emotion)], (speech.frames, 1))
    found = np.abs(wander(speech, weights, rehearse(speech.frames, seed)))
    assert (found < REACH).all() and found.max() > 0.01


def test_a_longer_clip_begins_with_the_head_of_a_shorter_one() -> None:
    short, long = rehearse(100, 3), rehearse(1000, 3)
    for name in ("sway", "stir", "breath"):
        np.testing.assert_array_equal(getattr(short, name), getattr(long, name)[:100], err_msg=name)


def test_half_the_head_is_half_its_way(clip: Waveform) -> None:
    np.testing.assert_allclose(amounted(clip, head=0.5).pose, 0.5 * amounted(clip).pose, atol=1e-6)


def test_fewer_blinks_are_some_of_them() -> None:
    def blinks(share: float) -> set[int]:
        closed = rehearse(300 * FPS, 0, Amounts(blink=share)).blink > 0.5
        return set(np.flatnonzero(closed[1:] & ~closed[:-1]).tolist())

    none, some, more, usual = (blinks(share) for share in (0, 0.3, 0.7, 1))
    assert not none and some < more < usual
    assert 0.15 < len(some) / len(usual) < 0.45


@pytest.mark.parametrize("emotion", ["neutral", "sad"])
def test_on_the_camera_the_eyes_turn_back_as_far_as_the_head_turns(clip: Waveform, emotion: str) -> None:
    motion = amounted(clip, emotion, gaze="camera")
    np.testing.assert_allclose(gaze(motion.shapes)[:, 0], -motion.pose[:, :2], atol=1e-6)
    assert np.abs(gaze(amounted(clip, emotion).shapes)[:, 0] + motion.pose[:, :2]).max() > 0.03  # free ones do not


def test_shapes_are_named_once() -> None:
    assert len(set(SHAPES)) == 52
