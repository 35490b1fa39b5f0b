"""Head motion in statistics: known spectra and ties to a voice are found, and the rules move as real heads do."""

from __future__ import annotations

import numpy as np
import pytest

from dicetalk.acting.performer import act
from dicetalk.acting.take import rehearse
from dicetalk.arrays import Float64
from dicetalk.emotion.vocabulary import NAMES
from dicetalk.evaluation.head_motion import (
    CHANNELS,
    FREQUENCIES,
    HeadClip,
    Range,
    distance,
    floor,
    head_clip,
    jerkiness,
    lift,
    liveliness_spread,
    log_spectrum,
    mean_over,
    nod_coherence,
    spectra,
    stirring,
    strangers,
    together,
)
from dicetalk.media import Waveform
from dicetalk.rates import FPS
from dicetalk.speech import Speech, listen


def noise(seed: int, frames: int = 200, size: float = 0.01) -> HeadClip:
    rng = np.random.default_rng(seed)
    pitch = 150 * np.exp(0.2 * rng.normal(size=frames))
    return HeadClip(size * rng.normal(size=(frames, 6)), rng.random(frames), pitch)


def turned(pose: Float64, clip: HeadClip) -> HeadClip:
    return HeadClip(pose, clip.loudness, clip.pitch)


def test_white_noise_has_the_density_of_its_variance() -> None:
    found = log_spectrum(noise(0, 20000).pose)
    assert found.shape == (len(CHANNELS), len(FREQUENCIES))
    inside = FREQUENCIES > 0.4  # below it the mean of each stretch is taken out
    np.testing.assert_allclose(found[:, inside].mean(1), np.log10(0.01**2 / (FPS / 2)), atol=0.05)


def test_a_swing_is_found_where_it_is() -> None:
    pose = np.zeros((250, 6))
    pose[:, 1] = 0.02 * np.sin(2 * np.pi * 2.0 * np.arange(250) / FPS)
    found = log_spectrum(pose)
    assert abs(FREQUENCIES[found[1].argmax()] - 2.0) < 0.3
    assert found[0].max() < -8.9


def test_heads_that_move_twice_as_far_are_as_far_away_as_that() -> None:
    clips = [noise(seed) for seed in range(6)]
    twice = [turned(2 * clip.pose, clip) for clip in clips]
    assert distance(spectra(clips), spectra(clips)) == 0
    assert distance(spectra(clips), spectra(twice)) == pytest.approx(2 * np.log10(2), abs=1e-3)


def test_the_floor_is_what_halves_of_alike_clips_differ_by() -> None:
    alike = spectra([noise(seed) for seed in range(12)])
    mixed = spectra([noise(seed, size=0.01 * 3 ** (seed % 3)) for seed in range(12)])
    low, high = floor(alike), floor(mixed)
    assert low.low <= low.value <= low.high < high.value
    others = spectra([noise(seed) for seed in range(20, 32)])
    assert distance(alike, others) < 2 * low.value


def test_heads_that_follow_the_voice_are_told_from_others() -> None:
    clips = [noise(seed) for seed in range(5)]
    led = [turned(clip.pose + 0.1 * clip.loudness[:, None], clip) for clip in clips]
    chance = mean_over(nod_coherence, strangers(led))
    assert mean_over(nod_coherence, led).low > chance.high
    assert mean_over(nod_coherence, clips).low < chance.value + 0.1


def test_stirring_is_moving_while_the_voice_is_loud() -> None:
    clip = noise(3, 500)
    loud = (np.arange(500) // 50 % 2).astype(float)
    assert stirring(HeadClip(clip.pose * (0.2 + loud[:, None]), loud, clip.pitch)) > 0.7
    assert abs(stirring(HeadClip(clip.pose, loud, clip.pitch))) < 0.3
    assert stirring(HeadClip(0 * clip.pose, loud, clip.pitch)) == 0


def test_a_head_that_rises_with_the_voice_has_negative_lift() -> None:
    clip = noise(4)
    pose = clip.pose.copy()
    pose[:, 1] = -0.1 * np.log(clip.pitch)
    assert lift(turned(pose, clip)) == pytest.approx(-1)


def test_rest_with_sudden_moves_is_jerky() -> None:
    even = noise(5, 2000)
    paths = np.cumsum(even.pose, axis=0)
    bursts = np.cumsum(even.pose * np.where(np.arange(2000) % 100 < 10, 5, 1)[:, None], axis=0)
    assert abs(jerkiness(turned(paths, even))) < 0.4 < 3 < jerkiness(turned(bursts, even))


def test_channels_that_go_together() -> None:
    clips = [noise(seed) for seed in range(4)]
    for clip in clips:
        clip.pose[:, 3] = clip.pose[:, 2]
    found = together(clips)
    assert found[2, 3] == pytest.approx(1) and abs(found[0, 1]) < 0.2


def test_the_spread_of_liveliness_is_that_of_amplitudes() -> None:
    rng = np.random.default_rng(0)
    clips = [noise(n, size=0.01 * np.exp(0.8 * rng.normal())) for n in range(200)]
    common, own = liveliness_spread(spectra(clips))
    assert common == pytest.approx(0.8, abs=0.1) and own < 0.2


def test_a_clip_is_as_long_as_what_there_is_of_both(heard: Speech) -> None:
    for frames in (60, heard.frames + 3):
        clip = head_clip(np.zeros((frames, 6), np.float32), heard)
        assert len(clip.pose) == len(clip.loudness) == len(clip.pitch) == min(frames, heard.frames)
        assert clip.loudness.dtype == np.float64


def test_a_range_says_what_it_holds() -> None:
    found = Range(0.5, 0.25, 0.75)
    assert str(found) == "0.50 (0.25 to 0.75)" and found.holds(0.3) and not found.holds(0.8)


REAL = np.array([
    [-3.21, -3.43, -3.95, -4.49, -5.35],
    [-3.22, -3.29, -3.92, -4.45, -5.17],
    [-3.67, -3.96, -4.59, -4.97, -6.36],
    [-2.79, -3.05, -3.85, -4.48, -5.64],
    [-3.41, -3.35, -3.92, -4.24, -5.00],
])  # fmt: skip
"""Mean log10 power density of 19 real speakers at five frequencies (docs/decisions/0024)."""


@pytest.fixture(scope="module")
def heard(voice: Waveform) -> Speech:
    return listen(voice[: 6 * 16000])


def acted(speech: Speech, emotion: str, seeds: int) -> list[HeadClip]:
    weights = np.tile(np.eye(len(NAMES))[NAMES.index(emotion)], (speech.frames, 1))
    return [head_clip(act(speech, weights, rehearse(speech.frames, seed)).pose, speech) for seed in range(seeds)]


@pytest.mark.parametrize(("emotion", "allowed"), [("neutral", 0.6), ("sad", 0.8), ("angry", 0.6)])
def test_the_rules_move_heads_as_real_speakers_do(heard: Speech, emotion: str, allowed: float) -> None:
    at = [int(np.abs(FREQUENCIES - f).argmin()) for f in (0.2, 0.5, 1.0, 2.0, 4.0)]
    found = spectra(acted(heard, emotion, 20))[:, :, at].mean(0)
    assert np.sqrt(((found - REAL) ** 2).mean()) < allowed


def test_the_rules_stir_with_the_voice_and_are_jerky(heard: Speech) -> None:
    clips = acted(heard, "neutral", 20)
    assert mean_over(stirring, clips).low > 0
    assert mean_over(jerkiness, clips).value > 0.5
    assert together(clips)[2, 3] > 0.2  # who tilts the head shifts it as well
