"""How a face moves: jitter is told from movement, a blink from shut eyes, a jump at a seam from the rest."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest
from footages import footage

from dicetalk.evaluation.figures import share
from dicetalk.evaluation.footage import Footage
from dicetalk.evaluation.movement import FIGURES, SEAMS, movement_figures
from dicetalk.motion.blinks import blink_starts
from dicetalk.motion.space import Motion, index


def blinking(*blinks: tuple[int, int]) -> Footage:
    clip = footage()
    shapes = clip.motion.shapes.copy()
    for start, stop in blinks:
        shapes[start:stop, [index("eyeBlinkLeft"), index("eyeBlinkRight")]] = 0.9
    return replace(clip, motion=Motion(shapes, clip.motion.pose))


def test_noise_shakes_and_a_nod_does_not() -> None:
    smooth, noisy = movement_figures(footage(), None), movement_figures(footage(noise=0.1), None)
    assert list(smooth) == [figure.key for figure in FIGURES]
    assert smooth["jitter"][0] < 0.4 < 1.4 < noisy["jitter"][0] < 2
    assert smooth["speed"][0] == pytest.approx(0.1 * 4, rel=0.1)  # 4 A f of a sine


def test_a_face_that_does_not_move_has_no_jitter() -> None:
    assert movement_figures(footage().still(), None)["jitter"][-1] == 0


def test_blinks_are_counted_and_shut_eyes_are_not() -> None:
    clip = blinking((3, 6), (20, 24), (35, 60))
    assert blink_starts(clip.motion.shapes) == [3, 20]
    assert movement_figures(clip, None)["blinks"] == pytest.approx((2, clip.seconds / 60))


def test_times_between_blinks() -> None:
    assert movement_figures(blinking((5, 8), (30, 33)), None)["blink_spread"] == (1.0, 1.0, 1)
    assert movement_figures(blinking((5, 8)), None)["blink_spread"] == (0, 0, 0)


def test_a_jump_at_a_seam_is_seen_and_one_elsewhere_is_none() -> None:
    clip = footage()
    clip.moved[:] = np.linspace(0.1, 0.2, len(clip.moved))
    assert movement_figures(clip, 1.0)[SEAMS.key] == (2, 2)
    jumping = replace(clip, moved=clip.moved.copy())
    jumping.moved[24] += 1
    assert movement_figures(jumping, 1.0)[SEAMS.key] == (1, 2)
    assert movement_figures(jumping, 1.2)[SEAMS.key] == (2, 2)
    assert movement_figures(clip, 100.0)[SEAMS.key][-1] == 0


def test_seams_of_continuous_motion_are_as_fast_as_elsewhere_in_95_of_100() -> None:
    moved = np.random.default_rng(0).random(25 * 4000)
    found = movement_figures(replace(footage(), moved=moved), 2.0)[SEAMS.key]
    assert float(share(np.array(found))) == pytest.approx(0.95, abs=0.02)
