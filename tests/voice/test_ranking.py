"""Ranking machines: the published numbers, and what holds of any."""

from __future__ import annotations

import json

import numpy as np
import pytest
from places import SHARED
from safetensors.numpy import load_file

from dicetalk.voice.ranking import COST, Pairs, fit_ranking, objective

GOLDEN = SHARED / "golden" / "relatives"
FEATURES = SHARED / "data" / "relatives" / "emovox_is09" / "features.safetensors"

needs_golden = pytest.mark.skipif(
    not FEATURES.is_file(), reason="the golden data (../shared/golden, ../shared/data/relatives) is not here"
)


@needs_golden
def test_the_published_ranker() -> None:
    golden, told = load_file(GOLDEN / "ranker.safetensors"), json.loads((GOLDEN / "ranker.json").read_text())
    data = load_file(FEATURES)
    low, high = golden["low"], golden["high"]
    span = np.where(high > low, high - low, 1)
    learned = (data["sentence"] >= 50) & (data["sentence"] < 300)
    even = np.where(high > low, (data["features"].astype(np.float64) - low) / span, 0)
    ordered, similar = (
        even[learned][golden[kind][:, 0]] - even[learned][golden[kind][:, 1]]
        for kind in ("ordered_pairs", "similar_pairs")
    )
    both, alone = Pairs.of(ordered, similar), Pairs.of(ordered, similar[:0])
    direction = fit_ranking(both)
    np.testing.assert_allclose(direction, golden["w"], atol=1e-5)
    assert objective(direction, both) == pytest.approx(told["objective"], rel=1e-8)
    np.testing.assert_allclose(fit_ranking(alone), golden["w_ordered_only"], atol=1e-5)
    assert objective(fit_ranking(alone), alone) == pytest.approx(told["objective_ordered_only"], rel=1e-8)
    scores = even @ direction
    least, most = scores[learned].min(), scores[learned].max()
    np.testing.assert_allclose((scores[~learned] - least) / (most - least), golden["score_test"], atol=1e-5)


@pytest.fixture
def pairs() -> Pairs:
    draws = np.random.default_rng(0)
    return Pairs(draws.normal(0.3, 1, (60, 7)), draws.normal(0, 1, (40, 7)), draws.uniform(0.2, 2, 60))


def test_nothing_near_is_lower(pairs: Pairs) -> None:
    direction = fit_ranking(pairs)
    lowest = objective(direction, pairs)
    draws = np.random.default_rng(1)
    for _ in range(50):
        assert objective(direction + draws.normal(0, 1e-3, 7), pairs) > lowest


def test_the_order_of_pairs_does_not_matter(pairs: Pairs) -> None:
    order = np.random.default_rng(2).permutation(60)
    mixed = Pairs(pairs.ordered[order], pairs.similar[::-1], pairs.counts[order])
    np.testing.assert_allclose(fit_ranking(mixed), fit_ranking(pairs), atol=1e-9)


def test_a_pair_that_counts_twice_is_one_that_comes_twice(pairs: Pairs) -> None:
    twice = Pairs(np.concatenate([pairs.ordered, pairs.ordered]), pairs.similar, np.ones(120))
    counted = Pairs(pairs.ordered, pairs.similar, np.full(60, 2.0))
    np.testing.assert_allclose(fit_ranking(twice), fit_ranking(counted), atol=1e-9)


def test_what_is_alike_is_kept_level() -> None:
    """Both columns order the pairs; one of them differs among what is alike."""
    ordered = np.ones((20, 2))
    similar = np.tile([0.0, 3.0], (50, 1))
    one, other = fit_ranking(Pairs.of(ordered, similar))
    assert one > 10 * other > 0
    free = fit_ranking(Pairs.of(ordered, similar[:0]), COST)
    assert free[0] == pytest.approx(free[1])
