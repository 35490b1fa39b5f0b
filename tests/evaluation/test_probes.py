"""Probes: right on what can be told, at chance on what cannot; intervals hold; ratios as defined."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dicetalk.arrays import Float64, Int64
from dicetalk.evaluation.probes import cluster_ratio, confusion, fit_probe, functionals, plane, score


def clouds(count: int, apart: float, seed: int = 0) -> tuple[Float64, Int64]:
    """`count` points about each of four corners."""
    rng = np.random.default_rng(seed)
    labels = np.repeat(np.array([2, 3, 5, 7]), count)
    corners = {2: (0, 0, 9), 3: (0, 1, 9), 5: (1, 0, 9), 7: (1, 1, 9)}
    return apart * np.array([corners[k] for k in labels]) + rng.normal(size=(4 * count, 3)), labels


def test_a_probe_tells_what_can_be_told() -> None:
    probe = fit_probe(*clouds(60, 8.0))
    vectors, labels = clouds(60, 8.0, seed=1)
    assert (probe.predict(vectors) == labels).mean() > 0.98
    np.testing.assert_allclose(probe.scores(vectors).sum(1), 1)


def test_a_probe_is_at_chance_where_nothing_can_be_told() -> None:
    vectors, labels = clouds(200, 0.0)
    found = score(fit_probe(vectors, labels).predict(clouds(200, 0.0, seed=1)[0]), labels)
    assert found.low < found.chance == 0.25 < found.high


def test_rare_classes_count_as_much() -> None:
    truth = np.array([0] * 90 + [1] * 10)
    found = score(np.zeros(100, np.int64), truth)
    assert found.accuracy == pytest.approx(0.5) and found.samples == 100


def test_intervals_hold_the_truth_about_as_often_as_they_say() -> None:
    rng = np.random.default_rng(0)
    truth = np.repeat([0, 1], 60)
    held = 0
    for trial in range(100):
        right = rng.random(120) < 0.7
        found = score(np.where(right, truth, 1 - truth), truth, draws=200, seed=trial)
        held += found.low <= 0.7 <= found.high
    assert 86 <= held <= 100


def test_confusion() -> None:
    table = confusion(np.array([0, 1, 1, 1]), np.array([0, 0, 1, 1]), 3)
    np.testing.assert_allclose(table, [[0.5, 0.5, 0.0], [0.0, 1.0, 0.0], [0.0, 0.0, 0.0]])


def test_the_ratio_is_between_over_within() -> None:
    vectors = np.array([[0.0, 1], [0, -1], [10, 1], [10, -1]])
    assert cluster_ratio(vectors, np.array([0, 0, 1, 1])) == pytest.approx(10.0)


@settings(deadline=None)
@given(scale=st.floats(0.1, 10), shift=st.floats(-5, 5))
def test_the_ratio_has_no_unit(scale: float, shift: float) -> None:
    vectors, labels = clouds(10, 3.0)
    assert cluster_ratio(vectors * scale + shift, labels) == pytest.approx(cluster_ratio(vectors, labels))


def test_functionals_and_map() -> None:
    rows = np.arange(12.0).reshape(6, 2)
    found = functionals(rows)
    assert found.shape == (10,)
    np.testing.assert_allclose(found[[0, 6]], [5.0, 5.0])
    vectors, labels = clouds(20, 6.0)
    flat = plane(vectors, labels)
    assert flat.shape == (80, 2)
    assert cluster_ratio(flat, labels) > 3
