"""Without a jolt: from 0 to 1, as lids and lips close, emotions fade and teeth end; and what is smoothed in time."""

from __future__ import annotations

from typing import Any

import cv2
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
    column = np.ascontiguousarray(values, np.float64)[:, None]
    size = 2 * int(truncate * sigma + 0.5) + 1
    return np.asarray(cv2.GaussianBlur(column, (1, size), sigma, borderType=cv2.BORDER_REFLECT)[:, 0])
