"""Draw a deformed mesh as a pixel map: where in the source picture each pixel of the frame comes from."""

from __future__ import annotations

import os
from pathlib import Path

import numba
import numpy as np

from dicetalk.arrays import Bool, Float32, Int32

CACHE = any(os.access(folder, os.W_OK) for folder in (Path(__file__).parent, Path.home()))
"""Compiled code is kept for the next start where there is a place to keep it."""


@numba.njit(cache=CACHE, fastmath=True, nogil=True)
def rasterise(
    target: Float32, source: Float32, triangles: Int32, map_x: Float32, map_y: Float32, depth: Float32
) -> None:
    """Fill the pixel maps with the nearest surface of a mesh.

    Args:
        target: (N, 3) deformed vertices in the frame [px], z away from the camera.
        source: (N, 2) the same vertices in the source picture [px].
        triangles: (F, 3) vertex indices.
        map_x: (H, W) receives the source column of each covered pixel; others keep their value.
        map_y: (H, W) likewise the source row.
        depth: (H, W) z-buffer; set it to infinity before.
    """
    height, width = map_x.shape
    for f in range(triangles.shape[0]):
        a, b, c = triangles[f, 0], triangles[f, 1], triangles[f, 2]
        ax, ay = target[a, 0], target[a, 1]
        bx, by = target[b, 0], target[b, 1]
        cx, cy = target[c, 0], target[c, 1]
        area = (by - cy) * (ax - cx) + (cx - bx) * (ay - cy)
        if abs(area) < 1e-7:
            continue
        top = max(0, int(np.ceil(min(ay, by, cy))))
        bottom = min(height - 1, int(np.floor(max(ay, by, cy))))
        left = max(0, int(np.ceil(min(ax, bx, cx))))
        right = min(width - 1, int(np.floor(max(ax, bx, cx))))
        if top > bottom or left > right:
            continue
        inverse = 1.0 / area
        u_x, u_y = (by - cy) * inverse, (cx - bx) * inverse
        v_x, v_y = (cy - ay) * inverse, (ax - cx) * inverse
        for y in range(top, bottom + 1):
            u_row = u_y * (y - cy) - u_x * cx
            v_row = v_y * (y - cy) - v_x * cx
            for x in range(left, right + 1):
                u = u_row + u_x * x
                v = v_row + v_x * x
                w = 1.0 - u - v
                if u < -1e-4 or v < -1e-4 or w < -1e-4:
                    continue
                z = u * target[a, 2] + v * target[b, 2] + w * target[c, 2]
                if z < depth[y, x]:
                    depth[y, x] = z
                    map_x[y, x] = u * source[a, 0] + v * source[b, 0] + w * source[c, 0]
                    map_y[y, x] = u * source[a, 1] + v * source[b, 1] + w * source[c, 1]


@numba.njit(cache=CACHE, nogil=True)
def grow(map_x: Float32, map_y: Float32, covered: Bool, times: int) -> None:
    """Continue the displacement `times` pixels into what is not covered, so that soft edges have skin on both sides.

    The displacement, not the place: without any motion the maps stay the identity.

    Args:
        map_x: (H, W) source columns; changed in place.
        map_y: (H, W) source rows; changed in place.
        covered: (H, W) which pixels hold a value; changed in place.
        times: [px] how far to grow.
    """
    height, width = map_x.shape
    for _ in range(times):
        before = covered.copy()
        for y in range(height):
            for x in range(width):
                if before[y, x]:
                    continue
                count, sum_x, sum_y = 0, 0.0, 0.0
                for dy in range(-1, 2):
                    for dx in range(-1, 2):
                        yy, xx = y + dy, x + dx
                        if 0 <= yy < height and 0 <= xx < width and before[yy, xx]:
                            count += 1
                            sum_x += map_x[yy, xx] - dx
                            sum_y += map_y[yy, xx] - dy
                if count:
                    map_x[y, x] = sum_x / count
                    map_y[y, x] = sum_y / count
                    covered[y, x] = True


def warm_up() -> None:
    """Compile both loops, or load them compiled, by drawing one triangle."""
    corners = np.array([[0, 0, 0], [4, 0, 0], [0, 4, 0]], np.float32)
    map_x, map_y, depth = (np.zeros((4, 4), np.float32) for _ in range(3))
    rasterise(corners, np.ascontiguousarray(corners[:, :2]), np.array([[0, 1, 2]], np.int32), map_x, map_y, depth)
    # A part of a larger map, as an opening's box is: another memory layout is another compiled loop.
    grow(map_x[1:3, 1:3], map_y[1:3, 1:3], np.zeros((2, 2), np.bool_), 1)
