"""Motion at another rate: wherever it is cut, as long as it should be, on time, smooth, and a row at a row's time."""

from __future__ import annotations

from itertools import pairwise

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dicetalk.motion.resample import resampled
from dicetalk.motion.space import Motion, concatenate
from dicetalk.rates import VIDEO_RATES

ROWS = 53


def swinging(fps: float = 25, rows: int = ROWS) -> Motion:
    """A head that swings once a second, a jaw that does not care."""
    motion = Motion.still(rows, fps)
    times = (np.arange(rows) + 0.5) / fps
    motion.column("yaw")[:] = np.sin(2 * np.pi * times)
    motion.column("jawOpen")[:] = np.random.default_rng(0).random(rows)
    return motion


@settings(max_examples=30, deadline=None)
@given(st.sampled_from(VIDEO_RATES), st.lists(st.integers(1, 30), min_size=1, max_size=12))
def test_it_is_the_same_wherever_it_is_cut(fps: int, lengths: list[int]) -> None:
    motion = swinging()
    cuts = [0, *(cut for cut in np.cumsum(lengths).tolist() if cut < ROWS), ROWS]
    parts = [motion[start:stop] for start, stop in pairwise(cuts)]
    frames = -(-ROWS * fps // 25)
    whole, joined = (concatenate(list(resampled(some, fps, frames))) for some in ([motion], parts))
    assert len(whole) == len(joined) == frames and whole.fps == fps
    np.testing.assert_array_equal(joined.shapes, whole.shapes)
    np.testing.assert_array_equal(joined.pose, whole.pose)


@pytest.mark.parametrize("fps", VIDEO_RATES)
def test_frames_are_on_time(fps: int) -> None:
    frames = 2 * fps
    found = concatenate(list(resampled([swinging()], fps, frames)))
    expected = np.sin(2 * np.pi * (np.arange(frames) + 0.5) / fps)
    inner = slice(fps // 10, -fps // 10)
    assert np.abs(found.column("yaw") - expected)[inner].max() < 0.01
    assert found.shapes.min() >= 0 and found.shapes.max() <= 1  # no overshoot


def test_the_same_rate_is_the_same_motion() -> None:
    found = concatenate(list(resampled([swinging()], 25, ROWS)))
    np.testing.assert_array_equal(found.shapes, swinging().shapes)


def test_what_ends_early_is_held() -> None:
    found = concatenate(list(resampled([swinging()], 25, ROWS + 10)))
    assert len(found) == ROWS + 10
    assert (found.shapes[ROWS:] == found.shapes[ROWS - 1]).all()


def test_a_single_row() -> None:
    found = concatenate(list(resampled([swinging(rows=1)], 60, 3)))
    assert len(found) == 3 and (found.shapes == swinging(rows=1).shapes).all()
