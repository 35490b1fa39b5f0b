"""From 0 to 1 without a jolt: lids and lips that close, emotions that fade, teeth that end."""

from __future__ import annotations

from typing import Any

import numpy as np
from numpy.typing import NDArray


def smoothstep(x: NDArray[Any]) -> NDArray[Any]:
    """0 up to `x` = 0, 1 from `x` = 1 on, between them with no jump in speed at either end; any shape."""
    x = np.clip(x, 0, 1)
    return np.asarray(x * x * (3 - 2 * x))
