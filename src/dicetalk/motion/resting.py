"""How a face looks at rest: what is usual, how far people differ, and what of a face is expression.

`weights/reading.safetensors` holds what is usual, in weights of the shapes on the basis' mean face.
"""

from __future__ import annotations

from functools import cache
from importlib import resources

import numpy as np
from safetensors.numpy import load

from dicetalk.arrays import Float64
from dicetalk.motion.landmarks import (
    BROWS,
    FACE_VERTICES,
    LEFT_LOWER_LID,
    LEFT_UPPER_LID,
    LOWER_LIP,
    OUTER_LIPS,
    OVAL,
    RIGHT_LOWER_LID,
    RIGHT_UPPER_LID,
    UPPER_LIP,
)
from dicetalk.motion.space import SHAPES

UNREAD = ("tongueOut", "cheekPuff", "jawForward")
"""Shapes that the mesh does not show."""

AT_REST_STIFF, BUILD_STIFF = 0.03, 1e-3
"""Pull towards 0 of the shapes, and of the ways of being built, where a resting face is compared with another."""


@cache
def reading_statistics() -> dict[str, Float64]:
    """What is usual: `usual` (52,) weights of a resting face on the basis' mean face; `spread` (52,) how far people
    differ there, 0 where a shape tells how a face is built; `together` (52, 52) mean products of weights in motion."""
    data = (resources.files("dicetalk") / "weights" / "reading.safetensors").read_bytes()
    return {name: value.astype(np.float64) for name, value in load(data).items()}


def unusual(face: Float64, rest: Float64, shapes: Float64, beyond: float) -> Float64:
    """The expression in a face that was seen once.

    Args:
        face: (468, 3) in the head's frame [inter-ocular distances].
        rest: (468, 3) how faces look at rest.
        shapes: (52, 468, 3) the shapes on that one.
        beyond: so many spreads from it still count as the way a face is made.

    Returns:
        (52,) weights of 0 to 1; 0 for shapes that tell how a face is built.
    """
    spread = reading_statistics()["spread"]
    matrix, target = built(face, rest, shapes)
    told = spread > 0
    # What is within the spread costs more than it explains: a penalty on the sum of weights.
    free = np.zeros(len(target) - len(SHAPES))
    pull = matrix.T @ target - np.append(beyond * spread * (matrix**2).sum(0)[: len(SHAPES)], free)
    least = np.append(np.where(told, 0.0, -1.0), free - np.inf)
    most = np.append(np.ones(len(SHAPES)), free + np.inf)
    found = within_bounds(matrix, np.linalg.solve(matrix.T, pull), least, most)[: len(SHAPES)]
    return np.where(told, found, 0.0)


def within_bounds(matrix: Float64, target: Float64, least: Float64, most: Float64) -> Float64:
    """Least squares (K,) of a square system (K, K) @ x = (K,), with every x from `least` to `most` (K,).

    By active sets (Hintermueller, Ito and Kunisch 2002), which settle after a few rounds; where they do not, by scipy,
    which takes .13 s to load.
    """
    system, pull = matrix.T @ matrix, matrix.T @ target
    x: Float64 = np.clip(np.linalg.solve(matrix, target), least, most)
    force, before = pull - system @ x, None
    for _ in range(ROUNDS):
        low, high = x + force < least, x + force > most
        sides = np.where(low, -1, np.where(high, 1, 0))
        if before is not None and np.array_equal(sides, before):
            return x
        before, free = sides, sides == 0
        x = np.where(low, least, np.where(high, most, 0.0))
        x[free] = np.linalg.solve(system[np.ix_(free, free)], (pull - system @ x)[free])
        force = np.where(free, 0.0, pull - system @ x)
    from scipy.optimize import lsq_linear

    return np.asarray(lsq_linear(matrix, target, (least, most)).x)


ROUNDS = 20
"""Of active sets; portraits take 3 to 6."""


def built(face: Float64, rest: Float64, shapes: Float64) -> tuple[Float64, Float64]:
    """The square system of how a face (468, 3) differs from another one at rest, on which the shapes (52, 468, 3) lie:
    52 weights, then ways of being built.

    A long face, a wide one, a narrow chin must not pass for raised brows or a smile.
    """
    x, y = rest[:, 0], rest[:, 1]
    nothing = np.zeros_like(x)
    ways = [
        np.stack(way, axis=1)
        for way in ((x, nothing, nothing), (nothing, y, nothing), (nothing, y * y, nothing), (x * y, nothing, nothing))
    ]
    # No use is made here of what faces usually do: it says how they move, not how they are built.
    stiff = np.diag([*np.full(len(SHAPES), AT_REST_STIFF), *np.full(len(ways), BUILD_STIFF)])
    matrix, target = square_system(np.concatenate([shapes, ways]), (face - rest)[None], stiff)
    return matrix, target[0]


def square_system(shapes: Float64, moves: Float64, stiff: Float64) -> tuple[Float64, Float64]:
    """A square system whose least squares are those of all mesh points and of the stiffness (52, 52) together."""
    weight = np.sqrt(_point_weights())[:, None] * np.array([1.0, 1.0, 0.1])  # depth is a guess from one picture
    rows = (shapes * weight).reshape(len(shapes), -1)
    system = rows @ rows.T + stiff
    system[: len(SHAPES), : len(SHAPES)] += stiffness_of_unread()
    root = np.linalg.cholesky(system).T
    pull = (moves * weight).reshape(len(moves), -1) @ rows.T
    return root, np.linalg.solve(root.T, pull.T).T


@cache
def stiffness_of_unread() -> Float64:
    """(52, 52) the stiffness that holds shapes at 0 which the mesh does not show."""
    return np.diag([1e3 if name in UNREAD else 0.0 for name in SHAPES])


@cache
def _point_weights() -> Float64:
    """(468,) how much each mesh point tells: lips, lids and brows most, the outline least."""
    weight = np.ones(FACE_VERTICES)
    weight[list(OVAL)] = 0.2
    weight[[*BROWS, *OUTER_LIPS]] = 2
    lids = (*LEFT_UPPER_LID, *LEFT_LOWER_LID, *RIGHT_UPPER_LID, *RIGHT_LOWER_LID)
    weight[[*UPPER_LIP, *LOWER_LIP, *lids]] = 3
    return weight
