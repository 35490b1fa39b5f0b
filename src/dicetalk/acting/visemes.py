"""Broad phones -> mouth shapes, with coarticulation by dominance functions (Cohen & Massaro 1993).

Every phone pulls the mouth towards its own posture, as strongly as it is likely; a posture's pull fades with the
distance in time, so that rounding spreads into its neighbours and a /k/ takes the shape of its vowel. What must happen
whatever the neighbours want (lips shut for p, b, m and in silence, lower lip to the teeth for f, v) is a gate on top.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
from numpy.lib.stride_tricks import sliding_window_view

from dicetalk.arrays import Float32, Float64
from dicetalk.easing import smoothstep
from dicetalk.motion.space import SHAPES, index
from dicetalk.rates import HOPS_PER_FRAME, HOPS_PER_SECOND
from dicetalk.speech.broad import DOUBT, PHONES, SHUT, likelihood

REACH = 0.055
"""Time [s] over which a phone's pull falls off."""

ROUND_REACH = 0.095
"""The same for rounding, which starts early and lingers."""

SHUT_RAMP = 0.06
"""Time [s] lips take to shut and to part."""

WIDENED = 0.01
"""Lips stay shut for so much longer either way [s], so that a frame of 40 ms shows it."""

AROUND = 30
"""Hops either way of a frame's middle that pull at it."""


@dataclass(frozen=True)
class Viseme:
    """A phone's mouth posture: weights of shapes, and how strongly it asks for them (0 to 1)."""

    pull: float
    weights: dict[str, float]


def _viseme(pull: float, **weights: float) -> Viseme:
    both = {}
    for name, weight in weights.items():
        for full in (name,) if name in SHAPES else (name + "Left", name + "Right"):
            both[full] = weight
    return Viseme(pull, both)


_BILABIAL = _viseme(0.5, mouthPress=0.22, jawOpen=0.06)
_ALVEOLAR = _viseme(0.42, jawOpen=0.13, mouthLowerDown=0.16, mouthStretch=0.06)

VISEMES: dict[str, Viseme] = {
    "SIL": _viseme(1.0),
    "P": _BILABIAL,
    "M": _BILABIAL,
    "F": _viseme(0.95, jawOpen=0.06, mouthRollLower=0.75, mouthUpperUp=0.26, mouthShrugLower=0.12),
    "TH": _viseme(0.6, jawOpen=0.16, mouthLowerDown=0.15, mouthUpperUp=0.06, tongueOut=0.35),
    "T": _ALVEOLAR,
    "N": _ALVEOLAR,
    "L": _viseme(0.5, jawOpen=0.22, mouthLowerDown=0.14),
    "S": _viseme(0.85, jawOpen=0.05, mouthStretch=0.22, mouthLowerDown=0.34, mouthUpperUp=0.2, mouthSmile=0.05),
    "SH": _viseme(0.9, jawOpen=0.07, mouthFunnel=0.5, mouthPucker=0.22, mouthLowerDown=0.12),
    "K": _viseme(0.25, jawOpen=0.2, mouthLowerDown=0.06),
    "H": _viseme(0.2, jawOpen=0.26),
    "R": _viseme(0.75, jawOpen=0.18, mouthPucker=0.27, mouthFunnel=0.27),
    "RR": _viseme(0.45, jawOpen=0.18, mouthLowerDown=0.15),
    "W": _viseme(0.95, jawOpen=0.07, mouthPucker=1.0, mouthFunnel=0.12),
    "I": _viseme(0.9, jawOpen=0.18, mouthStretch=0.36, mouthLowerDown=0.27, mouthUpperUp=0.18, mouthSmile=0.08),
    "A": _viseme(1.0, jawOpen=0.6, mouthStretch=0.04, mouthLowerDown=0.14, mouthUpperUp=0.1),
    "EH": _viseme(0.95, jawOpen=0.45, mouthStretch=0.23, mouthLowerDown=0.24, mouthUpperUp=0.17),
    "E": _viseme(0.95, jawOpen=0.32, mouthStretch=0.32, mouthLowerDown=0.26, mouthUpperUp=0.18, mouthSmile=0.08),
    "AO": _viseme(1.0, jawOpen=0.48, mouthFunnel=0.42, mouthPucker=0.15),
    "O": _viseme(1.0, jawOpen=0.34, mouthPucker=0.52, mouthFunnel=0.36),
    "U": _viseme(1.0, jawOpen=0.13, mouthPucker=0.85, mouthFunnel=0.23),
    "UE": _viseme(1.0, jawOpen=0.17, mouthPucker=0.72, mouthFunnel=0.28),
    "AX": _viseme(0.8, jawOpen=0.38, mouthLowerDown=0.12, mouthUpperUp=0.06),
}
"""Weights are those of stressed speech at full voice."""

_ROUNDING = [index("mouthPucker"), index("mouthFunnel")]


def _targets() -> Float64:
    """(24, 52) the mouth postures of `PHONES`."""
    targets = np.zeros((len(PHONES), len(SHAPES)))
    for row, phone in enumerate(PHONES):
        for name, weight in VISEMES[phone].weights.items():
            targets[row, index(name)] = weight
    return targets


_TARGETS = _targets()
_PULL = np.array([VISEMES[phone].pull for phone in PHONES])
_OUTSIDE = np.maximum(0, np.abs(np.arange(-AROUND, AROUND) + 0.5) - 0.5) / HOPS_PER_SECOND
"""How far [s] the middle of a frame lies outside each of the hops around it."""


def articulate(phones: Float32) -> Float64:
    """Mouth shapes (T, 52) in the middle of each frame for shares of phones (4 T, 24), before any gate."""
    around = _around(phones)
    near, wide = (
        (around * np.exp(-((_OUTSIDE / reach) ** 1.5))).max(2) * _PULL + 1e-9 for reach in (REACH, ROUND_REACH)
    )
    shapes = near @ _TARGETS / near.sum(1, keepdims=True)
    shapes[:, _ROUNDING] = wide @ _TARGETS[:, _ROUNDING] / wide.sum(1, keepdims=True)
    return np.asarray(shapes)


def gate(phones: Float32, chosen: Sequence[int]) -> Float64:
    """How much (T,) some phones rule the mouth: 1 throughout each of them that is sure, ramps on both sides.

    Args:
        phones: (4 T, 24) shares.
        chosen: which of them.
    """
    likely = likelihood(phones, chosen)[:, None]
    moved = smoothstep((likely - DOUBT) / (SHUT - DOUBT)).astype(np.float32)
    ramp = smoothstep(1 - np.maximum(0, _OUTSIDE - WIDENED) / SHUT_RAMP)
    return np.asarray((_around(moved)[:, 0] * ramp).max(1))


def _around(rows: Float32) -> Float32:
    """(T, C, 60) what lies around the middle of each frame of rows (4 T, C); beyond the ends it is as there."""
    ends = AROUND - HOPS_PER_FRAME // 2
    padded = np.pad(rows, ((ends, ends), (0, 0)), mode="edge")
    return sliding_window_view(padded, 2 * AROUND, axis=0)[::HOPS_PER_FRAME]
