"""Moves: what a face does, in words: groups of shapes that are not as the person's own neutral face has them."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

import numpy as np

from dicetalk.arrays import Float32, Float64
from dicetalk.motion.space import SHAPES, index
from dicetalk.reading.reading import Move

LEAST = 0.2
"""What moves less than this is not told: readings of resting faces differ by as much."""
USUALLY = 70
"""How often a face is below what is told of it [%]: a move holds for a while, words come and go."""


@dataclass(frozen=True)
class Group:
    """Shapes that people call one thing.

    Attributes:
        shapes: without a side they mean both.
        apart: whether it is the difference between the sides.
    """

    shapes: tuple[str, ...]
    apart: bool = False

    def amounts(self, shapes: Float32) -> Float64:
        """(T,) of shapes (T, 52)."""
        merge: Callable[[Float64, Float64], Float64] = _difference if self.apart else np.minimum
        pairs = [merge(_side(shapes, name, "Left"), _side(shapes, name, "Right")) for name in self.shapes]
        return np.asarray(np.mean(pairs, axis=0))


GROUPS = {
    "raised brows": Group(("browInnerUp", "browOuterUp")),
    "raised inner brows": Group(("browInnerUp",)),
    "lowered brows": Group(("browDown",)),
    "one brow raised": Group(("browOuterUp",), apart=True),
    "wide eyes": Group(("eyeWide",)),
    "narrowed eyes": Group(("eyeSquint",)),
    "raised cheeks": Group(("cheekSquint",)),
    "a wrinkled nose": Group(("noseSneer",)),
    "a raised upper lip": Group(("mouthUpperUp",)),
    "a smile": Group(("mouthSmile",)),
    "a one-sided smile": Group(("mouthSmile", "mouthDimple"), apart=True),
    "a frown": Group(("mouthFrown",)),
    "stretched lips": Group(("mouthStretch",)),
    "pressed lips": Group(("mouthPress",)),
    "a raised chin": Group(("mouthShrugLower",)),
}
"""What is told, by how it is called."""
PARTS = {"raised brows": ("raised inner brows", "one brow raised"), "a smile": ("a one-sided smile",)}
"""What is not told beside what holds it."""


def moves_of(shapes: Float32) -> tuple[Move, ...]:
    """The moves of a window (T, 52), at least one frame, the largest first."""
    amounts = {name: float(np.percentile(group.amounts(shapes), USUALLY)) for name, group in GROUPS.items()}
    told = {name: amount for name, amount in amounts.items() if amount >= LEAST}
    held = {part for name in told for part in PARTS.get(name, ()) if told.get(part, 0.0) < 2 * told[name]}
    kept = [Move(name, min(amount, 1.0)) for name, amount in told.items() if name not in held]
    return tuple(sorted(kept, key=lambda move: -move.amount))


def _difference(one: Float64, other: Float64) -> Float64:
    return np.abs(one - other)


def _side(shapes: Float32, name: str, side: str) -> Float64:
    return np.asarray(shapes[:, index(name if name in SHAPES else name + side)], np.float64)
