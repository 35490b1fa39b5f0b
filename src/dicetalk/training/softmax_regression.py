"""Multinomial logistic regression: by stochastic descent, in seconds for tens of thousands of rows; or to its end."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy import sparse
from scipy.optimize import minimize

from dicetalk.arrays import Float32, Float64, Int64

CACHE = any(os.access(folder, os.W_OK) for folder in (Path(__file__).parent, Path.home()))
"""Whether compiled code can be kept."""
BIAS_PACE = 0.05
"""How fast the bias learns, of the rate of the weights: it is in every row."""
LEAST_SCALE = 1e-3
CORRECTIONS = 6
"""That L-BFGS keeps."""
Matrix = Any
"""(N, F) of numpy, or sparse."""


@dataclass(frozen=True, kw_only=True)
class Descent:
    """How a regression is fitted.

    Attributes:
        penalty: on the squares of the weights; 1 / (C rows) in the words of others.
        passes: over all rows.
        rate: of the first step; the last one is 0.
    """

    penalty: float
    passes: int = 10
    rate: float = 5.0


def fit(
    rows: sparse.csr_matrix, targets: Float32, shares: Float32, how: Descent, draws: np.random.Generator
) -> tuple[Float32, Float32]:
    """Weights (F, K) and bias (K,) that tell classes.

    Args:
        rows: (N, F), each of length 1 or so.
        targets: (N, K), 1 for every class that a row may be of, else 0.
        shares: (N,) how much each row counts.
        how: to fit.
        draws: the order of the rows.
    """
    weights = np.zeros((rows.shape[1], targets.shape[1]), np.float32)
    bias = np.zeros(targets.shape[1], np.float32)
    scale = 1.0
    for number in range(how.passes):
        first, last = (how.rate * (1 - done / how.passes) for done in (number, number + 1))
        order = draws.permutation(rows.shape[0])
        scale = _descend(
            rows.indptr, rows.indices, rows.data, targets, shares, order, weights, bias, scale, first, last, how.penalty
        )
    return weights * np.float32(scale), bias


@njit(cache=CACHE, fastmath=True)
def _descend(
    starts: NDArray[np.int32],
    columns: NDArray[np.int32],
    values: Float32,
    targets: Float32,
    shares: Float32,
    order: Int64,
    weights: Float32,
    bias: Float32,
    scale: float,
    first: float,
    last: float,
    penalty: float,
) -> float:
    """One pass; the weights are those that stand there times the scale, which it gives anew."""
    classes = weights.shape[1]
    found = np.zeros(classes, np.float32)
    moves = np.zeros(classes, np.float32)
    for done in range(len(order)):
        row = order[done]
        rate = first + (last - first) * done / len(order)
        found[:] = 0
        for place in range(starts[row], starts[row + 1]):
            for k in range(classes):
                found[k] += values[place] * weights[columns[place], k]
        found[:] = found * np.float32(scale) + bias
        found[:] = np.exp(found - found.max())
        total, right = found.sum(), (found * targets[row]).sum()
        scale *= 1 - rate * penalty
        for k in range(classes):
            error = found[k] / total - found[k] * targets[row, k] / max(right, np.float32(1e-30))
            bias[k] -= np.float32(BIAS_PACE * rate * shares[row]) * error
            moves[k] = -np.float32(rate * shares[row] / scale) * error
        for place in range(starts[row], starts[row + 1]):
            for k in range(classes):
                weights[columns[place], k] += values[place] * moves[k]
        if scale < LEAST_SCALE:
            weights *= np.float32(scale)
            scale = 1.0
    return scale


def fit_exactly(
    rows: Matrix, targets: Float64, counts: Float64, heads: Sequence[tuple[int, int]], cost: float, steps: int
) -> tuple[Float64, Float64]:
    """Weights (F, K) and bias (K,) of several regressions on the same rows, side by side, by L-BFGS.

    Args:
        rows: (N, F).
        targets: (N, K) shares, of each regression of sum 1.
        counts: (N, H) what each row counts in each of them.
        heads: the first column of each of the H, and the one behind its last.
        cost: of the errors beside half the squares of the weights; C in the words of others.
        steps: at most.
    """
    width, outputs = rows.shape[1], targets.shape[1]
    turned = rows.T.tocsr() if sparse.issparse(rows) else rows.T

    def loss(flat: Float64) -> tuple[float, Float64]:
        weights = flat.reshape(width + 1, outputs).astype(np.float32)
        error, slopes = _cross_entropy(rows @ weights[:-1] + weights[-1], targets, counts, heads)
        slope = np.vstack([cost * (turned @ slopes) + weights[:-1], cost * slopes.sum(axis=0)])
        return cost * error + 0.5 * float((weights[:-1] ** 2).sum()), slope.ravel().astype(np.float64)

    how = {"maxiter": steps, "maxcor": CORRECTIONS}
    found = minimize(loss, np.zeros((width + 1) * outputs), jac=True, method="L-BFGS-B", options=how).x
    weights = found.reshape(width + 1, outputs)
    return weights[:-1], weights[-1]


def _cross_entropy(
    logits: Float64, targets: Float64, counts: Float64, heads: Sequence[tuple[int, int]]
) -> tuple[float, Float64]:
    """The loss of all rows, and its slopes (N, K)."""
    slopes, error = np.empty_like(logits), 0.0
    for head, (start, end) in enumerate(heads):
        moved = logits[:, start:end] - logits[:, start:end].max(axis=1, keepdims=True)
        logs = moved - np.log(np.exp(moved).sum(axis=1, keepdims=True))
        error -= float((counts[:, head] * (logs * targets[:, start:end]).sum(axis=1)).sum())
        slopes[:, start:end] = counts[:, head, None] * (np.exp(logs) - targets[:, start:end])
    return error, slopes


def leaning(rows: sparse.csr_matrix, classes: Int64, count: int, smoothing: float) -> Float32:
    """(F, K) log of how often each column comes in each class, against all: naive Bayes, smoothed towards the mean."""
    members = np.eye(count, dtype=np.float32)[classes]
    often = np.asarray(rows.T @ members) + smoothing * np.asarray(rows.mean(axis=0)).T + 1e-3
    logs = np.log(often / often.sum(axis=0))
    leans: Float32 = (logs - logs.mean(axis=1, keepdims=True)).astype(np.float32)
    return leans
