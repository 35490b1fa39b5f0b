"""The face mesh as a graph: triangles, the rings that carry hair and neck, smooth subdivision.

Vertices 0..467 are MediaPipe's face mesh (`motion/landmarks.py` names them); copies of the face oval follow, each
further out.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np

from dicetalk.arrays import Float64, Int32, Int64
from dicetalk.motion.landmarks import FACE_VERTICES, OVAL
from dicetalk.networks import WEIGHTS
from dicetalk.portrait.subdivision import Subdivision, boundary_loops, loop_subdivision

RING_SCALES = (1.12, 1.32, 1.62, 2.05, 2.6)
"""How far each outer ring lies from the middle of the face, in units of the oval; the last one never moves."""

SUBDIVISIONS = 2


def face_triangles() -> Int32:
    """Triangles (852, 3) of the face mesh, open at the mouth and the eyes."""
    return np.asarray(np.load(WEIGHTS / "face" / "triangles.npy", allow_pickle=False), np.int32)


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
        steps: what makes fine from coarse positions, one after the other.
        mouth: fine vertices around the mouth opening, in order.
        right_eye: the same for the subject's right eye opening.
        left_eye: the same for the subject's left eye opening.
    """

    triangles: Int32
    steps: tuple[Subdivision, ...]
    mouth: Int64
    right_eye: Int64
    left_eye: Int64

    def fine(self, mesh: Float64) -> Float64:
        """Positions (N, 3) of the fine vertices, for those (V, 3) of the mesh; vertex i of the mesh stays vertex i."""
        for step in self.steps:
            mesh = step.apply(mesh)
        return mesh


CORNERS = (78, 308, 33, 133, 263, 362)
"""Vertices where an opening ends in a point: subdivision keeps them where they are."""


@cache
def topology() -> Topology:
    """The mesh every portrait shares, subdivided `SUBDIVISIONS` times."""
    triangles = np.vstack([face_triangles(), _ring_triangles()])
    count = FACE_VERTICES + len(RING_SCALES) * len(OVAL)
    steps = []
    for _ in range(SUBDIVISIONS):
        step, triangles = loop_subdivision(triangles, count, CORNERS)
        steps.append(step)
        count = step.fine
    loops = boundary_loops(triangles)
    pick = {name: next(loop for loop in loops if start in loop) for name, start in _OPENINGS.items()}
    return Topology(triangles=triangles, steps=tuple(steps), **pick)


_OPENINGS = {"mouth": 78, "right_eye": 33, "left_eye": 263}
