"""A face seen from the side: nothing slides over its far outline, and no background is pulled into it."""

from __future__ import annotations

import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from dicetalk.motion.basis import face_shapes
from dicetalk.motion.landmarks import LIP_CORNERS
from dicetalk.motion.space import index
from dicetalk.portrait.turned import amount, hold_outline, shown

UNIT = 100.0


def axes(yaw: float) -> NDArray[np.float64]:
    return Rotation.from_euler("y", yaw, degrees=True).as_matrix()


def laid(yaw: float) -> NDArray[np.float64]:
    """The mean face (468, 3) [px], turned."""
    return np.asarray(face_shapes()["neutral"] @ axes(yaw).T * UNIT + (300.0, 300.0, 0.0))


@pytest.mark.parametrize("yaw", [0, 8, -8])
def test_a_face_from_the_front_moves_as_ever(yaw: float) -> None:
    shapes = face_shapes()["delta"] @ axes(yaw).T * UNIT
    held = shapes.copy()
    hold_outline(held, laid(yaw), axes(yaw), UNIT)
    assert np.array_equal(held, shapes)
    assert np.array_equal(shown(np.zeros((600, 600), np.float32), laid(yaw), axes(yaw), UNIT), np.ones(468))


@pytest.mark.parametrize("yaw", [40, -40])
def test_the_far_corner_of_a_mouth_stays_within_the_outline(yaw: float) -> None:
    points, shapes = laid(yaw), face_shapes()["delta"] @ axes(yaw).T * UNIT
    hold_outline(shapes, points, axes(yaw), UNIT)
    smile = shapes[index("mouthSmileLeft")] + shapes[index("mouthSmileRight")] + shapes[index("mouthStretchRight")]
    outwards = -np.sign(axes(yaw)[0, 2])
    far, near = sorted(LIP_CORNERS, key=lambda i: -points[i, 0] * outwards)
    level = np.abs(points[:, 1] - points[far, 1]) < 0.15 * UNIT
    room = (points[level, 0] * outwards).max() - points[far, 0] * outwards
    assert smile[far, 0] * outwards < 0.6 * room
    assert abs(smile[near, 0]) > 0.05 * UNIT


@pytest.mark.parametrize("yaw", [45, -45])
def test_what_lies_on_the_background_holds_still(yaw: float) -> None:
    points = laid(yaw)
    far = np.argsort(-points[:, 0] * -np.sign(axes(yaw)[0, 2]))[:40]
    mask = np.ones((600, 600), np.float32)
    edge = int(np.median(points[far, 0]))
    mask[:, edge:] = 0 if points[far[0], 0] > 300 else 1
    mask[:, :edge] = 0 if points[far[0], 0] <= 300 else 1
    share = shown(mask, points, axes(yaw), UNIT)
    assert share[far[:5]].max() < 0.2
    assert np.median(share) > 0.95


def test_turned_grows_with_the_angle() -> None:
    assert amount(axes(5)) == 0
    assert 0 < amount(axes(25)) < amount(axes(35)) <= amount(axes(60)) == 1
