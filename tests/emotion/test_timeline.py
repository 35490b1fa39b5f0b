"""Timelines: feelings at times, faded; what is true of every frame."""

from __future__ import annotations

import math
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dicetalk.emotion.feeling import Feeling, mix
from dicetalk.emotion.priors import save_priors
from dicetalk.emotion.space import shipped_space
from dicetalk.emotion.timeline import Timeline
from dicetalk.emotion.vocabulary import NAMES
from dicetalk.errors import EmotionError


@st.composite
def feelings(draw: Any) -> Feeling:
    parts = draw(st.lists(st.floats(0, 1), min_size=7, max_size=7))
    scale = max(1.0, math.fsum(parts))
    return Feeling.of((name, part / scale) for name, part in zip(NAMES[1:], parts, strict=True))


@st.composite
def timelines(draw: Any) -> Timeline:
    gaps = draw(st.lists(st.floats(0.01, 10), min_size=1, max_size=6))
    keys = [(float(time), draw(feelings())) for time in np.cumsum(gaps)]
    return Timeline(keys, fade=draw(st.floats(0, 3)))


def test_an_emotion_is_fully_there_at_its_time_and_its_fade_comes_before() -> None:
    timeline = Timeline([(0.0, "neutral"), (2.5, "happy:1")], fade=0.6)
    happy = timeline.at([0, 1.9, 2.05, 2.2, 2.35, 2.5, 100])[:, NAMES.index("happy")]
    np.testing.assert_allclose(happy, [0, 0, 0.15625, 0.5, 0.84375, 1, 1], atol=1e-6)


def test_first_key_holds_before_its_time() -> None:
    np.testing.assert_array_equal(Timeline([(3.0, "sad")]).at([0.0])[0], mix(sad=0.8).mixture())


def test_fade_is_shortened_between_near_keys() -> None:
    timeline = Timeline([(0.0, "happy:1"), (1.0, "sad:1"), (1.2, "fear:1")], fade=5)
    rows = timeline.at([0, 0.5, 1, 1.1, 1.2])
    happy, sad, fear = (rows[:, NAMES.index(name)] for name in ("happy", "sad", "fear"))
    np.testing.assert_allclose(happy, [1, 0.5, 0, 0, 0], atol=1e-6)
    np.testing.assert_allclose(sad, [0, 0.5, 1, 0.5, 0], atol=1e-6)
    np.testing.assert_allclose(fear, [0, 0, 0, 0.5, 1], atol=1e-6)


def test_no_fade_is_a_hard_cut() -> None:
    timeline = Timeline([(0, "happy:1"), (1, "sad:1")], fade=0)
    names = [NAMES[i] for i in timeline.at([0.96, 0.9999, 1, 1.04]).argmax(1)]
    assert names == ["happy", "happy", "sad", "sad"]


@given(feelings(), st.lists(st.floats(0, 1e5), max_size=20))
def test_a_constant_feeling_is_a_timeline_of_one_key(feeling: Feeling, times: list[float]) -> None:
    rows = Timeline([(0.0, feeling)]).at(times)
    np.testing.assert_array_equal(rows, np.tile(feeling.mixture(), (len(times), 1)))


@given(timelines(), st.lists(st.floats(0, 60), min_size=1, max_size=30))
def test_rows_are_shares(timeline: Timeline, times: list[float]) -> None:
    rows = timeline.at(times)
    assert rows.shape == (len(times), 8)
    assert rows.dtype == np.float32
    assert (rows >= 0).all()
    assert (rows <= 1).all()
    np.testing.assert_allclose(rows.sum(1), 1, atol=1e-5)


@given(timelines(), st.lists(st.floats(0, 60), min_size=1, max_size=30))
def test_shares_of_keys_add_up(timeline: Timeline, times: list[float]) -> None:
    shares = timeline.shares(times)
    assert shares.shape == (len(times), len(timeline.keys))
    assert (shares >= 0).all() and (shares <= 1).all()
    np.testing.assert_allclose(shares.sum(1), 1, atol=1e-12)
    assert ((shares > 0).sum(1) <= 2).all()  # no more than a fade's two keys at once
    stops = timeline.shares([time for time, _ in timeline.keys])
    np.testing.assert_allclose(stops, np.eye(len(timeline.keys)), atol=1e-12)


@given(timelines())
def test_keys_are_met_exactly(timeline: Timeline) -> None:
    rows = timeline.at([time for time, _ in timeline.keys])
    np.testing.assert_allclose(rows, [feeling.mixture() for _, feeling in timeline.keys], atol=1e-6)


@given(timelines(), st.floats(0, 60), st.floats(0, 0.01))
def test_no_jumps(timeline: Timeline, time: float, step: float) -> None:
    gaps = np.diff([time for time, _ in timeline.keys])
    shortest = min([timeline.fade, *gaps])
    if shortest < 1e-3:
        return
    before, after = timeline.at([time, time + step])
    # The smoothstep's steepest slope is 1.5 over its length.
    assert np.abs(after - before).max() <= 1.5 * step / shortest + 1e-5


def test_speed_does_not_jump() -> None:
    times = np.arange(0, 3, 1e-3)
    happy = Timeline([(0, "neutral"), (2, "happy:1")], fade=1).at(times).astype(float)[:, NAMES.index("happy")]
    # Acceleration of a smoothstep over 1 s is at most 6 / s^2; a jump in speed would show as 1 / step.
    assert np.abs(np.diff(happy, 2)).max() < 6.1 * 1e-6 + 3e-7


@pytest.mark.parametrize(
    ("keys", "says"),
    [
        ([], "no keys"),
        ([(-1, "happy")], r"keys\[0\]: time"),
        ([(math.nan, "happy")], r"keys\[0\]: time"),
        ([(0, "happy"), (math.inf, "sad")], r"keys\[1\]: time"),
        ([(1, "happy"), (1, "sad")], r"keys\[1\]: time 1 is not after 1"),
        ([(0, "happy"), (2, "sad"), (1, "fear")], r"keys\[2\]"),
        ([(0, "happy"), (2, "sadd")], r"keys\[1\]: unknown emotion 'sadd'; did you mean 'sad'"),
        ([("0", "happy")], r"keys\[0\]: time is '0'"),
    ],
)
def test_bad_keys_are_named(keys: list[Any], says: str) -> None:
    with pytest.raises(EmotionError, match=says):
        Timeline(keys)


@pytest.mark.parametrize("fade", [-0.1, math.nan, math.inf, "1"])
def test_bad_fade(fade: Any) -> None:
    with pytest.raises(EmotionError, match="fade"):
        Timeline([(0, "happy")], fade=fade)


def test_a_key_may_be_text_a_feeling_or_an_own_emotion(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    space = shipped_space()
    save_priors(tmp_path / "mine.safetensors", {"cross": space.priors["angry"]}, space.name)
    monkeypatch.chdir(tmp_path)
    timeline = Timeline([(0, mix(happy=0.5)), (1, "sad"), (2, "mine.safetensors:cross:0.5,happy:0.2")])
    felt = [feeling for _, feeling in timeline.keys]
    assert [feeling.space for feeling in felt] == [None, None, space]
    assert felt[2].strengths["angry"] > 0.25 and felt[2].strengths["happy"] >= 0.2
    np.testing.assert_allclose(timeline.at([5])[0], felt[2].mixture())
    with pytest.raises(EmotionError, match=r"keys\[1\]: mine.safetensors holds no emotion 'crosss'; there are: cross"):
        Timeline([(0, "sad"), (1, "mine.safetensors:crosss")])
