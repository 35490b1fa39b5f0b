"""Short ways to say a motion in a test."""

from __future__ import annotations

from dicetalk.motion.space import POSE, SHAPES, Motion


def one_frame(**weights: float) -> Motion:
    """One frame; a shape's name without its side means both sides."""
    motion = Motion.still(1)
    for name, weight in weights.items():
        whole = name in SHAPES or name in POSE
        for column in (name,) if whole else (name + "Left", name + "Right"):
            motion.column(column)[:] = weight
    return motion
