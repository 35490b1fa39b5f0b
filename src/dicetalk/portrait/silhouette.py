"""Where a moved cheek or jaw hides what lies behind it: an edge that no pixel of the picture softens.

The camera that took a portrait mixed the colours on both sides of such an edge. A warped picture jumps there from one
pixel to the next, in steps.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import cv2
import numpy as np
from numpy.typing import NDArray

from dicetalk.arrays import Float32, Int32, Int64
from dicetalk.media import Picture
from dicetalk.portrait.topology import topology

SOFT = 0.8
"""Spread of the mixing across an edge [px]."""

STIRRED = 1.0
"""An edge that has moved less [px] is the picture's own."""


@dataclass(frozen=True)
class Edges:
    """The edges that two triangles share.

    Attributes:
        ends: (E, 2) vertices.
        sides: (E, 2) the triangles.
        alike: (E,) whether their vertices go around the same way.
    """

    ends: Int64
    sides: Int64
    alike: NDArray[np.bool_]


@cache
def shared_edges() -> Edges:
    """The edges inside the fine mesh."""
    triangles = topology().triangles
    directed = triangles[:, [[0, 1], [1, 2], [2, 0]]].reshape(-1, 2).astype(np.int64)
    each = np.sort(directed, axis=1)
    order = np.lexsort(each.T)
    twice = np.flatnonzero((each[order[1:]] == each[order[:-1]]).all(1))
    first, second = order[twice], order[twice + 1]
    alike = directed[first, 0] != directed[second, 0]
    return Edges(each[first], np.stack([first, second], 1) // 3, alike)


def soften(region: Picture, points: Float32, still: Float32, triangles: Int32) -> None:
    """Mix the colours across edges where the mesh has folded over.

    Args:
        region: (H, W, 3) the part of the frame where the mesh lies, changed in place.
        points: (N, 2) places of the fine vertices in it [px].
        still: (N, 2) where they lie in the picture [px].
        triangles: (F, 3) of the fine mesh.
    """
    edges = shared_edges()
    away = _turned_away(points, triangles)
    folded = edges.ends[(away[edges.sides[:, 0]] != away[edges.sides[:, 1]]) == edges.alike]
    folded = folded[np.abs(points[folded] - still[folded]).max((1, 2)) > STIRRED]
    if not len(folded):
        return
    lines = np.round(points[folded]).astype(np.int32)
    low = (lines.min((0, 1)) - 3).clip(0)
    high = np.minimum(lines.max((0, 1)) + 4, region.shape[1::-1])
    if (high <= low).any():
        return
    box = region[low[1] : high[1], low[0] : high[0]]
    mask = np.zeros(box.shape[:2], np.uint8)
    cv2.polylines(mask, list(lines - low.astype(np.int32)), False, (255,), 3)
    cv2.copyTo(cv2.GaussianBlur(box, (0, 0), SOFT), mask, box)


def _turned_away(points: Float32, triangles: Int32) -> NDArray[np.bool_]:
    """Which triangles (F,) show their back."""
    x, y = points[:, 0], points[:, 1]
    a, b, c = triangles.T
    return np.asarray((x[b] - x[a]) * (y[c] - y[a]) < (x[c] - x[a]) * (y[b] - y[a]))
