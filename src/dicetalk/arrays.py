"""The array types, the dtype in the name; shapes stand in docstrings. And what two of them are everywhere."""

from __future__ import annotations

import numpy as np
from numpy.typing import NDArray

Float16 = NDArray[np.float16]
Float32 = NDArray[np.float32]
Float64 = NDArray[np.float64]
Int16 = NDArray[np.int16]
Int32 = NDArray[np.int32]
Int64 = NDArray[np.int64]
UInt8 = NDArray[np.uint8]
Bool = NDArray[np.bool_]

Picture = UInt8
"""(H, W, 3) RGB in sRGB."""

Waveform = Int16
"""(N,) mono at 16 kHz."""
