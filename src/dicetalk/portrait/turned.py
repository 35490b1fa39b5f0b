"""Faces seen from the side: what lies behind their outline is not in the picture, and must not be pulled into it."""

from __future__ import annotations

import cv2
import numpy as np

from dicetalk.arrays import Float32, Float64
from dicetalk.easing import smoothstep

FRONT, SIDE = 0.22, 0.6
"""Sine of the angle up to which a face counts as seen from the front, and from which it is fully turned."""

ROOM = 0.4
"""Distance to the outline [inter-ocular distances] under which the far side moves less and less towards it."""

LEAST = 0.1
"""How much of its way towards the outline is left to what lies on it."""

LESS_YAW = 0.5
"""How much of a head's further turn is left out where the face is fully turned: there is no other side to show."""

FACE_FOUND = 0.6
"""A mask of persons that holds less than this of a face (a statue, a drawing) is not believed."""

MASK_BLUR = 0.05
"""Softness of the border between a person and the background [inter-ocular distances]."""


def amount(axes: Float64) -> float:
    """How far a head with these axes (3, 3) is turned from the camera: 0 from the front, 1 from the side."""
    return float(smoothstep((np.abs(axes[0, 2]) - FRONT) / (SIDE - FRONT)))


def shown(mask: Float32, points: Float64, axes: Float64, unit: float) -> Float64:
    """How far each point of a face is shown by its picture (N,): 1, but 0 on the far side of a turned face that lies on
    the background.

    Args:
        mask: (H, W) where persons are in the picture, 0 to 1.
        points: (N, >=2) [px].
        axes: of the head (3, 3).
        unit: inter-ocular distance [px].
    """
    soft = cv2.GaussianBlur(mask, (0, 0), max(MASK_BLUR * unit, 1))
    x, y = np.clip(points[:, :2], 0, np.array(mask.shape[::-1]) - 1).astype(int).T
    person = smoothstep((soft[y, x] - 0.4) / 0.5)
    if person.mean() < FACE_FOUND:
        return np.ones(len(points))
    return np.asarray(1 - amount(axes) * (1 - person), np.float64)


def hold_outline(shapes: Float64, points: Float64, axes: Float64, unit: float) -> None:
    """Keep shapes (52, V, 3) [px] of a turned face from sliding over its far outline; changed in place.

    A mouth corner that is drawn back goes round the face; on a mesh whose far side the picture does not show it would
    go straight through the outline.

    Args:
        shapes: displacements on the mesh, in the picture's frame.
        points: (V, 3) the mesh [px]; only the face's own vertices.
        axes: of the head.
        unit: inter-ocular distance [px].
    """
    outwards = -np.sign(axes[0, 2])
    place = points[:, 0] * outwards
    level = np.abs(points[:, 1, None] - points[None, :, 1]) < 0.15 * unit
    room = np.where(level, place[None], -np.inf).max(1) - place
    left = LEAST + (1 - LEAST) * np.clip(room / (ROOM * unit), 0, 1)
    less = amount(axes) * (1 - left)
    shapes[..., 0] -= less * np.maximum(shapes[..., 0] * outwards, 0) * outwards
