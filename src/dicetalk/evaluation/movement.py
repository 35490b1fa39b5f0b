"""How a face moves, whatever it says: speed, jitter, blinks, seams."""

from __future__ import annotations

import numpy as np

from dicetalk.arrays import Float64
from dicetalk.evaluation.figures import Figure, Sums, variation
from dicetalk.evaluation.footage import Footage
from dicetalk.motion.blinks import blink_starts
from dicetalk.rates import FPS

NEAR = 2
"""Frames beside a seam that are neither it nor elsewhere."""
USUAL = 95
"""Percentile of the speed elsewhere, above which a seam is seen."""

FIGURES = (
    Figure("speed", "speed of the face [inter-ocular distances / s]"),
    Figure("jitter", "jitter: change of speed over speed, 0 smooth, 1.7 noise"),
    Figure("blinks", "blinks a minute", "minutes", digits=1),
    Figure("blink_spread", "spread of the time between blinks, over its mean", "times", variation),
)
SEAMS = Figure("seams", "seams no faster than 95 % elsewhere", "seams")


def movement_figures(footage: Footage, seam_every: float | None) -> dict[str, Sums]:
    """What a clip says of `FIGURES`, and of `SEAMS` where they are to be looked for every so many seconds."""
    starts = blink_starts(footage.motion.shapes)
    times = np.diff(starts) / FPS
    found: dict[str, Sums] = {
        "speed": (float(footage.moved.mean()) * FPS, 1),
        "jitter": _jitter(footage),
        "blinks": (len(starts), footage.seconds / 60),
        "blink_spread": (float((times**2).sum()), float(times.sum()), len(times)),
    }
    return found if seam_every is None else found | {SEAMS.key: _seams(footage.moved, seam_every)}


def _jitter(footage: Footage) -> Sums:
    """Of noise in places the change of speed is the square root of three times as large as the speed."""
    speed, change = (float(np.sqrt((values**2).mean())) for values in (footage.moved, footage.shaken))
    return (change / speed, 1) if speed > 0 else (0.0, 0)


def _seams(moved: Float64, every: float) -> Sums:
    """How many seams of a clip are no faster than what lies elsewhere; `moved` (T - 1,) is from frame to frame."""
    at = np.round(np.arange(every, len(moved) / FPS, every) * FPS).astype(int) - 1
    elsewhere = np.ones(len(moved), np.bool_)
    for seam in at:
        elsewhere[max(seam - NEAR, 0) : seam + NEAR + 1] = False
    if not len(at) or not elsewhere.any():
        return 0.0, 0
    return float((moved[at] <= np.percentile(moved[elsewhere], USUAL)).sum()), len(at)
