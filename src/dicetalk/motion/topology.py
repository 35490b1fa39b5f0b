"""The face mesh as a graph: named outlines, triangles, the rings that carry hair and neck, smooth subdivision.

Vertices 0..467 are MediaPipe's face mesh; `RINGS` copies of the face oval follow, each further out. "Left" and "right"
are the subject's, as in the names of the ARKit shapes: the subject's left eye is at larger x in an unmirrored picture.
"""

from __future__ import annotations

import math
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from functools import cache

import numpy as np
import numpy.typing as npt
from scipy import sparse

from dicetalk.face.detector import WEIGHTS

FACE_VERTICES = 468
"""Vertices of the face mesh proper, without irises."""

OVAL = (
    *(10, 338, 297, 332, 284, 251, 389, 356, 454, 323, 361, 288, 397, 365, 379, 378, 400, 377),
    *(152, 148, 176, 149, 150, 136, 172, 58, 132, 93, 234, 127, 162, 21, 54, 103, 67, 109),
)
"""Outline of the face, from the middle of the forehead towards the subject's left."""

UPPER_LIP = (78, 191, 80, 81, 82, 13, 312, 311, 310, 415, 308)
LOWER_LIP = (78, 95, 88, 178, 87, 14, 317, 402, 318, 324, 308)
"""Inner lip outlines, corner to corner; equal places face each other."""

OUTER_LIPS = (61, 185, 40, 39, 37, 0, 267, 269, 270, 409, 291, 146, 91, 181, 84, 17, 314, 405, 321, 375)
LIP_CORNERS = (61, 291)
BROWS = (70, 63, 105, 66, 107, 336, 296, 334, 293, 300, 46, 53, 52, 65, 55, 285, 295, 282, 283, 276)
RIGHT_UPPER_LID = (33, 246, 161, 160, 159, 158, 157, 173, 133)
RIGHT_LOWER_LID = (33, 7, 163, 144, 145, 153, 154, 155, 133)
LEFT_UPPER_LID = (263, 466, 388, 387, 386, 385, 384, 398, 362)
LEFT_LOWER_LID = (263, 249, 390, 373, 374, 380, 381, 382, 362)
RIGHT_LID_FOLDS = ((247, 30, 29, 27, 28, 56, 190), (113, 225, 224, 223, 222, 221, 189))
LEFT_LID_FOLDS = ((467, 260, 259, 257, 258, 286, 414), (342, 445, 444, 443, 442, 441, 413))
"""Two rows of skin over each upper lid outline, paired with its inner seven points: the lid, then below the brow."""

RIGHT_IRIS = (468, 469, 470, 471, 472)
LEFT_IRIS = (473, 474, 475, 476, 477)
"""Irises of the refined mesh: centre, then four points on the rim."""

RIGID = (
    *(6, 168, 197, 195, 5, 4, 1, 2, 98, 327, 33, 133, 263, 362, 10, 109, 338, 67, 297, 103, 332, 54, 284),
    *(21, 251, 162, 389, 127, 356, 234, 454, 8, 9, 151, 122, 351, 174, 399, 94),
)
"""Landmarks that expressions hardly move: skull, nose bridge, eye corners."""

RING_SCALES = (1.12, 1.32, 1.62, 2.05, 2.6)
"""How far each outer ring lies from the middle of the face, in units of the oval; the last one never moves."""

SUBDIVISIONS = 2

Triangles = npt.NDArray[np.int32]


def face_triangles() -> Triangles:
    """Triangles (852, 3) of the face mesh, open at the mouth and the eyes."""
    return np.asarray(np.load(WEIGHTS / "triangles.npy"), np.int32)


def _edges(triangle: tuple[int, ...]) -> list[tuple[int, int]]:
    a, b, c = triangle
    return [(min(a, b), max(a, b)), (min(b, c), max(b, c)), (min(a, c), max(a, c))]


def ring_vertices(ring: int) -> npt.NDArray[np.int64]:
    """Indices (36,) of outer ring `ring` (0 is the innermost); -1 is the face oval itself."""
    if ring < 0:
        return np.array(OVAL)
    return FACE_VERTICES + ring * len(OVAL) + np.arange(len(OVAL))


def _ring_triangles() -> Triangles:
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

    triangles: Triangles
    subdivide: sparse.csr_matrix
    mouth: npt.NDArray[np.int64]
    right_eye: npt.NDArray[np.int64]
    left_eye: npt.NDArray[np.int64]

    @property
    def vertices(self) -> int:
        """Coarse vertices V: face and rings."""
        return int(self.subdivide.shape[1])


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


def loop_subdivision(triangles: Triangles, count: int, sharp: tuple[int, ...]) -> tuple[sparse.csr_matrix, Triangles]:
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


def _split(triangles: Triangles, middle: dict[tuple[int, int], int]) -> Triangles:
    faces = []
    for a, b, c in triangles.tolist():
        ab, bc, ca = (middle[min(e), max(e)] for e in ((a, b), (b, c), (c, a)))
        faces += [(a, ab, ca), (b, bc, ab), (c, ca, bc), (ab, bc, ca)]
    return np.array(faces, np.int32)


def boundary_loops(triangles: Triangles) -> list[npt.NDArray[np.int64]]:
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
