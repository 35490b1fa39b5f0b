"""A face, looked at window by window."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dicetalk.reading.look import Seen, looks, reach


def seen(frames: int, there: slice) -> Seen:
    shapes = np.repeat(np.linspace(0, 1, frames, dtype=np.float32)[:, None], 52, axis=1)
    known = np.zeros(frames, np.bool_)
    known[there] = True
    return Seen(shapes, shapes, known)


@given(end=st.floats(0.04, 100), part=st.floats(0, 0.99), length=st.floats(0.01, 3), around=st.floats(0.1, 5))
def test_what_is_around_a_window_holds_it_and_stays_inside(
    end: float, part: float, length: float, around: float
) -> None:
    start = part * end
    stop = min(start + length, end)
    first, last = reach((start, stop), around, end)
    assert -1e-9 <= first <= start + 1e-9 and stop - 1e-9 <= last <= end + 1e-9
    assert last - first == pytest.approx(min(max(stop - start, around), end))


def test_only_what_is_seen_is_looked_at() -> None:
    shapes, against = seen(100, slice(0, 60)).around((1.0, 3.0))
    assert len(shapes) == len(against) == 35 and shapes.max() < 0.61


def test_a_face_that_is_hardly_there_tells_nothing() -> None:
    answers, moves = looks(seen(100, slice(0, 30)), [(0.0, 1.0), (3.0, 4.0)])
    assert answers.known.tolist() == [True, False] and moves[1] == ()


def test_a_fifth_of_a_second_is_looked_at() -> None:
    answers, _ = looks(seen(5, slice(0, 5)), [(0.0, 0.2)])
    assert answers.known.all() and answers.shares.shape == (1, 8)
