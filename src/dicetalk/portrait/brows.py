"""Brows: they slide over the skull as they are; the skin above and below them gives way."""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np

from dicetalk.arrays import Float64
from dicetalk.motion.landmarks import FACE_VERTICES, LEFT_UPPER_LID, RIGHT_UPPER_LID
from dicetalk.motion.space import SHAPES

EDGES = {
    "Right": ((70, 63, 105, 66, 107), (46, 53, 52, 65, 55)),
    "Left": ((300, 293, 334, 296, 336), (276, 283, 282, 295, 285)),
}
"""Upper and lower edge of each brow, from the temple inwards."""

ABOVE = (0.10, 0.30)
"""Up to where hair may grow above the middle of a brow, and where the forehead's own movement begins [inter-ocular
distances]: brows are often thicker than the mesh's."""

BELOW = (0.44, 0.76)
"""The way down to the lid: above the first share of it hair may grow, below the second one lashes do. Only the skin
between them is stretched."""

BEYOND = 0.12
"""How far past its ends a brow is still carried, less and less, in the same unit."""

ROOM = 0.42
"""How much of the way down to the lid a shape may bring a brow: beyond that its skin would lie over the eye."""

LIDS = {"Right": RIGHT_UPPER_LID, "Left": LEFT_UPPER_LID}

MOVES_BROWS = ("brow", "noseSneer")


def carry_whole(delta: Float64, local: Float64) -> None:
    """Let brows move without being stretched: `delta` (52, V, 3) is changed in place.

    A brow that a shape lifts more at its upper than at its lower rim, or more than the skin its lowest hairs grow on,
    is smeared to twice its height; lashes likewise.

    Args:
        delta: displacements of the shapes on the mesh.
        local: (V, 3) the mesh in the head's frame [inter-ocular distances].
    """
    shapes = [i for i, name in enumerate(SHAPES) if name.startswith(MOVES_BROWS)]
    for side, edges in EDGES.items():
        upper, lower, lid = (_from_left(local, rim) for rim in (*edges, LIDS[side]))
        place = _Place.of(local[:FACE_VERTICES], (local[upper] + local[lower]) / 2, local[lid])
        for shape in shapes:
            moved = (delta[shape, upper] + delta[shape, lower]) / 2
            moved *= min(1.0, ROOM * place.room / max(moved[:, 1].max(), 1e-6))
            with_brow = place.beside(moved, place.brow)
            with_lid = place.beside(delta[shape, lid], place.lid)
            carried = with_lid + place.up[:, None] * (with_brow - with_lid)
            own = delta[shape, :FACE_VERTICES]
            own += place.share[:, None] * (carried - own)


def _from_left(local: Float64, rim: tuple[int, ...]) -> list[int]:
    return sorted(rim, key=lambda i: local[i, 0])


@dataclass(frozen=True)
class _Place:
    """Where each point (N,) of a face lies between a brow and the lid below it.

    Attributes:
        x: of the nearest place on the brow.
        brow, lid: x of the places known along either.
        share: how far the point goes with them, 0 to 1.
        up: 1 where brows grow, 0 where lashes do.
        room: from the brow down to the lid [inter-ocular distances].
    """

    x: Float64
    brow: Float64
    lid: Float64
    share: Float64
    up: Float64
    room: float

    @classmethod
    def of(cls, points: Float64, brow: Float64, lid: Float64) -> _Place:
        """Points (N, 3), the middle of a brow (M, 3) and a lid (L, 3), both from the left."""
        x = np.clip(points[:, 0], brow[0, 0], brow[-1, 0])
        height, lid_height = (np.interp(x, rim[:, 0], rim[:, 1]) for rim in (brow, lid))
        down = (points[:, 1] - height) / np.maximum(lid_height - height, 1e-3)
        inside = np.where(down < 0, np.interp(height - points[:, 1], ABOVE, (1, 0)), (down < 1).astype(float))
        aside = np.interp(np.abs(points[:, 0] - x), (0, BEYOND), (1, 0))
        room = float(np.interp(brow[:, 0], lid[:, 0], lid[:, 1] - np.interp(lid[:, 0], brow[:, 0], brow[:, 1])).mean())
        return cls(x, brow[:, 0], lid[:, 0], inside * aside, np.interp(down, BELOW, (1, 0)), room)

    def beside(self, moved: Float64, along: Float64) -> Float64:
        """What moves (M, 3) at places along a rim (M,), at each point's (N, 3)."""
        return np.stack([np.interp(self.x, along, moved[:, k]) for k in range(3)], 1)
