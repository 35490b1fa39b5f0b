"""The one soft step: 0 and 1 outside, flat at both ends, never back."""

from __future__ import annotations

import numpy as np
import pytest
from scipy import ndimage

from dicetalk.easing import gaussian_filter1d, smoothstep


def test_from_zero_to_one_and_flat_at_both_ends() -> None:
    steps = smoothstep(np.linspace(-1, 2, 3001))
    assert (steps[:1001] == 0).all() and (steps[2000:] == 1).all() and steps[1500] == 0.5
    rise = np.diff(steps)
    assert (rise >= 0).all() and rise.max() < 0.0016  # 1.5 times the mean slope, in the middle
    assert rise[1000] < 1e-5 and rise[1999] < 1e-5


def test_the_dtype_stays() -> None:
    assert smoothstep(np.zeros(2, np.float32)).dtype == np.float32


@pytest.mark.parametrize("rows", [1, 2, 3, 20, 150])
@pytest.mark.parametrize("truncate", [2.0, 4.0])
def test_smoothed_in_time_as_scipy_does(rows: int, truncate: float) -> None:
    values = np.random.default_rng(rows).normal(size=rows)
    for sigma in (0.5, 1.0, 2.5, 12.5):
        expected = ndimage.gaussian_filter1d(values, sigma, truncate=truncate)
        np.testing.assert_allclose(gaussian_filter1d(values, sigma, truncate), expected, atol=1e-12)
