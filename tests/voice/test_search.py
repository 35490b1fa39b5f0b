"""The amount that is sought."""

from __future__ import annotations

from collections.abc import Callable

from hypothesis import given
from hypothesis import strategies as st

from dicetalk.voice.manners import MOST
from dicetalk.voice.search import FIRST, TRIES, amount_for


def curve(low: float, slope: float) -> Callable[[float], float]:
    return lambda amount: min(low + slope * amount, 1.0)


@given(st.floats(0.05, 0.4), st.floats(0.4, 2.0), st.floats(0.45, 0.95))
def test_a_strength_that_can_be_reached_is(low: float, slope: float, asked: float) -> None:
    heard = curve(low, slope)
    found = amount_for(asked, low, heard)
    assert 0 <= found.amount <= MOST and found.strength == heard(found.amount)
    if heard(MOST) >= asked:
        assert abs(found.strength - asked) <= 0.1  # mostly CLOSE; a strength of 1 has no place on a line


def test_what_cannot_be_reached_comes_as_near_as_it_can() -> None:
    assert amount_for(0.9, 0.1, curve(0.1, 0.2)).amount == MOST


def test_what_falls_is_left_where_it_is_nearest() -> None:
    assert amount_for(0.9, 0.5, curve(0.5, -0.1)).amount == 0


def test_nobody_listens_longer_than_needed() -> None:
    asked: list[float] = []

    def heard(amount: float) -> float:
        asked.append(amount)
        return amount if amount == FIRST * 0.5 else 0.0

    amount_for(FIRST * 0.5, 0.0, lambda amount: heard(FIRST * 0.5))
    assert len(asked) == 1
    asked.clear()
    amount_for(0.9, 0.9, heard)
    assert asked == []
    amount_for(0.9, 0.0, lambda amount: heard(0.1))
    assert 0 < len(asked) <= TRIES
