"""Ease: nothing at both ends, all of it between, the same wherever it is cut."""

from __future__ import annotations

import numpy as np
import pytest

from dicetalk.motion.ease import RESTING_S, Ease
from dicetalk.motion.space import MOUTH, Motion, concatenate


def moved(frames: int, fps: float) -> Motion:
    return Motion(np.ones((frames, 52), np.float32), np.ones((frames, 6), np.float32), fps)


@pytest.mark.parametrize("fps", [24, 25, 60])
@pytest.mark.parametrize("frames", [2, 3, 10, 100])
def test_both_ends_are_the_portrait(frames: int, fps: int) -> None:
    (eased,) = Ease(frames, fps).eased([moved(frames, fps)])
    for end in (0, -1):
        assert not eased.shapes[end].any() and not eased.pose[end].any()
    assert Ease(frames, fps).mouth(0, frames)[[0, -1]].tolist() == [0, 0]
    assert np.allclose(eased.pose, eased.pose[::-1], atol=1e-6)


def test_between_all_of_it_is_there() -> None:
    (eased,) = Ease(100, 25).eased([moved(100, 25)])
    ramp = int(RESTING_S * 25) + 1
    assert (eased.shapes[ramp:-ramp] == 1).all() and (eased.pose[ramp:-ramp] == 1).all()
    assert (eased.shapes[:, MOUTH][6] == 1).all() and (eased.shapes[:, ~MOUTH][6] < 1).all()  # lips are there first


def test_it_is_the_same_wherever_it_is_cut() -> None:
    motion = moved(40, 25)
    (whole,) = Ease(40, 25).eased([motion])
    parts = concatenate(list(Ease(40, 25).eased(motion[i : i + 7] for i in range(0, 40, 7))))
    np.testing.assert_array_equal(parts.shapes, whole.shapes)
    np.testing.assert_array_equal(parts.pose, whole.pose)
    np.testing.assert_array_equal(Ease(40, 25).mouth(30, 40), Ease(40, 25).mouth(0, 40)[30:])


def test_a_clip_of_one_frame_is_the_portrait() -> None:
    (eased,) = Ease(1, 25).eased([moved(1, 25)])
    assert not eased.shapes.any() and not eased.pose.any()
