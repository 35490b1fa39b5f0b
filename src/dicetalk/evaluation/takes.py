"""Takes: clips of one person that say the same, made with several seeds. They should differ, their lips should not."""

from __future__ import annotations

import re
from collections.abc import Sequence

import numpy as np

from dicetalk.arrays import Float64
from dicetalk.evaluation.figures import Figure, Sums
from dicetalk.evaluation.footage import OPENING, Footage
from dicetalk.evaluation.lips import alike

SAME_SOUND = 0.98
"""Correlation of what is heard from which two clips say the same at the same time."""
SAME_LENGTH = 2
"""Frames by which they may then differ in length."""
_NUMBER = re.compile(r"[-_. ]*(?:seed|take)?[-_. ]*\d+$")

FIGURES = (
    Figure("takes_head", "takes: difference of the heads, 0 alike, 1.4 independent"),
    Figure("takes_lips", "takes: difference of the lips, likewise"),
)


def say_the_same(one: Footage, other: Footage) -> bool:
    """Whether two clips have the same sound."""
    if abs(one.frames - other.frames) > SAME_LENGTH:
        return False
    hops = min(len(one.mouth), len(other.mouth))
    heard = [clip.mouth[:hops, OPENING].astype(np.float64) for clip in (one, other)]
    return alike(heard[0], heard[1])[0] >= SAME_SOUND


def stem_of(name: str) -> str:
    """A clip's name without the number of its take: `ann_3`, `ann-seed3` and `ann` are takes of `ann`."""
    return _NUMBER.sub("", name) or name


def take_figures(clips: Sequence[Footage]) -> list[dict[str, Sums]]:
    """How far each clip differs from the other takes of it, on average; nothing for a clip without other takes."""
    alike: dict[str, list[Footage]] = {}
    for clip in clips:
        alike.setdefault(stem_of(clip.name), []).append(clip)
    return [_differences(clip, _others(clip, alike[stem_of(clip.name)])) for clip in clips]


def _others(clip: Footage, clips: Sequence[Footage]) -> list[Footage]:
    return [other for other in clips if other is not clip and say_the_same(clip, other)]


def _differences(clip: Footage, others: Sequence[Footage]) -> dict[str, Sums]:
    if not others:
        return {}
    heads = [_apart(clip.motion.pose.astype(np.float64), other.motion.pose.astype(np.float64)) for other in others]
    lips = [_apart(clip.gap[:, None], other.gap[:, None]) for other in others]
    return {"takes_head": (float(np.mean(heads)), 1), "takes_lips": (float(np.mean(lips)), 1)}


def _apart(one: Float64, other: Float64) -> float:
    """RMS difference of two stretches (T, C) over how far they move themselves, mean of the columns that move."""
    frames = min(len(one), len(other))
    one, other = (rows[:frames] - rows[:frames].mean(0) for rows in (one, other))
    spread = np.sqrt((one.var(0) + other.var(0)) / 2)
    moving = spread > 1e-6
    if not moving.any():
        return 0.0
    return float((np.sqrt(((one - other) ** 2).mean(0))[moving] / spread[moving]).mean())
