"""Feelings raised until an audience reads them: never weaker, never another emotion, and told where it cannot be."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dicetalk import Feeling, Timeline, mix
from dicetalk.emotion.typed import parse
from dicetalk.errors import InputError
from dicetalk.reading.audience import VOTED, shipped_audience
from dicetalk.reading.stronger import as_strong_as, check_as_strong_as

AUDIENCE = shipped_audience()


def alone(typed: str, share: float) -> tuple[Feeling, tuple[str, ...]]:
    raised = as_strong_as(Timeline([(0.0, typed)]), share)
    return raised.keys[0][1], raised.warnings


def read(feeling: Feeling) -> float:
    votes = AUDIENCE.votes(feeling.weights, feeling.intensity, "face")
    assert votes is not None
    return votes.share(list(feeling.strengths))


def test_it_is_raised_until_it_is_read() -> None:
    feeling, warnings = alone("angry:0.3", 0.7)
    assert 0.3 < feeling.intensity < 1 and not warnings
    assert read(feeling) >= 0.7 > read(replace(feeling, intensity=feeling.intensity - 0.02))
    assert feeling.why.startswith("raised from 0.30 to ") and feeling.why.endswith(" of 10 would name it, sound off")


def test_what_is_strong_enough_stays() -> None:
    for typed in ("happy:0.9", "neutral"):
        assert alone(typed, 0.5) == (parse(typed), ())


def test_what_cannot_be_read_gets_all_there_is_and_says_so() -> None:
    feeling, (warning,) = alone("sad:0.5", 0.7)
    assert feeling.intensity == 1
    told = "sad would be named by 4 of 10 with the sound off at full strength, not by 7"
    assert warning == f"{told}: more than that is not to be had"


def test_a_mixture_keeps_its_proportions() -> None:
    feeling, _ = alone("angry:0.2,sad:0.1", 0.7)
    assert feeling.intensity > 0.3
    assert feeling.strengths["angry"] == pytest.approx(2 * feeling.strengths["sad"])
    assert set(feeling.strengths) == {"angry", "sad"}


def test_of_what_no_audience_was_asked_nothing_changes() -> None:
    feeling, (warning,) = alone("surprised:0.4", 0.7)
    assert feeling == mix(surprised=0.4)
    assert warning == "no audience was asked about surprised; its strength is as asked"


def test_a_timeline_is_raised_key_by_key() -> None:
    asked = Timeline(
        [(0.0, "neutral"), (1.0, "angry:0.2"), (2.0, "happy:0.9"), (3.0, "sad:0.2"), (4.0, "sad:0.1")], 0.3
    )
    raised = as_strong_as(asked, 0.7)
    assert [time for time, _ in raised.keys] == [time for time, _ in asked.keys] and raised.fade == 0.3
    (_, calm), (_, angry), (_, happy), (_, sad), (_, sadder) = raised.keys
    assert calm == asked.keys[0][1] and happy == asked.keys[2][1]
    assert angry.intensity > 0.2 and sad.intensity == sadder.intensity == 1
    assert len(raised.warnings) == 1  # once, however many keys it is true of


def test_why_and_how_surely_it_was_felt_is_kept() -> None:
    told = replace(mix(angry=0.3), why="'shut up': angry", confidence=0.6)
    feeling = as_strong_as(Timeline([(0.0, told)], lacks="no face"), 0.7).keys[0][1]
    assert feeling.why.startswith("'shut up': angry; raised from") and feeling.confidence == 0.6


@given(st.sampled_from(VOTED[1:]), st.floats(0.05, 1), st.floats(0.05, 1), st.floats(0.05, 1))
def test_who_asks_for_more_gets_no_less(name: str, strength: float, one: float, other: float) -> None:
    few, many = sorted((one, other))
    asked = mix(**{name: strength})
    weak, strong = (as_strong_as(Timeline([(0.0, asked)]), share).keys[0][1] for share in (few, many))
    assert asked.intensity <= weak.intensity <= strong.intensity <= 1
    np.testing.assert_allclose(strong.weights, asked.weights)


@pytest.mark.parametrize("share", [0, -0.1, 1.1, float("nan"), "0.7", True, []])
def test_what_is_no_share_is_refused(share: Any) -> None:
    with pytest.raises(InputError, match=r"as_strong_as is .*; use a share of the audience, above 0 to 1, as 0\.7"):
        check_as_strong_as(share, motion=False)


def test_curves_cannot_be_raised() -> None:
    with pytest.raises(InputError, match="curves are played as they are"):
        check_as_strong_as(0.7, motion=True)
    assert check_as_strong_as(None, motion=True) is None
