"""Loop's subdivision of a mesh (Loop 1987): smooth inside, cubic B-splines along its borders, corners kept."""

from __future__ import annotations

from dataclasses import dataclass

import numba
import numpy as np

from dicetalk.arrays import Bool, Float64, Int32, Int64
from dicetalk.portrait.raster import CACHE


@dataclass(frozen=True, eq=False)
class Subdivision:
    """One step: every fine vertex is a mean of some coarse ones.

    Attributes:
        starts: (N + 1,) where the entries of each fine vertex begin.
        coarse: (E,) the coarse vertex of each entry.
        shares: (E,) how much of it.
    """

    starts: Int64
    coarse: Int64
    shares: Float64

    @property
    def fine(self) -> int:
        """Number of fine vertices, N."""
        return len(self.starts) - 1

    def apply(self, mesh: Float64) -> Float64:
        """Positions (N, 3) of the fine vertices, for those (V, 3) of the coarse ones."""
        return np.asarray(_means(self.starts, self.coarse, self.shares, mesh))


@numba.njit(cache=CACHE, nogil=True)
def _means(starts: Int64, coarse: Int64, shares: Float64, mesh: Float64) -> Float64:
    fine = np.zeros((len(starts) - 1, 3))
    for v in range(len(fine)):
        for i in range(starts[v], starts[v + 1]):
            for k in range(3):
                fine[v, k] += shares[i] * mesh[coarse[i], k]
    return fine


@dataclass(frozen=True, eq=False)
class Edges:
    """The edges of a mesh.

    Attributes:
        ends: (E, 2) the two vertices of each, the lower one first.
        of: (F, 3) each triangle's edges: from its first vertex to its second, and so on around.
    """

    ends: Int64
    of: Int64

    @property
    def inside(self) -> Bool:
        """(E,) whether two triangles share it; else it lies on a border."""
        return np.asarray(np.bincount(self.of.ravel()) == 2)


def edges_of(triangles: Int32) -> Edges:
    """The edges of triangles (F, 3)."""
    ends = np.sort(np.stack([triangles, np.roll(triangles, -1, axis=1)], -1), axis=-1).astype(np.int64)
    count = int(triangles.max()) + 1
    keys, of = np.unique(ends[..., 0] * count + ends[..., 1], return_inverse=True)
    return Edges(np.stack(np.divmod(keys, count), -1), of.reshape(-1, 3))


def loop_subdivision(triangles: Int32, count: int, sharp: tuple[int, ...]) -> tuple[Subdivision, Int32]:
    """One step of subdivision of triangles (F, 3) over `count` vertices; `sharp` vertices are kept.

    Returns:
        the step, and the four times as many triangles. Coarse vertex i stays vertex i; one new vertex an edge follows.
    """
    edges = edges_of(triangles)
    old, new = _old_vertices(edges, count, sharp), _new_vertices(triangles, edges, count)
    rows, coarse, shares = (np.concatenate(parts) for parts in zip(*old, *new, strict=True))
    order = np.argsort(rows, kind="stable")
    starts = np.concatenate([[0], np.cumsum(np.bincount(rows))])
    return Subdivision(starts, coarse[order], shares[order]), _split(triangles, edges, count)


Entries = tuple[Int64, Int64, Float64]
"""Fine vertices, coarse vertices, shares."""


def _new_vertices(triangles: Int32, edges: Edges, count: int) -> list[Entries]:
    """The vertices in the middle of edges: mostly of their ends, somewhat of what lies across."""
    inside = edges.inside
    middle = count + np.arange(len(inside))
    near = np.where(inside, 3 / 8, 1 / 2)
    across = inside[edges.of]
    corners = np.roll(triangles, 1, axis=1)[across].astype(np.int64)
    return [
        (middle, edges.ends[:, 0], near),
        (middle, edges.ends[:, 1], near),
        (count + edges.of[across], corners, np.full(len(corners), 1 / 8)),
    ]


def _old_vertices(edges: Edges, count: int, sharp: tuple[int, ...]) -> list[Entries]:
    """The vertices that were there before, drawn to their neighbours; those on a border only along it."""
    inside = np.tile(edges.inside, 2)
    here, there = np.concatenate([edges.ends, edges.ends[:, ::-1]]).T
    border = np.bincount(here[~inside], minlength=count) > 0
    drawn = ~(border[here] & inside) & ~np.isin(here, sharp)
    here, there = here[drawn], there[drawn]
    n = np.bincount(here, minlength=count)
    around = np.maximum(n, 1)
    share = np.where(border, 1 / 8, (5 / 8 - (3 / 8 + np.cos(2 * np.pi / around) / 4) ** 2) / around)
    vertices = np.arange(count)
    return [(vertices, vertices, 1 - share * n), (here, there, share[here])]


def _split(triangles: Int32, edges: Edges, count: int) -> Int32:
    """Each triangle as its three corners and its middle."""
    (a, b, c), (ab, bc, ca) = triangles.T, count + edges.of.T
    parts = np.stack([(a, ab, ca), (b, bc, ab), (c, ca, bc), (ab, bc, ca)])
    return np.ascontiguousarray(parts.transpose(2, 0, 1).reshape(-1, 3), np.int32)


def boundary_loops(triangles: Int32) -> list[Int64]:
    """Every closed outline of a mesh, as vertex indices in order."""
    edges = edges_of(triangles)
    around: dict[int, list[int]] = {}
    for a, b in edges.ends[~edges.inside].tolist():
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
