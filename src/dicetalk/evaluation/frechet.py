"""The Frechet distance between two sets of features (Heusel et al. 2017; Unterthiner et al. 2018 for videos)."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from dicetalk.arrays import Float32, Float64


def frechet_distance(one: Sequence[Float32], other: Sequence[Float32]) -> float:
    """Between Gaussians that are fitted to the features (n, D) of the clips of two sets: 0 is alike.

    Of few samples it is too large: only sets of about the same size can be compared.
    """
    (mean, spread), (others_mean, others_spread) = _gaussian(one), _gaussian(other)
    apart = float(((mean - others_mean) ** 2).sum())
    # The trace of the root of a product is the sum of the roots of its eigenvalues, which are those of S T S.
    root = _root(spread)
    both = np.sqrt(np.maximum(np.linalg.eigvalsh(root @ others_spread @ root), 0)).sum()
    return float(max(apart + np.trace(spread) + np.trace(others_spread) - 2 * both, 0.0))


def _gaussian(clips: Sequence[Float32]) -> tuple[Float64, Float64]:
    values = np.concatenate(clips).astype(np.float64)
    centred = values - values.mean(0)
    return values.mean(0), centred.T @ centred / max(len(values) - 1, 1)


def _root(spread: Float64) -> Float64:
    values, directions = np.linalg.eigh(spread)
    return np.asarray(directions * np.sqrt(np.maximum(values, 0)) @ directions.T)
