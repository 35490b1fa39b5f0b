"""The motion space: Apple's shapes in Apple's order, mirrors, turns of head and eyes."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from places import SHARED

from dicetalk.motion.space import (
    EYE_PITCH,
    EYE_YAW,
    MIRROR,
    POSE,
    SHAPES,
    Motion,
    concatenate,
    gaze,
    index,
    rotations,
)

ARKIT = SHARED / "models/arkit52_on_facemesh468.npz"


def random_motion(frames: int, seed: int = 0) -> Motion:
    random = np.random.default_rng(seed)
    return Motion(random.random((frames, 52)).astype(np.float32), random.normal(size=(frames, 6)).astype(np.float32))


def test_shapes_are_apples_in_apples_order() -> None:
    assert len(set(SHAPES)) == 52
    if not ARKIT.exists():
        pytest.skip("shared models are not on this machine")
    assert list(SHAPES) == list(np.load(ARKIT)["names"])


def test_mirror_swaps_sides_and_undoes_itself() -> None:
    assert sorted(MIRROR) == list(range(52))
    assert all(MIRROR[MIRROR[i]] == i for i in range(52))
    assert SHAPES[MIRROR[index("eyeBlinkLeft")]] == "eyeBlinkRight"
    assert SHAPES[MIRROR[index("jawLeft")]] == "jawRight"
    assert SHAPES[MIRROR[index("mouthUpperUpRight")]] == "mouthUpperUpLeft"
    assert sum(MIRROR[i] == i for i in range(52)) == 12


@given(st.integers(0, 20), st.integers(0, 9))
def test_mirrored_twice_is_the_original(frames: int, seed: int) -> None:
    motion = random_motion(frames, seed)
    twice = motion.mirrored().mirrored()
    np.testing.assert_array_equal(twice.shapes, motion.shapes)
    np.testing.assert_array_equal(twice.pose, motion.pose)


def test_mirrored_head_turn_is_the_reflected_rotation() -> None:
    motion = random_motion(5)
    flip = np.diag([-1, 1, 1])
    np.testing.assert_allclose(rotations(motion.mirrored().pose), flip @ rotations(motion.pose) @ flip, atol=1e-6)


def test_mirrored_gaze_is_the_reflected_gaze() -> None:
    motion = random_motion(4)
    expected = gaze(motion.shapes)[:, ::-1] * [-1, 1]
    np.testing.assert_allclose(gaze(motion.mirrored().shapes), expected, atol=1e-6)


def test_slices_and_concatenation() -> None:
    motion = random_motion(10)
    assert len(motion) == 10
    assert len(motion[2:5]) == 3
    joined = concatenate([motion[:4], motion[4:4], motion[4:]])
    np.testing.assert_array_equal(joined.shapes, motion.shapes)
    np.testing.assert_array_equal(joined.pose, motion.pose)
    assert joined.fps == 25


def test_columns_by_name_are_views() -> None:
    motion = Motion.still(3)
    motion.column("jawOpen")[:] = 0.5
    motion.column("pitch")[:] = 0.1
    assert motion.shapes[:, index("jawOpen")].tolist() == [0.5] * 3
    assert motion.shapes.sum() == 1.5
    np.testing.assert_allclose(motion.pose[0], [0, 0.1, 0, 0, 0, 0], atol=1e-7)


def test_clipped() -> None:
    clipped = Motion(np.linspace(-1, 2, 52, dtype=np.float32)[None], np.full((1, 6), 9, np.float32)).clipped()
    assert clipped.shapes.min() == 0
    assert clipped.shapes.max() == 1
    assert clipped.pose.max() == 9


def test_wrong_sizes_are_our_own_mistake() -> None:
    with pytest.raises(AssertionError):
        Motion(np.zeros((3, 51), np.float32), np.zeros((3, 6), np.float32))
    with pytest.raises(AssertionError):
        Motion(np.zeros((3, 52), np.float32), np.zeros((2, 6), np.float32))
    with pytest.raises(KeyError):
        index("jawopen")


@pytest.mark.parametrize(
    ("part", "point", "axis"),
    [
        ("yaw", [0, 0, -1], [1, 0, 0]),  # the nose goes to the right of the image
        ("pitch", [0, 0, -1], [0, 1, 0]),  # the nose goes down
        ("roll", [0, -1, 0], [-1, 0, 0]),  # the crown goes to the left of the image
    ],
)
def test_signs_of_head_turns(part: str, point: list[int], axis: list[int]) -> None:
    pose = np.zeros((1, 6), np.float32)
    pose[0, POSE.index(part)] = np.pi / 2
    np.testing.assert_allclose(rotations(pose)[0] @ point, axis, atol=1e-6)


def test_rotations_are_rotations() -> None:
    turns = rotations(random_motion(20).pose)
    np.testing.assert_allclose(turns @ turns.transpose(0, 2, 1), np.tile(np.eye(3), (20, 1, 1)), atol=1e-5)
    np.testing.assert_allclose(np.linalg.det(turns), 1, atol=1e-5)


def test_gaze_of_both_eyes_to_the_subjects_left_and_down() -> None:
    motion = Motion.still(1)
    for name in ("eyeLookOutLeft", "eyeLookInRight", "eyeLookDownLeft", "eyeLookDownRight"):
        motion.column(name)[:] = 1
    np.testing.assert_allclose(gaze(motion.shapes)[0], [[EYE_YAW, EYE_PITCH]] * 2, atol=1e-6)
