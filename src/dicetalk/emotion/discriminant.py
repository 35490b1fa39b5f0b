"""Linear discriminant analysis of an embedder's means (Fisher 1936; Rao 1948): only what tells emotions apart stays.

A trained embedder still holds some of whose face it is, in directions in which emotions hardly differ. They are left
out; the others are scaled so that emotions of one name lie about each other at distance one.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.linalg

from dicetalk.arrays import Float64, Int64

LOOSE = 1e-3
"""Share of the mean variance that is added to every direction: few clips do not tell how little a direction varies."""

KEPT = 0.999
"""Share of the means' variance within which directions are looked for."""


@dataclass(frozen=True, eq=False)
class Map:
    """An affine map of a Gaussian's mean: mean -> weight @ mean + offset.

    Attributes:
        weight: `(D, D)`.
        offset: `(D,)`.
    """

    weight: Float64
    offset: Float64


def fit_discriminant(means: Float64, emotions: Int64) -> Map:
    """Find the map that keeps what tells emotions apart.

    Args:
        means: of clips, `(N, D)`.
        emotions: number in the vocabulary, `(N,)`.

    Returns:
        the map; the middle of all means stays where it is.
    """
    middle = means.mean(0)
    basis = _spanned(means - middle)
    directions = basis @ _told_apart((means - middle) @ basis, emotions)
    weight = _spread_out(directions.shape[1], means.shape[1]) @ directions.T
    return Map(weight, middle - weight @ middle)


def _spanned(centred: Float64) -> Float64:
    """(D, r) orthonormal directions that hold nearly all of the vectors (N, D)."""
    _, size, directions = np.linalg.svd(centred, full_matrices=False)
    share = np.cumsum(size**2) / np.sum(size**2)
    return np.asarray(directions[: int(np.searchsorted(share, KEPT)) + 1].T)


def _told_apart(x: Float64, emotions: Int64) -> Float64:
    """Directions (r, C - 1) in which classes of x (N, r) differ most, at unit variance within."""
    kinds, targets = np.unique(emotions, return_inverse=True)
    centres = np.array([x[targets == k].mean(0) for k in range(len(kinds))])
    within = np.atleast_2d(np.cov((x - centres[targets]).T))
    within = within + LOOSE * np.trace(within) / len(within) * np.eye(len(within))
    size, directions = scipy.linalg.eigh(np.atleast_2d(np.cov(centres.T)), within)
    return np.asarray(directions[:, ::-1][:, : min(len(kinds) - 1, len(size))])


def _spread_out(count: int, width: int) -> Float64:
    """(width, count) orthonormal columns that use all coordinates alike: the same on every machine."""
    q, _ = np.linalg.qr(np.random.default_rng(0).normal(size=(width, count)))
    return np.asarray(q)
