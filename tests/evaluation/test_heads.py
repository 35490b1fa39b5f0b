"""Heads of a set: figures of each clip, and the distance of their spectra from other clips'."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from footages import footage

from dicetalk.evaluation.footage import Footage
from dicetalk.evaluation.heads import FIGURES, head_figures, spectral_distance, spectral_floor
from dicetalk.motion.space import POSE, Motion


def clip(seed: int, far: float = 1.0, seconds: float = 6.0) -> Footage:
    """A head that wanders, so far."""
    frames = round(25 * seconds)
    rng = np.random.default_rng(seed)
    pose = np.zeros((frames, 6), np.float32)
    pose[:, :5] = far * 0.01 * np.cumsum(rng.normal(size=(frames, 5)), axis=0)
    loud = rng.random(frames)
    return replace(
        footage(f"clip {seed}"),
        gap=np.zeros(frames),
        motion=Motion(np.zeros((frames, 52), np.float32), pose),
        loudness=loud,
        pitch=120 * loud,
    )


def test_a_clip_says_something_of_every_figure() -> None:
    found = head_figures(clip(0))
    assert list(found) == [figure.key for figure in FIGURES]
    assert found["head_speed"][0] > 5
    assert 0 <= found["nod_coherence"][0] <= 1


def test_a_still_or_a_short_one_says_nothing() -> None:
    assert head_figures(clip(0).still()) == {}
    assert head_figures(clip(0, seconds=1.5)) == {}


@pytest.mark.parametrize("channel", ["yaw", "pitch", "roll"])
def test_a_head_that_does_not_turn_one_way_is_told_by_the_others(channel: str) -> None:
    whole, part = clip(0), clip(0)
    part.motion.pose[:, POSE.index(channel)] = 0.1
    found, of_all = head_figures(part), head_figures(whole)
    assert set(found) == {figure.key for figure in FIGURES} - ({"nod_coherence"} if channel == "pitch" else set())
    assert 0 < found["head_speed"][0] < of_all["head_speed"][0]
    assert abs(found["head_kurtosis"][0]) < 1  # as of noise: what holds still does not count as -3


def test_a_head_that_only_nods_has_the_nods_of_the_whole() -> None:
    nodding = clip(0)
    nodding.motion.pose[:, [0, 2]] = 0
    assert head_figures(nodding)["nod_coherence"] == head_figures(clip(0))["nod_coherence"]


def test_clips_alike_are_no_farther_than_the_floor_and_others_are() -> None:
    real = [clip(n) for n in range(12)]
    like, wild = [clip(n) for n in range(20, 32)], [clip(n, far=10) for n in range(20, 32)]
    floor, near, far = spectral_floor(real), spectral_distance(like, real), spectral_distance(wild, real)
    assert floor is not None and near is not None and far is not None
    assert floor.high is not None and near.value < floor.high
    assert far.value > 1.5 and far.low is not None and far.low > floor.high
    assert (far.clips, floor.clips) == (12, 12)


def test_too_few_clips_have_no_floor_and_none_no_distance() -> None:
    assert spectral_floor([clip(0), clip(1)]) is None
    assert spectral_distance([clip(0, seconds=1.0)], [clip(1)]) is None
