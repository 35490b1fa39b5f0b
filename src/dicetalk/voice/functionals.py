"""The 12 functionals of the Interspeech 2009 Emotion Challenge: what a contour is like as a whole."""

from __future__ import annotations

import numpy as np

from dicetalk.arrays import Float64, Waveform
from dicetalk.voice import descriptors
from dicetalk.voice.descriptors import describe

FUNCTIONALS = (
    "maximum", "minimum", "range", "place of maximum", "place of minimum", "mean", "slope", "offset",
    "squared error of the line", "deviation", "skewness", "kurtosis",
)  # fmt: skip
"""In the order of the published features; places in rows, the line through a contour starts at row 0."""
NAMES = tuple(
    f"{kind}{descriptor}: {functional}"
    for kind in ("", "slope of ")
    for descriptor in descriptors.NAMES
    for functional in FUNCTIONALS
)
"""Of all 384 features."""


def features(sound: Waveform | Float64) -> Float64:
    """The 384 features of a sound (N,) at 16 kHz, in units of 16 bits, in the order of `NAMES`."""
    return np.concatenate([functionals(rows) for rows in describe(sound)]).ravel()


def functionals(rows: Float64) -> Float64:
    """(C, 12) of the columns of rows (T, C), in the order of `FUNCTIONALS`."""
    most, least, mean = rows.max(axis=0), rows.min(axis=0), rows.mean(axis=0)
    slope, offset, error = _line(rows)
    off = rows - mean
    deviation = np.sqrt((off**2).mean(axis=0))
    unit = np.where(deviation > 0, deviation, 1)
    return np.column_stack(
        [
            most,
            least,
            most - least,
            rows.argmax(axis=0),
            rows.argmin(axis=0),
            mean,
            slope,
            offset,
            error,
            deviation,
            (off**3).mean(axis=0) / unit**3,
            (off**4).mean(axis=0) / unit**4,
        ]
    )


def _line(rows: Float64) -> tuple[Float64, Float64, Float64]:
    """Slope [a row], value at row 0 and mean squared error of the lines through the columns, (C,) each."""
    time = np.arange(len(rows), dtype=np.float64) - (len(rows) - 1) / 2
    mean = rows.mean(axis=0)
    slope = time @ rows / max(float(time @ time), 1)
    error = ((rows - mean - np.outer(time, slope)) ** 2).mean(axis=0)
    return slope, mean + slope * time[0], error
