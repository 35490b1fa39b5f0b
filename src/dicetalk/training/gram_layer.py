"""One hidden layer over sparse rows, with grams and units left out at random, by AdaGrad: seconds on one core."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy import sparse

from dicetalk.arrays import Float32, Int64
from dicetalk.training.softmax_regression import CACHE

LAST = 0.2
"""The rate of the last pass, in that of the first."""
MOST_GRAMS = 200_000
"""Of a row."""


@dataclass(frozen=True, kw_only=True)
class Layer:
    """How the layer is fitted.

    Attributes:
        units: of the hidden layer.
        passes: over all rows.
        rate: of AdaGrad.
        drop: share of the grams of a row that are left out.
        drop_units: share of the units.
        smoothing: of the labels.
    """

    units: int = 32
    passes: int = 6
    rate: float = 0.04
    drop: float = 0.5
    drop_units: float = 0.3
    smoothing: float = 0.05


def fit_layer(
    rows: sparse.csr_matrix, classes: Int64, count: int, how: Layer, seed: int
) -> tuple[Float32, Float32, Float32]:
    """Weights (F, H) into the layer, out of it (H, K), and bias (K,): softmax(tanh(rows @ into) @ out + bias).

    Args:
        rows: (N, F), each of length 1 or so.
        classes: (N,) of each row, 0 to `count` - 1.
        count: of the classes.
        how: to fit.
        seed: of what is drawn.
    """
    draws = np.random.default_rng(seed)
    into = draws.normal(0, 0.1, (rows.shape[1], how.units)).astype(np.float32)
    out = draws.normal(0, 0.3, (how.units, count)).astype(np.float32)
    bias = np.zeros(count, np.float32)
    seen, seen_out = np.zeros_like(into), np.zeros_like(out)
    for number in range(how.passes):
        rate = how.rate * (1 - (1 - LAST) * number / how.passes)
        order, drawn = draws.permutation(rows.shape[0]), int(draws.integers(2**31))
        _descend(
            rows.indptr, rows.indices, rows.data, classes, order, into, seen, out, seen_out, bias, np.float32(rate),
            np.float32(how.drop), np.float32(how.drop_units), np.float32(how.smoothing), drawn,
        )  # fmt: skip
    return into, out, bias


@njit(cache=CACHE, fastmath=True)
def _descend(
    starts: NDArray[np.int32],
    columns: NDArray[np.int32],
    values: Float32,
    classes: Int64,
    order: Int64,
    into: Float32,
    seen: Float32,
    out: Float32,
    seen_out: Float32,
    bias: Float32,
    rate: np.float32,
    drop: np.float32,
    drop_units: np.float32,
    smoothing: np.float32,
    seed: int,
) -> None:
    """One pass. `seen` holds the sums of the squares of all slopes so far."""
    np.random.seed(seed)
    units, count = out.shape
    kept = np.zeros(MOST_GRAMS, np.bool_)
    hidden, slopes = np.zeros(units, np.float32), np.zeros(units, np.float32)
    for row in order:
        first, last = starts[row], starts[row + 1]
        hidden[:] = 0
        for place in range(first, last):
            kept[place - first] = np.random.random() >= drop
            if kept[place - first]:
                value = values[place] / (1 - drop)
                for unit in range(units):
                    hidden[unit] += value * into[columns[place], unit]
        for unit in range(units):
            active = np.random.random() >= drop_units
            hidden[unit] = np.tanh(hidden[unit]) / (1 - drop_units) if active else np.float32(0)
        errors = bias.copy()
        for unit in range(units):
            for k in range(count):
                errors[k] += hidden[unit] * out[unit, k]
        errors = np.exp(errors - errors.max())
        errors = errors / errors.sum() - smoothing / count
        errors[classes[row]] -= 1 - smoothing
        for unit in range(units):
            slope = np.float32(0)
            if hidden[unit] != 0:
                for k in range(count):
                    slope += errors[k] * out[unit, k]
                    step = errors[k] * hidden[unit]
                    seen_out[unit, k] += step * step
                    out[unit, k] -= rate * step / np.sqrt(seen_out[unit, k] + np.float32(1e-6))
                bent = hidden[unit] * (1 - drop_units)
                slope *= (1 - bent * bent) / (1 - drop_units)
            slopes[unit] = slope
        bias -= np.float32(0.01) * errors
        for place in range(first, last):
            if kept[place - first]:
                value = values[place] / (1 - drop)
                for unit in range(units):
                    step = value * slopes[unit]
                    seen[columns[place], unit] += step * step
                    into[columns[place], unit] -= rate * step / np.sqrt(seen[columns[place], unit] + np.float32(1e-8))
