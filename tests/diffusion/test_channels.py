"""Noise belongs to frames."""

from __future__ import annotations

import numpy as np
import pytest

from dicetalk.diffusion.channels import noise


@pytest.mark.parametrize("first", [0, 1, 49, 50, 1234])
def test_noise_is_that_of_the_frames_whoever_asks(first: int) -> None:
    whole = noise(7, 0, 1500)
    np.testing.assert_array_equal(noise(7, first, 80), whole[first : first + 80])
    assert not np.array_equal(noise(8, first, 80), noise(7, first, 80))


def test_noise_is_standard() -> None:
    drawn = noise(0, 0, 5000)
    assert abs(drawn.mean()) < 0.01 and abs(drawn.std() - 1) < 0.01
