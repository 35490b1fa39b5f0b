"""How a face looks at rest."""

from __future__ import annotations

import numpy as np
import pytest
from scipy.optimize import lsq_linear

from dicetalk.motion import resting


@pytest.mark.parametrize("rounds", [resting.ROUNDS, 0])
def test_bounded_least_squares_are_those_of_scipy(rounds: int, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(resting, "ROUNDS", rounds)
    rng = np.random.default_rng(0)
    for _ in range(50):
        matrix, target = rng.normal(size=(12, 12)) + 3 * np.eye(12), 3 * rng.normal(size=12)
        least = np.where(rng.random(12) < 0.3, -np.inf, -rng.random(12))
        most = np.where(rng.random(12) < 0.3, np.inf, rng.random(12))
        expected = lsq_linear(matrix, target, (least, most), tol=1e-14).x
        np.testing.assert_allclose(resting.within_bounds(matrix, target, least, most), expected, atol=1e-6)
