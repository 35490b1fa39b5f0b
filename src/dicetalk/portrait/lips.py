"""Where the lips of a portrait meet, how far they stand apart, and what brings them together."""

from __future__ import annotations

import cv2
import numpy as np

from dicetalk.arrays import Float64, Int64
from dicetalk.media import Picture
from dicetalk.motion.landmarks import LOWER_LIP, UPPER_LIP

CLOSED_GAP = 0.044
"""Inner-lip gap [inter-ocular distances] below which a mouth counts as closed: of 29 portraits shut lips are read up
to .039, parted ones from .049 on."""

LIP = 0.12
"""Thickness of a lip [inter-ocular distances]: it moves as a whole, the skin beyond it gives way."""

SEAM_STEPS = 65
SEAM_REACH = 0.05
"""How far [inter-ocular distances] the visible seam may lie from the middle of the mesh's inner lip outlines."""


def lip_gaps(points: Float64, down: Float64) -> Float64:
    """Signed distance (11,) from the upper to the lower inner lip along `down` (D,), in the unit of the points."""
    return (points[list(LOWER_LIP)] - points[list(UPPER_LIP)]) @ down


def is_closed(points: Float64, down: Float64, unit: float) -> bool:
    """Whether the mesh shows a closed mouth.

    Args:
        points: (>=468, 3) landmarks [px].
        down: (3,) direction from the upper to the lower lip.
        unit: inter-ocular distance [px].
    """
    return bool(np.median(lip_gaps(points, down)[3:8]) < CLOSED_GAP * unit)


def seam(picture: Picture, points: Float64, unit: float) -> Float64:
    """The line along which closed lips part: the darkest smooth path between the corners.

    The mesh's own inner outlines lie beside the visible line by some pixels; lips that part anywhere else show a second
    line. A path of least brightness (dynamic programming over normals of the middle line) finds it.

    Args:
        picture: (H, W, 3).
        points: (>=468, 3) landmarks [px].
        unit: inter-ocular distance [px].

    Returns:
        (11, 2) places [px] for the pairs of `UPPER_LIP` and `LOWER_LIP`, the corners unchanged.
    """
    middle = (points[list(UPPER_LIP), :2] + points[list(LOWER_LIP), :2]) / 2
    along = np.linspace(0, len(middle) - 1, SEAM_STEPS)
    base = np.stack([np.interp(along, np.arange(len(middle)), middle[:, k]) for k in (0, 1)], 1)
    tangent = np.gradient(base, axis=0)
    normal = np.stack([-tangent[:, 1], tangent[:, 0]], 1) / np.linalg.norm(tangent, axis=1, keepdims=True)
    reach = SEAM_REACH * unit
    offsets = np.linspace(-reach, reach, 2 * max(4, int(np.ceil(reach * 2))) + 1)
    brightness = _brightness(picture, base[:, None] + offsets[None, :, None] * normal[:, None], unit)
    # Corners stay: an outer band that narrows to nothing at both ends keeps the path from running along a shadow.
    taper = np.minimum(1, np.sin(np.pi * np.linspace(0, 1, SEAM_STEPS)) * 2.5)
    outside = np.abs(offsets)[None] > reach * taper[:, None] + 1e-6
    path = _darkest_path(brightness + 0.15 * (offsets / reach) ** 2 + outside * 1e3)
    line = base + offsets[path][:, None] * normal
    places = np.stack([np.interp(np.arange(len(middle)), along, line[:, k]) for k in (0, 1)], 1)
    places[[0, -1]] = middle[[0, -1]]
    return places


def _brightness(picture: Picture, places: Float64, unit: float) -> Float64:
    """Brightness at places (A, B, 2), as a share of the range over each normal, softened to the seam's width."""
    blur = cv2.GaussianBlur(picture, (0, 0), max(0.6, unit * 0.008))
    grey = cv2.cvtColor(blur, cv2.COLOR_RGB2GRAY).astype(np.float32)
    maps = places.astype(np.float32)
    values = cv2.remap(grey, maps[..., 0], maps[..., 1], cv2.INTER_LINEAR, borderMode=cv2.BORDER_REPLICATE)
    low, high = np.percentile(values, [2, 98])
    return np.asarray((values - low) / max(high - low, 8.0), np.float64)


def _darkest_path(cost: Float64) -> Int64:
    """Column indices (A,) of the cheapest path through a cost (A, B) that moves at most one column a step."""
    total = cost.copy()
    back = np.zeros(cost.shape, np.int64)
    bend = np.array([0.06, 0.0, 0.06])
    for row in range(1, len(cost)):
        padded = np.pad(total[row - 1], 1, constant_values=np.inf)
        choices = np.stack([padded[:-2], padded[1:-1], padded[2:]]) + bend[:, None]
        best = choices.argmin(0)
        total[row] += choices.min(0)
        back[row] = np.arange(cost.shape[1]) + best - 1
    path = np.empty(len(cost), np.int64)
    path[-1] = total[-1].argmin()
    for row in range(len(cost) - 1, 0, -1):
        path[row - 1] = back[row, path[row]]
    return path


def sealing(points: Float64, gaps: Float64) -> Float64:
    """What closes lips that stand apart in the picture.

    The lower lip does three fifths of the way; skin beside the lips follows less and less.

    Args:
        points: (V, 3) vertices in the head's frame [inter-ocular distances], y down.
        gaps: (11,) how far each pair of inner lip points stands apart, in the same unit.

    Returns:
        (V, 3) displacements.
    """
    upper, lower = points[list(UPPER_LIP)], points[list(LOWER_LIP)]
    x = points[:, 0]
    gap = np.interp(x, upper[:, 0], gaps, left=0, right=0)
    above = np.interp(x, upper[:, 0], upper[:, 1]) - points[:, 1]
    below = points[:, 1] - np.interp(x, lower[:, 0], lower[:, 1])
    move = np.zeros(len(points))
    up, low = above > below, above <= below
    move[up] = (0.4 * gap * np.exp(-((np.maximum(above - LIP, 0) / 0.16) ** 2)))[up]
    move[low] = (-0.6 * gap * np.exp(-((np.maximum(below - LIP, 0) / 0.3) ** 2)))[low]
    move[list(UPPER_LIP)] = 0.4 * gaps
    move[list(LOWER_LIP)] = -0.6 * gaps
    deep = np.zeros(len(points))
    # Parted lips lie at two depths; those that shut meet at one, else a head that nods would part them again.
    apart = np.where(gaps > 0, lower[:, 2] - upper[:, 2], 0)
    deep[list(UPPER_LIP)] = 0.4 * apart
    deep[list(LOWER_LIP)] = -0.6 * apart
    return np.stack([np.zeros_like(move), move, deep], 1)
