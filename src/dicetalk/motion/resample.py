"""Motion at another frame rate: drawn anew per frame, never blended from frames."""

from __future__ import annotations

from collections.abc import Iterable, Iterator

import numpy as np

from dicetalk.arrays import Float32, Float64
from dicetalk.motion.space import SHAPES, Motion, concatenate

CONTEXT = 2
"""Rows on either side of a moment from which its motion follows."""

SAME = 1e-6
"""Moments this close to a row [rows] are that row."""


def resampled(motions: Iterable[Motion], fps: int, frames: int) -> Iterator[Motion]:
    """Stretches of motion at another frame rate, as they come: the same wherever they are cut.

    Args:
        motions: stretches of one frame rate; a row is what is seen in the middle of its time.
        fps: frames a second to give.
        frames: how many to give in all; the last row is held where the motion ends before.
    """
    kept, first, given = Motion.still(0), 0, 0
    for motion in motions:
        kept = concatenate([kept, motion]) if len(kept) else motion
        ready = _frames_before(first + len(kept) - 1 - CONTEXT, motion.fps, fps, frames)
        if ready > given:
            yield _part(kept, first, fps, given, ready)
            given = ready
            done = max(int(_places(given, given + 1, motion.fps, fps)[0]) - CONTEXT - first, 0)
            kept, first = kept[done:], first + done
    if frames > given:
        yield _part(kept, first, fps, given, frames)


def _places(start: int, stop: int, source: float, fps: float) -> Float64:
    """Where the frames `start` to `stop` lie among rows of another rate [rows]."""
    places = (np.arange(start, stop) + 0.5) * (source / fps) - 0.5
    near = np.rint(places)
    return np.where(np.abs(places - near) < SAME, near, places)


def _frames_before(row: float, source: float, fps: float, frames: int) -> int:
    """How many of the frames lie at or before a row."""
    return min(max(int(np.floor((row + 0.5) * fps / source - 0.5)) + 1, 0), frames)


def _part(kept: Motion, first: int, fps: int, start: int, stop: int) -> Motion:
    """The frames `start` to `stop` out of rows that begin with row `first`."""
    places = _places(start, stop, kept.fps, fps) - first
    return between(kept, np.arange(len(kept), dtype=np.float64), places, fps)


def between(motion: Motion, times: Float64, moments: Float64, fps: float) -> Motion:
    """A motion (N frames) whose rows lie at rising `times` (N,), at `moments` (T,): smooth, without overshoot, exactly
    the row at the time of a row; the outermost rows are held beyond them."""
    from scipy.interpolate import PchipInterpolator  # 0.1 s, which only another rate has to spend

    rows = np.column_stack([motion.shapes, motion.pose]).astype(np.float64)
    inside = np.clip(moments, times[0], times[-1])
    one = len(rows) == 1
    found: Float32 = (rows.repeat(len(moments), 0) if one else PchipInterpolator(times, rows)(inside)).astype(
        np.float32
    )
    return Motion(found[:, : len(SHAPES)], found[:, len(SHAPES) :], fps)
