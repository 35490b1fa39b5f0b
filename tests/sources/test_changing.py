"""Feelings that change while somebody speaks."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from spaces import felt as feeling_in
from spaces import prior, space

from dicetalk.emotion.road import track
from dicetalk.emotion.timeline import Timeline
from dicetalk.emotion.vocabulary import NAMES
from dicetalk.errors import EmotionError
from dicetalk.rates import FPS
from dicetalk.sources.changing import Feelings

HAPPY, SAD = NAMES.index("happy"), NAMES.index("sad")


def weights(some: Feelings, frames: int) -> Any:
    """(frames, 8) of the next frames, two at a time."""
    return np.concatenate([some(some.done, 2).weights for _ in range(frames // 2)])


def test_a_change_begins_with_the_next_frame_and_fades() -> None:
    some = Feelings("happy:1")
    assert (weights(some, 10)[:, HAPPY] == 1).all()
    some.change("sad:1")
    later = weights(some, 30)
    assert 0 < later[0, SAD] < 0.05
    assert (np.diff(later[:, SAD]) >= 0).all()
    at = round(some.fade * FPS)
    assert later[at - 2, SAD] < 1 and (later[at:, SAD] == 1).all()
    assert some.emotion == "sad:1"


def test_a_change_within_a_change_goes_on_from_there() -> None:
    some = Feelings("happy:1")
    weights(some, 10)
    some.change("sad:1")
    half = weights(some, 8)[-1]
    some.change("angry:1")
    next_one = weights(some, 2)[0]
    assert np.abs(next_one - half).max() < 0.05
    assert weights(some, 20)[-1, NAMES.index("angry")] == 1


def test_what_is_on_its_way_is_not_begun_anew() -> None:
    some, other = Feelings("happy:1"), Feelings(lambda moment: "happy:1" if moment < 0.1 else "sad:1")
    weights(some, 4)
    found = []
    for _ in range(10):
        some.change("sad:1")
        found.append(weights(some, 2))
    assert found[-1][-1, SAD] == 1
    assert weights(other, 24)[-1, SAD] == 1


def test_what_is_asked_for_later_is_raised_as_well() -> None:
    def full(felt: Timeline) -> Timeline:
        return Timeline([(time, replace(feeling, intensity=1.0)) for time, feeling in felt.keys])

    some = Feelings("happy:0.2", raised=full)
    assert (weights(some, 2)[:, HAPPY] == 1).all()
    some.change("sad:0.1")
    assert weights(some, 30)[-1, SAD] == 1


def test_a_hard_cut() -> None:
    some = Feelings("happy:1", fade=0)
    weights(some, 4)
    some.change("sad:1")
    assert (weights(some, 4)[:, SAD] == 1).all()


def test_before_the_first_frame_nothing_fades() -> None:
    some = Feelings("happy:1")
    some.change("sad:1")
    assert (weights(some, 4)[:, SAD] == 1).all()


def test_a_timeline_is_as_at_once() -> None:
    keys = Timeline([(0.2, "happy:0.9"), (1.0, "sad:0.3,angry:0.4")])
    whole = track(keys, (np.arange(40) + 0.5) / FPS).weights
    np.testing.assert_array_equal(weights(Feelings(keys), 40), whole)


def test_a_function_is_asked_as_frames_are_made() -> None:
    asked = []

    def ask(moment: float) -> str:
        asked.append(moment)
        return "happy:1" if moment < 0.2 else "sad:1"

    some = Feelings(ask, fade=0)
    found = weights(some, 10)
    assert (found[:6, HAPPY] == 1).all() and (found[6:, SAD] == 1).all()
    np.testing.assert_allclose(asked[-5:], (np.arange(0, 10, 2) + 0.5) / FPS)
    assert some.emotion is ask


def test_priors_fade_too() -> None:
    one, other = (feeling_in(prior(*values), space("ours"), happy=0.7) for values in ((1, 1, 1, 1), (2, 2, 2, 2)))
    some = Feelings(one)
    weights(some, 4)
    some.change(other)
    between = some(4, 2).priors
    assert between is not None and (between.means > 1).all() and (between.means < 1.2).all()
    foreign = feeling_in(prior(1, 1, 1, 1), space("theirs"), happy=0.7)
    with pytest.raises(EmotionError, match="different embedders"):
        some.change(foreign)
    assert some.emotion is other


@pytest.mark.parametrize("emotion", ["auto", "auto:3", lambda moment: "auto"])
def test_what_hears_all_of_the_speech_first(emotion: Any) -> None:
    with pytest.raises(EmotionError, match="hears all of the speech first"):
        Feelings(emotion)


@pytest.mark.parametrize("emotion", ["hapy", 7, None, lambda moment: 7])
def test_what_is_no_emotion_changes_nothing(emotion: Any) -> None:
    some = Feelings("happy:1")
    weights(some, 2)
    with pytest.raises(EmotionError):
        some.change(emotion)
    assert some.emotion == "happy:1" and (weights(some, 4)[:, HAPPY] == 1).all()


@pytest.mark.parametrize("fade", [-1, "x", float("nan"), None, True])
def test_what_is_no_fade(fade: Any) -> None:
    with pytest.raises(EmotionError, match="fade"):
        Feelings("happy", fade)
