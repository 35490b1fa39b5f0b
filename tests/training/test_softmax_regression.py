"""Both ways to fit a regression: they tell what can be told, and the exact one ends where no step is better."""

from __future__ import annotations

import numpy as np
from scipy import sparse

from dicetalk.training.softmax_regression import Descent, fit, fit_exactly

HEADS = ((0, 3), (3, 5))


def test_descent_tells_what_can_be_told() -> None:
    rows = sparse.csr_matrix(np.eye(4, dtype=np.float32)[[0, 1, 2, 3] * 20])
    targets = np.eye(2, dtype=np.float32)[[0, 0, 1, 1] * 20]
    weights, bias = fit(rows, targets, np.ones(80, np.float32), Descent(penalty=1e-4), np.random.default_rng(0))
    assert ((rows @ weights + bias).argmax(axis=1) == targets.argmax(axis=1)).all()


def test_the_exact_fit_is_the_best_there_is() -> None:
    chance = np.random.default_rng(0)
    rows = chance.normal(size=(72, 4)).astype(np.float32)
    targets = np.hstack([np.eye(width)[chance.integers(width, size=72)] for width in (3, 2)])
    weights, bias = fit_exactly(rows, targets, np.ones((72, 2)), HEADS, 1.0, 500)

    def loss(weights: np.ndarray) -> float:
        logits = rows @ weights + bias
        logs = [part - np.log(np.exp(part).sum(1, keepdims=True)) for part in (logits[:, a:b] for a, b in HEADS)]
        return float(-(targets * np.hstack(logs)).sum() + 0.5 * (weights**2).sum())

    least = loss(weights)
    assert all(loss(weights + chance.normal(size=weights.shape) * 0.02) > least for _ in range(20))


def test_sparse_and_whole_rows_are_fitted_alike() -> None:
    rows = np.eye(4, dtype=np.float32)[[0, 1, 2, 3] * 5]
    targets, counts = np.eye(2)[[0, 0, 1, 1] * 5], np.ones((20, 1))
    whole, thin = (fit_exactly(some, targets, counts, ((0, 2),), 2.0, 50) for some in (rows, sparse.csr_matrix(rows)))
    np.testing.assert_allclose(whole[0], thin[0], atol=1e-3)
