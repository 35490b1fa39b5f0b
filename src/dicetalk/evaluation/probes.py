"""What a vector tells: linear probes with confidence intervals, functionals of rows, cluster ratio."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.optimize import minimize

from dicetalk.arrays import Float64, Int64

QUANTILES = (10, 50, 90)


@dataclass(frozen=True)
class Score:
    """How often a probe is right.

    Attributes:
        accuracy: mean over the classes of the share that is right (unweighted accuracy).
        low, high: 95 % confidence interval, by bootstrap over samples.
        chance: one over the number of classes.
        samples: that were tested.
    """

    accuracy: float
    low: float
    high: float
    chance: float
    samples: int

    def __str__(self) -> str:
        """`.61 (.55 to .67)`."""
        return f"{self.accuracy:.2f} ({self.low:.2f} to {self.high:.2f})"


@dataclass(frozen=True, eq=False)
class LinearProbe:
    """A multinomial logistic regression on standardised vectors, classes weighted equally.

    Attributes:
        middle, spread: of the vectors it was fitted on, (D,).
        weights: (D + 1, C); the last row is the offset.
        classes: (C,) labels, in order.
    """

    middle: Float64
    spread: Float64
    weights: Float64
    classes: Int64

    def scores(self, vectors: Float64) -> Float64:
        """Probability of each class, (N, D) -> (N, C)."""
        logits = _with_one((vectors - self.middle) / self.spread) @ self.weights
        shares = np.exp(logits - logits.max(1, keepdims=True))
        return np.asarray(shares / shares.sum(1, keepdims=True))

    def predict(self, vectors: Float64) -> Int64:
        """The likeliest label of each vector, (N,)."""
        return np.asarray(self.classes[self.scores(vectors).argmax(1)])


def fit_probe(vectors: Float64, labels: Int64, ridge: float = 0.01) -> LinearProbe:
    """Fit a probe; `ridge` is the weight of the squared weights beside the mean loss, vectors (N, D), labels (N,)."""
    vectors = np.asarray(vectors, np.float64)
    middle, spread = vectors.mean(0), vectors.std(0) + 1e-6
    classes, targets = np.unique(labels, return_inverse=True)
    inputs = _with_one((vectors - middle) / spread)
    share = (1 / np.bincount(targets))[targets] / len(classes)
    truth = np.eye(len(classes))[targets]

    def loss(flat: Float64) -> tuple[float, Float64]:
        weights = flat.reshape(-1, len(classes))
        logits = inputs @ weights
        logits = logits - logits.max(1, keepdims=True)
        log_shares = logits - np.log(np.exp(logits).sum(1, keepdims=True))
        bound = np.vstack([weights[:-1], np.zeros((1, len(classes)))])
        gradient = inputs.T @ ((np.exp(log_shares) - truth) * share[:, None]) + 2 * ridge * bound
        return -float((share[:, None] * truth * log_shares).sum()) + ridge * float((bound**2).sum()), gradient.ravel()

    found = minimize(loss, np.zeros(inputs.shape[1] * len(classes)), jac=True, method="L-BFGS-B")
    return LinearProbe(middle, spread, found.x.reshape(-1, len(classes)), classes)


def _with_one(vectors: Float64) -> Float64:
    return np.column_stack([vectors, np.ones(len(vectors))])


def score(predicted: Int64, truth: Int64, draws: int = 1000, seed: int = 0) -> Score:
    """Unweighted accuracy with its 95 % interval; `predicted` and `truth` (N,)."""
    classes, targets = np.unique(truth, return_inverse=True)
    right = np.asarray(predicted == truth, np.float64)
    rng = np.random.default_rng(seed)
    picks = rng.integers(len(truth), size=(draws, len(truth)))
    spread = [_unweighted(right[pick], targets[pick], len(classes)) for pick in picks]
    low, high = np.nanpercentile(spread, [2.5, 97.5])
    accuracy = _unweighted(right, targets, len(classes))
    return Score(accuracy, float(low), float(high), 1 / len(classes), len(truth))


def _unweighted(right: Float64, targets: Int64, classes: int) -> float:
    count = np.bincount(targets, minlength=classes)
    hits = np.bincount(targets, right, minlength=classes)
    return float((hits[count > 0] / count[count > 0]).mean())


def confusion(predicted: Int64, truth: Int64, classes: int) -> Float64:
    """(C, C) share of each true class (row) that is taken for each class (column); absent classes are zero rows."""
    table = np.zeros((classes, classes))
    np.add.at(table, (truth, predicted), 1)
    return np.asarray(table / np.maximum(table.sum(1, keepdims=True), 1))


def cluster_ratio(vectors: Float64, labels: Int64) -> float:
    """Mean distance between the classes' centres over mean distance of the vectors from their own; (N, D), (N,)."""
    classes, targets = np.unique(labels, return_inverse=True)
    centres = np.array([vectors[labels == kind].mean(0) for kind in classes])
    within = np.linalg.norm(vectors - centres[targets], axis=1).mean()
    apart = np.linalg.norm(centres[:, None] - centres[None], axis=2)
    return float(apart.sum() / (len(classes) * (len(classes) - 1)) / max(within, 1e-12))  # all of a class may be one


def functionals(rows: Float64) -> Float64:
    """What a plain classifier would look at: mean, spread and quantiles of each column, (T, C) -> (5 C,)."""
    return np.concatenate([rows.mean(0), rows.std(0), *np.percentile(rows, QUANTILES, axis=0)])


def plane(vectors: Float64, labels: Int64) -> Float64:
    """A 2-D map: the two directions in which the classes' centres differ most, (N, D) -> (N, 2)."""
    centres = np.array([vectors[labels == kind].mean(0) for kind in np.unique(labels)])
    _, _, directions = np.linalg.svd(centres - centres.mean(0), full_matrices=False)
    return np.asarray((vectors - centres.mean(0)) @ directions[:2].T)
