"""A mesh as a map of pixels: what it covers, which surface is seen, and what lies around it."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from dicetalk.arrays import Bool, Float32
from dicetalk.portrait.raster import grow, mixed, rasterise, shade

SIDE = 12
SQUARE = np.array([[2, 2, 0], [8, 2, 0], [8, 8, 0], [2, 8, 0]], np.float32)
TRIANGLES = np.array([[0, 1, 2], [0, 2, 3]], np.int32)


class Maps(NamedTuple):
    x: Float32
    y: Float32
    depth: Float32

    @property
    def covered(self) -> Bool:
        return np.isfinite(self.depth)


def identity() -> Maps:
    y, x = np.mgrid[0:SIDE, 0:SIDE].astype(np.float32)
    return Maps(x, y, np.full((SIDE, SIDE), np.inf, np.float32))


def draw(maps: Maps, target: Float32, source: Float32) -> None:
    rasterise(target, np.ascontiguousarray(source[:, :2]), TRIANGLES, maps.x, maps.y, maps.depth)


def test_a_mesh_that_stays_is_the_picture() -> None:
    maps = identity()
    draw(maps, SQUARE, SQUARE)
    inside = np.zeros((SIDE, SIDE), bool)
    inside[2:9, 2:9] = True
    np.testing.assert_array_equal(maps.covered, inside)  # borders and the seam between both triangles as well
    np.testing.assert_allclose(maps.x, identity().x, atol=1e-4)
    np.testing.assert_allclose(maps.y, identity().y, atol=1e-4)


def test_a_mesh_that_moves_says_where_it_came_from() -> None:
    maps = identity()
    draw(maps, SQUARE + np.array([3, 1, 0], np.float32), SQUARE)
    np.testing.assert_allclose(maps.x[3:10, 5:12], identity().x[3:10, 5:12] - 3, atol=1e-4)
    np.testing.assert_allclose(maps.y[3:10, 5:12], identity().y[3:10, 5:12] - 1, atol=1e-4)
    assert maps.x[0, 0] == 0 and not maps.covered[2, 2]


def test_the_nearest_surface_is_seen_in_either_order() -> None:
    near, far = SQUARE - np.array([0, 0, 1], np.float32), SQUARE
    for first, second in ((near, far), (far, near)):
        maps = identity()
        for mesh in (first, second):
            draw(maps, mesh, mesh + np.float32(100 if mesh is near else 0))
        np.testing.assert_allclose(maps.x[5, 5], 105, atol=1e-3)


def test_what_lies_outside_the_frame_or_has_no_area_is_left_out() -> None:
    maps = identity()
    draw(maps, SQUARE + np.float32(6), SQUARE)  # half outside
    assert maps.covered[8:, 8:].all()
    maps = identity()
    for mesh in (SQUARE - np.float32(50), SQUARE * np.array([1, 0, 1], np.float32)):
        draw(maps, mesh, SQUARE)
    assert not maps.covered.any()


def test_the_displacement_goes_on_around_it() -> None:
    maps = identity()
    draw(maps, SQUARE + np.float32(1), SQUARE)
    covered = maps.covered.copy()
    grow(maps.x, maps.y, covered, 2, 1)
    np.testing.assert_array_equal(np.argwhere(covered).min(0), [1, 1])
    assert covered.sum() == 11 * 11
    np.testing.assert_allclose(maps.x[1:, 1:], identity().x[1:, 1:] - 1, atol=1e-4)
    assert maps.x[0, 5] == 5


def test_a_displacement_is_told_in_steps_of_the_source() -> None:
    maps = identity()
    maps.x[:], maps.y[:] = 2 * maps.x, 2 * maps.y
    draw(maps, SQUARE, SQUARE * 2 + np.float32(3))
    grow(maps.x, maps.y, maps.covered.copy(), 1, 2)
    np.testing.assert_allclose(maps.x[1, 1:10], 2 * np.arange(1, 10) + 3, atol=1e-4)


def test_layers_are_mixed_by_their_shares() -> None:
    layers = np.random.default_rng(0).normal(size=(3, 4, 5)).astype(np.float32)
    shares = np.array([0.5, 0, -2], np.float32)
    np.testing.assert_allclose(mixed(shares, layers), np.tensordot(shares, layers, 1), atol=1e-5)


def test_shade_is_read_between_its_pixels_and_ends_at_its_border() -> None:
    frame = np.full((SIDE, SIDE, 3), 100, np.uint8)
    light = np.array([[0, 0.4], [0, 0.4], [0, 0.4]], np.float32)
    maps = identity()
    shade(frame, maps.x, maps.y, light, np.array([1, 0.5, -1], np.float32), 0.25, 2.0, 1.0)
    np.testing.assert_array_equal(frame[1, :7, 0], [100, 100, 100, 110, 120, 130, 100])
    np.testing.assert_array_equal(frame[4, 4], [120, 110, 80])
    assert (frame[[0, 9, 11]] == 100).all()
