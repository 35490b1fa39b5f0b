"""The face mesh as a graph: triangles, the rings that carry hair and neck, smooth subdivision.

Vertices 0..467 are MediaPipe's face mesh (`motion/landmarks.py` names them); copies of the face oval follow, each
further out.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np
from scipy import sparse

from dicetalk.arrays import Int32, Int64
from dicetalk.motion.landmarks import FACE_VERTICES, OVAL
from dicetalk.networks import WEIGHTS

RING_SCALES = (1.12, 1.32, 1.62, 2.05, 2.6)
"""How far each outer ring lies from the middle of the face, in units of the oval; the last one never moves."""

SUBDIVISIONS = 2


def face_triangles() -> Int32:
    """Triangles (852, 3) of the face mesh, open at the mouth and the eyes."""
    return np.asarray(np.load(WEIGHTS / "face" / "triangles.npy", allow_pickle=False), np.int32)


def _edges(triangle: tuple[int, ...]) -> list[tuple[int, int]]:
    a, b, c = triangle
    return [(min(a, b), max(a, b)), (min(b, c), max(b, c)), (min(a, c), max(a, c))]


def ring_vertices(ring: int) -> Int64:
    """Indices (36,) of outer ring `ring` (0 is the innermost); -1 is the face oval itself."""
    if ring < 0:
        return np.array(OVAL)
    return FACE_VERTICES + ring * len(OVAL) + np.arange(len(OVAL))


def _ring_triangles() -> Int32:
    faces = []
    for ring in range(len(RING_SCALES)):
        inner, outer = ring_vertices(ring - 1), ring_vertices(ring)
        for i in range(len(OVAL)):
            j = (i + 1) % len(OVAL)
            faces += [(inner[i], inner[j], outer[i]), (inner[j], outer[j], outer[i])]
    return np.array(faces, np.int32)


@dataclass(frozen=True)
class Topology:
    """The subdivided mesh.

    Attributes:
        triangles: (F, 3) over the fine vertices.
        subdivide: sparse (N, V): fine positions = subdivide @ coarse positions (Loop's scheme).
        mouth: fine vertices around the mouth opening, in order.
        right_eye: the same for the subject's right eye opening.
        left_eye: the same for the subject's left eye opening.
    """

    triangles: Int32
    subdivide: sparse.csr_matrix
    mouth: Int64
    right_eye: Int64
    left_eye: Int64


CORNERS = (78, 308, 33, 133, 263, 362)
"""Vertices where an opening ends in a point: subdivision keeps them where they are."""


@cache
def topology() -> Topology:
    """The mesh every portrait shares, subdivided `SUBDIVISIONS` times."""
    triangles = np.vstack([face_triangles(), _ring_triangles()])
    count = FACE_VERTICES + len(RING_SCALES) * len(OVAL)
    subdivide = sparse.identity(count, format="csr", dtype=np.float64)
    for _ in range(SUBDIVISIONS):
        step, triangles = loop_subdivision(triangles, subdivide.shape[0], CORNERS)
        subdivide = step @ subdivide
    loops = boundary_loops(triangles)
    pick = {name: next(loop for loop in loops if start in loop) for name, start in _OPENINGS.items()}
    return Topology(triangles=triangles, subdivide=subdivide.tocsr(), **pick)


_OPENINGS = {"mouth": 78, "right_eye": 33, "left_eye": 263}


def loop_subdivision(triangles: Int32, count: int, sharp: tuple[int, ...]) -> tuple[sparse.csr_matrix, Int32]:
    """One step of Loop subdivision (Loop 1987), boundaries as cubic B-splines, `sharp` vertices kept.

    Returns:
        the matrix (N', count) that makes fine from coarse positions, and the four times as many triangles.
        Coarse vertex i stays vertex i; one new vertex an edge follows.
    """
    opposite: dict[tuple[int, int], list[int]] = {}
    for a, b, c in triangles.tolist():
        for edge, other in (((a, b), c), ((b, c), a), ((a, c), b)):
            opposite.setdefault((min(edge), max(edge)), []).append(other)
    middle = {edge: count + i for i, edge in enumerate(opposite)}
    entries = [*_new_vertices(opposite, middle), *_old_vertices(opposite, count, set(sharp))]
    rows, columns, values = zip(*entries, strict=True)
    matrix = sparse.csr_matrix((values, (rows, columns)), shape=(count + len(opposite), count))
    return matrix, _split(triangles, middle)


Entry = tuple[int, int, float]


def _new_vertices(opposite: dict[tuple[int, int], list[int]], middle: dict[tuple[int, int], int]) -> Iterator[Entry]:
    """Rows of the vertices on edges."""
    for (a, b), others in opposite.items():
        inside = len(others) == 2
        for end in (a, b):
            yield middle[a, b], end, 3 / 8 if inside else 1 / 2
        if inside:
            for other in others:
                yield middle[a, b], other, 1 / 8


def _old_vertices(opposite: dict[tuple[int, int], list[int]], count: int, sharp: set[int]) -> Iterator[Entry]:
    """Rows of the vertices that were there before."""
    around: list[list[int]] = [[] for _ in range(count)]
    border: list[list[int]] = [[] for _ in range(count)]
    for (a, b), others in opposite.items():
        for one, other in ((a, b), (b, a)):
            around[one].append(other)
            if len(others) == 1:
                border[one].append(other)
    for v in range(count):
        if v in sharp:
            neighbours, share = [], 0.0
        elif border[v]:
            neighbours, share = border[v], 1 / 8
        else:
            neighbours = around[v]
            n = len(neighbours)
            share = (5 / 8 - (3 / 8 + math.cos(2 * math.pi / n) / 4) ** 2) / n
        yield v, v, 1 - share * len(neighbours)
        yield from ((v, other, share) for other in neighbours)


def _split(triangles: Int32, middle: dict[tuple[int, int], int]) -> Int32:
    faces = []
    for a, b, c in triangles.tolist():
        ab, bc, ca = (middle[min(e), max(e)] for e in ((a, b), (b, c), (c, a)))
        faces += [(a, ab, ca), (b, bc, ab), (c, ca, bc), (ab, bc, ca)]
    return np.array(faces, np.int32)


def boundary_loops(triangles: Int32) -> list[Int64]:
    """Every closed outline of a mesh, as vertex indices in order."""
    count = Counter(edge for t in triangles.tolist() for edge in _edges(tuple(t)))
    around: dict[int, list[int]] = {}
    for (a, b), n in count.items():
        if n == 1:
            around.setdefault(a, []).append(b)
            around.setdefault(b, []).append(a)
    loops, seen = [], set()
    for start in around:
        if start in seen:
            continue
        loop, here = [], start
        while here not in seen:
            seen.add(here)
            loop.append(here)
            here = next((v for v in around[here] if v not in seen), start)
        loops.append(np.array(loop))
    return loops
