"""Loop's subdivision: flat stays flat, corners stay, borders are splines of their own, the openings stay open."""

from __future__ import annotations

import numpy as np

from dicetalk.portrait.subdivision import boundary_loops, edges_of, loop_subdivision
from dicetalk.portrait.topology import CORNERS, face_triangles, topology

SQUARE = np.array([[0, 1, 2], [0, 2, 3]], np.int32)
PLACES = np.array([[0, 0, 0], [1, 0, 0], [1, 1, 0], [0, 1, 0]], np.float64)


def test_a_square_by_hand() -> None:
    step, triangles = loop_subdivision(SQUARE, 4, sharp=(1,))
    fine = step.apply(PLACES)
    assert (step.fine, triangles.shape) == (9, (8, 3))
    np.testing.assert_allclose(fine[0], [1 / 8, 1 / 8, 0])  # 3/4 of itself, 1/8 of either neighbour on the border
    np.testing.assert_allclose(fine[1], [1, 0, 0])  # sharp
    middles = {tuple(place) for place in fine[4:].tolist()}
    assert middles == {(0.5, 0, 0), (0, 0.5, 0), (0.5, 0.5, 0), (1, 0.5, 0), (0.5, 1, 0)}


def test_a_vertex_inside_is_drawn_to_all_its_neighbours() -> None:
    fan = np.array([[0, i, i % 6 + 1] for i in range(1, 7)], np.int32)
    angles = np.arange(6) * np.pi / 3
    places = np.vstack([[0, 0, 1], np.stack([np.cos(angles), np.sin(angles), np.zeros(6)], 1)])
    step, _ = loop_subdivision(fan, 7, sharp=())
    np.testing.assert_allclose(step.apply(places)[0], [0, 0, 5 / 8], atol=1e-12)  # Loop's weight for six neighbours


def test_the_face_keeps_flat_things_flat_and_corners_where_they_are() -> None:
    mesh = np.random.default_rng(0).normal(size=(topology().steps[0].coarse.max() + 1, 3))
    for step in topology().steps:
        np.testing.assert_allclose(np.add.reduceat(step.shares, step.starts[:-1]), 1)
    np.testing.assert_allclose(topology().fine(mesh)[list(CORNERS)], mesh[list(CORNERS)])


def test_triangles_turn_the_same_way_and_cover_the_same_area() -> None:
    step, triangles = loop_subdivision(SQUARE, 4, sharp=(0, 1, 2, 3))
    a, b, c = step.apply(PLACES)[triangles].transpose(1, 0, 2)
    areas = np.linalg.det(np.stack([b - a, c - a], -2)[..., :2]) / 2
    np.testing.assert_allclose(areas, 1 / 8)


def test_the_face_is_open_at_mouth_and_eyes() -> None:
    loops = boundary_loops(face_triangles())
    assert sorted(len(loop) for loop in loops) == sorted([36, 20, 16, 16])
    border = {tuple(end) for end in edges_of(face_triangles()).ends[~edges_of(face_triangles()).inside].tolist()}
    for loop in loops:
        assert all(tuple(sorted(pair)) in border for pair in zip(loop, np.roll(loop, -1), strict=True))
