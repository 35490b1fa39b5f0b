"""A ranking machine: a direction in which pairs are in order, and like ones level (Parikh and Grauman 2011).

D. Parikh and K. Grauman, "Relative attributes", ICCV 2011; by Newton's method as O. Chapelle and S. S. Keerthi,
"Efficient algorithms for ranking with SVMs", Information Retrieval 13(3), 2010.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dicetalk.arrays import Float64

COST = 0.1
"""What a pair out of order costs, as published."""
MARGIN = 1.0
_MOST_STEPS = 50
_ENOUGH = 1e-10
"""Of a step's length: what is left to be found does not matter."""


@dataclass(frozen=True, eq=False)
class Pairs:
    """What is learned from, as differences of features.

    Attributes:
        ordered: (N, D) of what is more, less those of what is less.
        similar: (M, D) of what is alike.
        counts: (N,) how much each ordered pair counts.
    """

    ordered: Float64
    similar: Float64
    counts: Float64

    @classmethod
    def of(cls, ordered: Float64, similar: Float64) -> Pairs:
        """Pairs that all count alike."""
        return cls(ordered, similar, np.ones(len(ordered)))


def fit_ranking(pairs: Pairs, cost: float = COST) -> Float64:
    """The direction w (D,) that minimises w.w / 2 + C / 2 (sum c max(0, 1 - w.o)^2 + sum (w.s)^2), C the cost."""
    width = pairs.ordered.shape[1]
    fixed = np.eye(width) + cost * pairs.similar.T @ pairs.similar
    direction = np.zeros(width)
    for _ in range(_MOST_STEPS):
        short = pairs.ordered @ direction < MARGIN
        wrong = pairs.ordered[short]
        counted = cost * wrong.T * pairs.counts[short]
        # Among the pairs within the margin the objective is a parabola: its lowest point is where the step leads.
        step = np.linalg.solve(fixed + counted @ wrong, MARGIN * counted.sum(axis=1)) - direction
        direction = direction + _length(direction, step, pairs, cost) * step
        if np.linalg.norm(step) <= _ENOUGH * max(float(np.linalg.norm(direction)), 1):
            break
    return direction


def objective(direction: Float64, pairs: Pairs, cost: float = COST) -> float:
    """What is minimised."""
    short = np.maximum(MARGIN - pairs.ordered @ direction, 0)
    level = pairs.similar @ direction
    return float(direction @ direction + cost * (pairs.counts @ short**2 + level @ level)) / 2


def _length(direction: Float64, step: Float64, pairs: Pairs, cost: float) -> float:
    """The share of a step, halved until it leads down."""
    before, share = objective(direction, pairs, cost), 1.0
    while share > _ENOUGH and objective(direction + share * step, pairs, cost) > before:
        share /= 2
    return share
