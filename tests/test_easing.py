"""The one soft step: 0 and 1 outside, flat at both ends, never back."""

from __future__ import annotations

import numpy as np

from dicetalk.easing import smoothstep


def test_from_zero_to_one_and_flat_at_both_ends() -> None:
    steps = smoothstep(np.linspace(-1, 2, 3001))
    assert (steps[:1001] == 0).all() and (steps[2000:] == 1).all() and steps[1500] == 0.5
    rise = np.diff(steps)
    assert (rise >= 0).all() and rise.max() < 0.0016  # 1.5 times the mean slope, in the middle
    assert rise[1000] < 1e-5 and rise[1999] < 1e-5


def test_the_dtype_stays() -> None:
    assert smoothstep(np.zeros(2, np.float32)).dtype == np.float32
