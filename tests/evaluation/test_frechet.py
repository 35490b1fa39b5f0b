"""The Frechet distance: what it must be where it is known."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.linalg import sqrtm

from dicetalk.evaluation.frechet import frechet_distance


def test_a_set_is_no_distance_from_itself() -> None:
    clips = [np.random.default_rng(n).normal(size=(5, 4)).astype(np.float32) for n in range(6)]
    assert frechet_distance(clips, clips) == pytest.approx(0, abs=1e-6)


def test_a_shift_counts_as_its_square() -> None:
    one = np.random.default_rng(0).normal(size=(50, 3)).astype(np.float32)
    assert frechet_distance([one], [one + np.float32(2)]) == pytest.approx(12, rel=1e-4)


def test_it_is_the_formula() -> None:
    rng = np.random.default_rng(0)
    one, other = rng.normal(size=(40, 5)), rng.normal(1, 2, size=(60, 5)) @ rng.normal(size=(5, 5))
    s, t = np.cov(one.T), np.cov(other.T)
    meant = ((one.mean(0) - other.mean(0)) ** 2).sum() + np.trace(s + t - 2 * sqrtm(s @ t).real)
    found = frechet_distance([one.astype(np.float32)], [other.astype(np.float32)])
    assert found == pytest.approx(meant, rel=1e-4)


def test_fewer_samples_than_dimensions_are_no_trouble() -> None:
    rng = np.random.default_rng(0)
    one, other = (rng.normal(middle, 1, (count, 64)).astype(np.float32) for middle, count in ((0, 3), (5, 4)))
    assert frechet_distance([one], [other]) > 1000
