"""Identity: likeness to the same person's reference, or to the clip's own beginning."""

from __future__ import annotations

import numpy as np
import pytest

from dicetalk.evaluation.identity import identity_figure

ANN = np.array([[1, 0], [1, 0]], np.float32)
BOB = np.array([[0, 1], [0, 1]], np.float32)
TURNING = np.array([[1, 0], [1, 0], [0, 1]], np.float32)


def test_one_person_is_like_herself_and_not_like_another() -> None:
    assert identity_figure(ANN, ANN)["identity"] == pytest.approx((1, 1))
    assert identity_figure(ANN, BOB)["identity"] == pytest.approx((0, 1))


def test_without_a_reference_it_is_the_first_frame_that_counts() -> None:
    assert identity_figure(TURNING, None)["identity"] == pytest.approx((0.5, 1))
    assert identity_figure(ANN[:1], None) == {}


def test_without_a_network_nothing_is_said() -> None:
    assert identity_figure(None, ANN) == {}
