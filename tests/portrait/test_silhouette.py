"""Edges that a folded mesh cuts are softened, and nothing else."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

from dicetalk.motion.basis import face_shapes
from dicetalk.motion.landmarks import FACE_VERTICES, OVAL
from dicetalk.portrait.silhouette import shared_edges, soften
from dicetalk.portrait.topology import RING_SCALES, topology


def flat() -> NDArray[np.float32]:
    """The fine mesh of the mean face (N, 2) [px], its rings around it."""
    face = face_shapes()["neutral"][:FACE_VERTICES]
    rings = [face[list(OVAL)] * scale for scale in RING_SCALES]
    mesh = np.vstack([face, *rings]) * 60 + (200, 200, 0)
    return np.asarray(topology().fine(mesh)[:, :2], np.float32)


def halves() -> NDArray[np.uint8]:
    picture = np.zeros((400, 400, 3), np.uint8)
    picture[:, 200:] = 200
    return picture


def test_every_inner_edge_has_two_sides() -> None:
    edges, triangles = shared_edges(), topology().triangles
    for vertex in range(2):
        shared = (triangles[edges.sides] == edges.ends[:, None, vertex : vertex + 1]).any(-1)
        assert shared.all()


def test_a_mesh_that_has_not_moved_leaves_the_picture_alone() -> None:
    picture = halves()
    soften(picture, flat(), flat(), topology().triangles)
    np.testing.assert_array_equal(picture, halves())


def test_a_mesh_moved_as_one_has_no_folds() -> None:
    picture = halves()
    soften(picture, flat() + 5, flat(), topology().triangles)
    np.testing.assert_array_equal(picture, halves())


def test_where_the_mesh_folds_over_the_colours_mix() -> None:
    """Everything right of a line is turned over to its left: the line is where the mesh ends."""
    still, picture = flat(), halves()
    folded = still.copy()
    folded[:, 0] = np.where(still[:, 0] > 200, 400 - still[:, 0], still[:, 0])
    soften(picture, folded, still - 3, topology().triangles)
    mixed = (picture != halves()).any(-1)
    assert mixed[150:250, 199:201].any()
    assert not mixed[:, :190].any() and not mixed[:, 210:].any()
    assert 0 < picture[200, 199, 0] < picture[200, 200, 0] < 200
