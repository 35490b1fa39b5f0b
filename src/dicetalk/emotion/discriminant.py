"""Linear discriminant analysis of an embedder's means (Fisher 1936; Rao 1948): what tells emotions apart is kept large.

A trained embedder still holds some of who is speaking, in directions in which emotions hardly differ. Each direction is
scaled by how surely it tells emotions apart on the clips learned from; directions that tell nothing are left out. Where
vectors are compared with named emotions the scales are undone: a slight but clear difference counts as well.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
import scipy.linalg

from dicetalk.arrays import Float64, Int64

LOOSE = 1e-3
"""Share of the mean variance that is added to every direction: few clips do not tell how little a direction varies."""

LEAST_SCALE = 1e-3
"""Below it a direction would drown in the rounding of float32."""

KEPT = 0.999
"""Share of the means' variance within which directions are looked for."""


@dataclass(frozen=True, eq=False)
class Map:
    """An affine map of a Gaussian's mean: mean -> weight @ mean + offset.

    Attributes:
        weight: `(D, D)`.
        offset: `(D,)`.
        even: `(D, D)` undoes the scales of the directions for mapped vectors, for comparing them: `even @ mapped`.
    """

    weight: Float64
    offset: Float64
    even: Float64


def fit_discriminant(heard: Float64, heard_emotions: Int64, seen: Float64, seen_emotions: Int64, power: float) -> Map:
    """Find the map that keeps large what tells emotions apart.

    Args:
        heard: means of clips from their voice, the harder half, `(N, D)`; they tell how surely a direction is read.
        heard_emotions: number in the vocabulary, `(N,)`.
        seen: means from faces, `(M, D)`; emotions that only faces show get a direction of their own.
        seen_emotions: `(M,)`.
        power: 0 keeps all told directions alike, more lets the surest outgrow the others.

    Returns:
        the map; the middle of all heard means stays where it is.
    """
    middle = heard.mean(0)
    basis = _spanned(np.concatenate([heard, seen]) - middle)
    x, v = (heard - middle) @ basis, (seen - middle) @ basis
    directions, sureness = _told_apart(x, heard_emotions)
    scales = np.maximum((sureness / sureness.max()) ** power, LEAST_SCALE)
    usual = _usual_distance(x @ directions, heard_emotions)
    own = [
        _own_direction(v[seen_emotions == kind].mean(0), directions, usual)
        for kind in np.setdiff1d(seen_emotions, heard_emotions)
    ]
    even = np.column_stack([directions, *own])
    scaled_usual = _usual_distance(x @ (directions * scales), heard_emotions)
    scales = np.concatenate([scales, np.full(len(own), scaled_usual / usual)])
    spread = _spread_out(even.shape[1], heard.shape[1])
    weight = spread @ (basis @ (even * scales)).T
    return Map(weight, middle - weight @ middle, (spread / scales) @ spread.T)


def _usual_distance(x: Float64, emotions: Int64) -> float:
    """Mean distance of the classes' centres of x (N, r) from their middle."""
    centres = np.array([x[emotions == kind].mean(0) for kind in np.unique(emotions)])
    return float(np.linalg.norm(centres - centres.mean(0), axis=1).mean())


def _spanned(centred: Float64) -> Float64:
    """(D, r) orthonormal directions that hold nearly all of the vectors (N, D)."""
    _, size, directions = np.linalg.svd(centred, full_matrices=False)
    share = np.cumsum(size**2) / np.sum(size**2)
    return np.asarray(directions[: int(np.searchsorted(share, KEPT)) + 1].T)


def _told_apart(x: Float64, emotions: Int64) -> tuple[Float64, Float64]:
    """Directions (r, C - 1) in which classes of x (N, r) differ, at unit variance within, and how far they differ."""
    kinds, targets = np.unique(emotions, return_inverse=True)
    centres = np.array([x[targets == k].mean(0) for k in range(len(kinds))])
    within = np.atleast_2d(np.cov((x - centres[targets]).T))
    within = within + LOOSE * np.trace(within) / len(within) * np.eye(len(within))
    size, directions = scipy.linalg.eigh(np.atleast_2d(np.cov(centres.T)), within)
    most = min(len(kinds) - 1, len(size))
    return directions[:, ::-1][:, :most], np.maximum(size[::-1][:most], 1e-12)


def _own_direction(centre: Float64, directions: Float64, usual: float) -> Float64:
    """(r, 1) what of a centre (r,) lies beside the directions (r, k), scaled to the usual distance from the middle."""
    q, _ = np.linalg.qr(directions)
    beside = centre - q @ (q.T @ centre)
    length = float(np.linalg.norm(beside))
    return np.asarray(beside[:, None] * usual / max(length, 1e-9) ** 2)


def _spread_out(count: int, width: int) -> Float64:
    """(width, count) orthonormal columns that use all coordinates alike: the same on every machine."""
    q, _ = np.linalg.qr(np.random.default_rng(0).normal(size=(width, count)))
    return np.asarray(q)
