"""Moments and what is felt in them become one timeline."""

from __future__ import annotations

import pytest

from dicetalk.emotion.feeling import Feeling, mix
from dicetalk.emotion.moments import Moment, draw_up, surely
from dicetalk.emotion.vocabulary import NAMES
from dicetalk.errors import EmotionError

HAPPY = NAMES.index("happy")
NEUTRAL = NAMES.index("neutral")
GLAD, GRIEF = mix(happy=0.8), mix(sad=0.6)


def test_a_feeling_is_there_where_its_moment_begins() -> None:
    timeline = draw_up([Moment(0, 1), Moment(2, 3)], [GRIEF, GLAD])
    assert timeline.at([2.0])[0, HAPPY] == pytest.approx(0.8)
    assert timeline.at([1.0])[0, HAPPY] == 0


def test_a_feeling_outlasts_its_moment_and_fades() -> None:
    timeline = draw_up([Moment(0, 1), Moment(9, 10)], [GLAD, GRIEF], fade=0.6, hold=0.8)
    felt = timeline.at([1.7, 2.4, 8.0])[:, HAPPY]
    assert felt.tolist() == pytest.approx([0.8, 0, 0])
    assert timeline.at([60.0])[0, NEUTRAL] == 1


def test_nothing_is_felt_before_the_first_moment() -> None:
    timeline = draw_up([Moment(5, 6)], [GLAD], fade=0.6)
    assert timeline.at([0.0, 4.3, 5.0])[:, HAPPY].tolist() == pytest.approx([0, 0, 0.8])


def test_a_feeling_that_begins_at_once_needs_no_time_to_come() -> None:
    assert draw_up([Moment(0.4, 1)], [GLAD], fade=0.6).at([0.0])[0, HAPPY] == pytest.approx(0.8)


def test_a_feeling_holds_where_the_next_is_near() -> None:
    timeline = draw_up([Moment(0, 1), Moment(2.5, 3)], [GLAD, GLAD])
    assert (timeline.at([1.0, 1.5, 2.0, 2.5])[:, HAPPY] > 0.79).all()


def test_what_is_unsure_is_neutral_and_says_so() -> None:
    doubted = Feeling(GLAD.weights, GLAD.intensity, confidence=0.3, why="'ha': joyful .3")
    timeline = draw_up([Moment(0, 1)], [doubted])
    (_, felt), *_ = timeline.keys
    assert not felt.strengths
    assert felt.confidence == 0.3
    assert felt.why == "not sure enough ('ha': joyful .3, 0.30): neutral"
    assert surely(doubted, 0.2) is doubted


def test_neutral_need_not_be_sure() -> None:
    plain = Feeling(confidence=0.1, why="nothing in it")
    assert surely(plain) is plain


@pytest.mark.parametrize(
    ("moments", "feelings", "told"),
    [
        ([], [], "0 moments and 0 feelings"),
        ([Moment(0, 1)], [], "1 moments and 0 feelings"),
        ([Moment(0, 2), Moment(1, 3)], [GLAD, GLAD], r"moments\[1\] starts at 1 s, before"),
        ([Moment(3, 4), Moment(1, 2)], [GLAD, GLAD], r"moments\[1\] starts at 1 s, before"),
    ],
)
def test_moments_that_make_no_timeline(moments: list[Moment], feelings: list[Feeling], told: str) -> None:
    with pytest.raises(EmotionError, match=told):
        draw_up(moments, feelings)


@pytest.mark.parametrize(("start", "end"), [(-1, 1), (1, 1), (2, 1), (0, float("nan")), (0, float("inf"))])
def test_times_that_are_none(start: float, end: float) -> None:
    with pytest.raises(EmotionError):
        Moment(start, end)
