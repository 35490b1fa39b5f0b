"""Without a jolt: from 0 to 1, as lids and lips close, emotions fade and teeth end; and what is smoothed in time."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def smoothstep(x: NDArray[Any]) -> NDArray[Any]:
    """0 up to `x` = 0, 1 from `x` = 1 on, between them with no jump in speed at either end; any shape."""
    x = np.clip(x, 0, 1)
    return np.asarray(x * x * (3 - 2 * x))


def gaussian_filter1d(values: NDArray[Any], sigma: float, truncate: float = 4.0) -> NDArray[Any]:
    """A series (T,) smoothed by a Gaussian, mirrored at its ends: scipy's numbers without its .2 s of import.

    Args:
        values: (T,), at least one.
        sigma: standard deviation [rows].
        truncate: how many of those the window reaches to either side.
    """
    radius = int(truncate * sigma + 0.5)
    window = np.exp(-0.5 * (np.arange(-radius, radius + 1) / max(sigma, 1e-9)) ** 2)
    padded = np.pad(np.asarray(values, np.float64), radius, mode="symmetric")
    return np.convolve(padded, window / window.sum(), mode="valid")
