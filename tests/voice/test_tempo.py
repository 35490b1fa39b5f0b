"""Times before and after."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dicetalk.emotion.timeline import Timeline
from dicetalk.voice.tempo import Tempo, joined

LENGTHS = st.lists(st.floats(0.3, 3), min_size=1, max_size=40)


@given(LENGTHS, st.lists(st.floats(0, 5), min_size=1, max_size=9))
def test_back_is_the_way_back(lengths: list[float], times: list[float]) -> None:
    tempo = Tempo.of(np.array(lengths), 0.1)
    assert tempo.back(tempo.to(times)) == pytest.approx(times)
    assert tempo.seconds == pytest.approx(0.1 * sum(lengths))


def test_twice_as_slow() -> None:
    tempo = Tempo.of(np.array([1.0, 2.0, 1.0]), 1.0)
    assert tempo.to([0, 1, 1.5, 2, 3, 4]).tolist() == [0, 1, 2, 3, 4, 5]
    assert tempo.lasting(8.0).to([0, 1, 3]).tolist() == [0, 2, 8]


@given(LENGTHS, LENGTHS)
def test_pieces_one_behind_the_other(one: list[float], other: list[float]) -> None:
    first, second = (Tempo.of(np.array(lengths), 0.1) for lengths in (one, other))
    both, whole = joined([first, second]), Tempo.of(np.array(one + other), 0.1)
    assert both.after == pytest.approx(whole.after) and both.before == pytest.approx(whole.before)


def test_feelings_go_along() -> None:
    moved = Tempo.of(np.array([2.0, 1.0]), 1.0).moved(Timeline([(0.5, "happy"), (2, "sad")], 0.4, "no face"))
    assert [time for time, _ in moved.keys] == [1.0, 3.0]
    assert [str(feeling) for _, feeling in moved.keys] == ["happy:0.8", "sad:0.8"]
    assert (moved.fade, moved.lacks) == (0.4, "no face")
