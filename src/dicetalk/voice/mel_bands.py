"""Mel bands whose triangles are straight on the mel scale, as the published features have them."""

from __future__ import annotations

from functools import cache

import numpy as np

from dicetalk.arrays import Float64
from dicetalk.rates import SPEECH_RATE


@cache
def mel_bands(transform: int, count: int, low: float, high: float) -> Float64:
    """(transform / 2 + 1, count) how much each tone of a spectrum counts in each band.

    Args:
        transform: samples of the spectrum's transform.
        count: of the bands, evenly spaced on the mel scale (1127 ln(1 + f / 700)).
        low, high: where the first begins and the last ends [Hz].
    """
    edges: Float64 = np.linspace(1127 * np.log1p(low / 700), 1127 * np.log1p(high / 700), count + 2)
    tones = 1127 * np.log1p(np.fft.rfftfreq(transform, 1 / SPEECH_RATE) / 700)[:, None]
    rising = (tones - edges[:-2]) / np.diff(edges)[:-1]
    falling = (edges[2:] - tones) / np.diff(edges)[1:]
    bands: Float64 = np.maximum(np.minimum(rising, falling), 0)
    return bands
