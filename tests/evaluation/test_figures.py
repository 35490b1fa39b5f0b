"""Figures of sets of clips: they count what clips hold, and tell how sure they are."""

from __future__ import annotations

import math

import numpy as np
import pytest

from dicetalk.evaluation.figures import Figure, estimate, variation

SHUT = Figure("shut", "lips shut", "p/b/m")


def test_clips_count_by_what_they_hold() -> None:
    found = estimate(SHUT, [(1, 1), (0, 9), (0, 0)])
    assert found is not None
    assert (found.value, found.count, found.clips) == (0.1, 10, 2)
    assert found.low is not None and found.high is not None and found.low <= 0.1 <= found.high
    assert found.text() == "0.10 (0.00 to 1.00), 10"


def test_nothing_said_is_no_figure_and_one_clip_has_no_interval() -> None:
    assert estimate(SHUT, [(0, 0)]) is None
    assert estimate(SHUT, []) is None
    alone = estimate(SHUT, [(3, 4)])
    assert alone is not None and alone.low is None and alone.text() == "0.75, 4"


def test_the_interval_holds_the_truth_as_often_as_it_says() -> None:
    rng = np.random.default_rng(0)
    held = 0
    for _ in range(60):
        found = estimate(SHUT, [(float(rng.binomial(10, 0.4)), 10) for _ in range(30)], draws=200)
        assert found is not None and found.low is not None and found.high is not None
        held += found.low <= 0.4 <= found.high
    assert held >= 52  # 57 are meant; 52 or fewer come by chance once in a hundred times


def test_the_same_seed_gives_the_same_interval() -> None:
    clips: list[tuple[float, ...]] = [(float(n % 3), 3) for n in range(8)]
    assert estimate(SHUT, clips) == estimate(SHUT, clips)


def test_variation_is_none_of_even_times_and_one_of_chance() -> None:
    spread = Figure("spread", "of times", "times", variation)

    def sums(times: list[float]) -> tuple[float, ...]:
        return sum(t * t for t in times), sum(times), len(times)

    even, mixed = estimate(spread, [sums([2, 2]), sums([2])]), estimate(spread, [sums([1, 3])])
    assert even is not None and mixed is not None
    assert even.value == pytest.approx(0, abs=1e-6)
    assert mixed.value == pytest.approx(0.5)
    rain = estimate(spread, [sums(np.random.default_rng(0).exponential(3, 4000).tolist())])
    assert rain is not None and math.isclose(rain.value, 1, abs_tol=0.05)
