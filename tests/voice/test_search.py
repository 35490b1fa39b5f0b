"""The amount that is sought."""

from __future__ import annotations

from collections.abc import Callable

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dicetalk.voice.manners import MOST
from dicetalk.voice.search import CLOSE, TRIES, amount_for


def curve(low: float, slope: float) -> Callable[[float], float]:
    return lambda amount: min(low + slope * amount, 1.0)


@given(st.floats(0.05, 0.4), st.floats(0.4, 2.0), st.floats(0.45, 0.95))
def test_a_strength_that_can_be_reached_is(low: float, slope: float, asked: float) -> None:
    heard = curve(low, slope)
    found = amount_for(asked, heard)
    assert 0 <= found.amount <= MOST and found.strength == heard(found.amount)
    if heard(MOST) >= asked:
        assert abs(found.strength - asked) <= CLOSE + slope * MOST / 2 ** (TRIES - 1)


def test_what_cannot_be_reached_comes_as_near_as_it_can() -> None:
    found = amount_for(0.9, curve(0.1, 0.2))
    assert found.amount == pytest.approx(MOST, abs=0.05)


def test_nobody_listens_longer_than_needed() -> None:
    asked: list[float] = []

    def heard(amount: float) -> float:
        asked.append(amount)
        return amount if amount == 0.5 else 0.0

    amount_for(0.5, heard)
    assert asked == [0.5]
    asked.clear()
    amount_for(0.9, heard)
    assert len(asked) == TRIES
