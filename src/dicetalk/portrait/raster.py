"""Loops over pixels: a deformed mesh as a map of where in the source each pixel comes from, and shade laid over it."""

from __future__ import annotations

import os
from pathlib import Path

import numba
import numpy as np

from dicetalk.arrays import Bool, Float32, Int32, Picture

CACHE = any(os.access(folder, os.W_OK) for folder in (Path(__file__).parent, Path.home()))
"""Compiled code is kept for the next start where there is a place to keep it."""


SLACK = 1e-4
"""How far beyond its edges a triangle is drawn, as a share of it: no pixel falls between two."""


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
        left = max(0.0, np.ceil(min(ax, bx, cx)))
        right = min(width - 1.0, np.floor(max(ax, bx, cx)))
        if top > bottom or left > right:
            continue
        # Shares of the corners a, b, c at a pixel: u, v, w, linear in x and y, and so is all that they weigh.
        inverse = 1.0 / area
        u_x, u_y = (by - cy) * inverse, (cx - bx) * inverse
        v_x, v_y = (cy - ay) * inverse, (ax - cx) * inverse
        z_u, z_v, z_w = _from_last(target, a, b, c, 2)
        x_u, x_v, x_w = _from_last(source, a, b, c, 0)
        y_u, y_v, y_w = _from_last(source, a, b, c, 1)
        z_x, x_x, y_x = (u_x * z_u + v_x * z_v), (u_x * x_u + v_x * x_v), (u_x * y_u + v_x * y_v)
        for y in range(top, bottom + 1):
            u = u_y * (y - cy) - u_x * cx
            v = v_y * (y - cy) - v_x * cx
            low, high = _span(left, right, u, u_x)
            low, high = _span(low, high, v, v_x)
            low, high = _span(low, high, 1.0 - u - v, -u_x - v_x)
            if low > high:
                continue
            z, at_x, at_y = u * z_u + v * z_v + z_w, u * x_u + v * x_v + x_w, u * y_u + v * y_v + y_w
            row = np.uint64(y)  # unsigned: no index is looked at from behind
            for x in range(np.uint64(np.ceil(low)), np.uint64(np.floor(high) + 1.0)):
                if z + z_x * x < depth[row, x]:
                    depth[row, x] = z + z_x * x
                    map_x[row, x] = at_x + x_x * x
                    map_y[row, x] = at_y + y_x * x


@numba.njit(cache=CACHE, fastmath=True, nogil=True)
def _from_last(values: Float32, a: int, b: int, c: int, k: int) -> tuple[float, float, float]:
    """Column `k` of three vertices: how far the first two lie from the last, and the last."""
    return values[a, k] - values[c, k], values[b, k] - values[c, k], values[c, k]


@numba.njit(cache=CACHE, fastmath=True, nogil=True)
def _span(low: float, high: float, share: float, slope: float) -> tuple[float, float]:
    """The part of a row, from `low` to `high`, in which a corner's share `share + slope * x` is not negative."""
    if slope > 0:
        return max(low, (-SLACK - share) / slope), high
    if slope < 0:
        return low, min(high, (-SLACK - share) / slope)
    return (low, high) if share >= -SLACK else (1.0, 0.0)


@numba.njit(cache=CACHE, nogil=True)
def grow(map_x: Float32, map_y: Float32, covered: Bool, times: int, step: int) -> None:
    """Continue the displacement `times` pixels into what is not covered, so that soft edges have skin on both sides.

    The displacement, not the place: without any motion the maps stay the identity.

    Args:
        map_x: (H, W) source columns; changed in place.
        map_y: (H, W) source rows; changed in place.
        covered: (H, W) which pixels hold a value; changed in place.
        times: [px] how far to grow.
        step: how far apart two neighbours are in the source that do not move.
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
                            sum_x += map_x[yy, xx] - dx * step
                            sum_y += map_y[yy, xx] - dy * step
                if count:
                    map_x[y, x] = sum_x / count
                    map_y[y, x] = sum_y / count
                    covered[y, x] = True


@numba.njit(cache=CACHE, fastmath=True, nogil=True)
def mixed(shares: Float32, layers: Float32) -> Float32:
    """The sum of layers (K, h, w), each by its share (K,). BLAS would keep a second core waiting for the next frame."""
    count, height, width = layers.shape
    total = np.zeros((height, width), np.float32)
    for k in range(count):
        if shares[k] != 0:
            for y in range(height):
                for x in range(width):
                    total[y, x] += shares[k] * layers[k, y, x]
    return total


@numba.njit(cache=CACHE, fastmath=True, nogil=True)
def shade(
    frame: Picture, map_x: Float32, map_y: Float32, light: Float32, tint: Float32, scale: float, left: float, top: float
) -> None:
    """Lay light and dark over a frame.

    Args:
        frame: (H, W, 3); changed in place.
        map_x: (H, W) source column of each pixel.
        map_y: (H, W) source row of each pixel.
        light: (h, w) what is added to a light of 1, read between its pixels; 0 beyond its border.
        tint: (3,) how much of it each channel takes.
        scale: pixels of `light` for one of the source.
        left: column of the source where its first pixel lies.
        top: row of the same.
    """
    height, width = light.shape
    for y in range(frame.shape[0]):
        for x in range(frame.shape[1]):
            at_x, at_y = (map_x[y, x] - left) * scale, (map_y[y, x] - top) * scale
            if at_x < 0 or at_y < 0 or at_x >= width - 1 or at_y >= height - 1:
                continue
            column, row = int(at_x), int(at_y)
            right, down = at_x - column, at_y - row
            upper = light[row, column] * (1 - right) + light[row, column + 1] * right
            lower = light[row + 1, column] * (1 - right) + light[row + 1, column + 1] * right
            added = upper * (1 - down) + lower * down
            for k in range(3):
                frame[y, x, k] = min(max(frame[y, x, k] * (1 + tint[k] * added) + 0.5, 0.0), 255.0)


def warm_up() -> None:
    """Compile all loops, or load them compiled, by drawing one triangle."""
    corners = np.array([[0, 0, 0], [4, 0, 0], [0, 4, 0]], np.float32)
    map_x, map_y, depth = (np.zeros((4, 4), np.float32) for _ in range(3))
    rasterise(corners, np.ascontiguousarray(corners[:, :2]), np.array([[0, 1, 2]], np.int32), map_x, map_y, depth)
    # Parts of larger arrays, as an opening's box is: another memory layout is another compiled loop.
    part = (slice(1, 3), slice(1, 3))
    grow(map_x[part], map_y[part], np.zeros((2, 2), np.bool_), 1, 1)
    light = mixed(np.zeros(1, np.float32), np.zeros((1, 2, 2), np.float32))
    shade(np.zeros((4, 4, 3), np.uint8)[part], map_x[part], map_y[part], light, np.ones(3, np.float32), 1.0, 0.0, 0.0)
