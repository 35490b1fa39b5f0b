"""Phones -> mouth shapes, with coarticulation by dominance functions (Cohen & Massaro 1993).

Every phone pulls the mouth towards its own posture, more or less strongly; a posture's pull fades with the distance in
time, so that rounding spreads into its neighbours and a /k/ takes the shape of its vowel. What must happen whatever the
neighbours want (lips shut for p, b, m and in silence, lower lip to the teeth for f, v) is a gate on top.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from dicetalk.arrays import Float64
from dicetalk.easing import smoothstep
from dicetalk.motion.space import SHAPES, index
from dicetalk.speech import SILENCE, Phone

REACH = 0.055
"""Time [s] over which a phone's pull falls off."""

ROUND_REACH = 0.095
"""The same for rounding, which starts early and lingers."""

SHUT_RAMP = 0.06
"""Time [s] lips take to shut and to part."""

SHUT_AT_LEAST = 0.066
"""Lips stay shut for at least this long [s], so that a frame of 40 ms shows it."""


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
_LABIODENTAL = _viseme(0.95, jawOpen=0.06, mouthRollLower=0.75, mouthUpperUp=0.26, mouthShrugLower=0.12)
_DENTAL = _viseme(0.6, jawOpen=0.16, mouthLowerDown=0.15, mouthUpperUp=0.06, tongueOut=0.35)
_ALVEOLAR = _viseme(0.42, jawOpen=0.13, mouthLowerDown=0.16, mouthStretch=0.06)
_SIBILANT = _viseme(0.85, jawOpen=0.05, mouthStretch=0.22, mouthLowerDown=0.34, mouthUpperUp=0.2, mouthSmile=0.05)
_POSTALVEOLAR = _viseme(0.9, jawOpen=0.07, mouthFunnel=0.5, mouthPucker=0.22, mouthLowerDown=0.12)
_VELAR = _viseme(0.25, jawOpen=0.2, mouthLowerDown=0.06)

VISEMES: dict[str, Viseme] = {
    "AA": _viseme(1.0, jawOpen=0.62, mouthLowerDown=0.12, mouthUpperUp=0.08),
    "AE": _viseme(1.0, jawOpen=0.52, mouthStretch=0.25, mouthLowerDown=0.25, mouthUpperUp=0.18),
    "AH": _viseme(0.8, jawOpen=0.38, mouthLowerDown=0.12, mouthUpperUp=0.06),
    "AO": _viseme(1.0, jawOpen=0.48, mouthFunnel=0.42, mouthPucker=0.15),
    "AW": _viseme(1.0, jawOpen=0.5, mouthFunnel=0.3, mouthPucker=0.12),
    "AY": _viseme(1.0, jawOpen=0.5, mouthStretch=0.15, mouthLowerDown=0.2, mouthUpperUp=0.14),
    "EH": _viseme(0.9, jawOpen=0.38, mouthStretch=0.22, mouthLowerDown=0.24, mouthUpperUp=0.16),
    "ER": _viseme(0.9, jawOpen=0.24, mouthFunnel=0.32, mouthPucker=0.2),
    "EY": _viseme(0.95, jawOpen=0.32, mouthStretch=0.32, mouthLowerDown=0.26, mouthUpperUp=0.18, mouthSmile=0.08),
    "IH": _viseme(0.8, jawOpen=0.24, mouthStretch=0.24, mouthLowerDown=0.22, mouthUpperUp=0.14),
    "IY": _viseme(1.0, jawOpen=0.14, mouthStretch=0.42, mouthLowerDown=0.3, mouthUpperUp=0.2, mouthSmile=0.12),
    "OW": _viseme(1.0, jawOpen=0.32, mouthPucker=0.6, mouthFunnel=0.35),
    "OY": _viseme(1.0, jawOpen=0.36, mouthPucker=0.4, mouthFunnel=0.35),
    "UH": _viseme(0.9, jawOpen=0.2, mouthPucker=0.42, mouthFunnel=0.3),
    "UW": _viseme(1.0, jawOpen=0.1, mouthPucker=1.0, mouthFunnel=0.2),
    "P": _BILABIAL,
    "B": _BILABIAL,
    "M": _BILABIAL,
    "F": _LABIODENTAL,
    "V": _LABIODENTAL,
    "TH": _DENTAL,
    "DH": _DENTAL,
    "T": _ALVEOLAR,
    "D": _ALVEOLAR,
    "N": _ALVEOLAR,
    "L": _viseme(0.5, jawOpen=0.22, mouthLowerDown=0.14),
    "S": _SIBILANT,
    "Z": _SIBILANT,
    "SH": _POSTALVEOLAR,
    "ZH": _POSTALVEOLAR,
    "CH": _POSTALVEOLAR,
    "JH": _POSTALVEOLAR,
    "K": _VELAR,
    "G": _VELAR,
    "NG": _VELAR,
    "HH": _viseme(0.2, jawOpen=0.26),
    "R": _viseme(0.7, jawOpen=0.15, mouthPucker=0.3, mouthFunnel=0.25),
    "W": _viseme(0.95, jawOpen=0.07, mouthPucker=1.0, mouthFunnel=0.12),
    "Y": _viseme(0.6, jawOpen=0.12, mouthStretch=0.3, mouthLowerDown=0.15),
    SILENCE: _viseme(1.0),
}
"""ARPAbet phones; weights are those of stressed speech at full voice."""

BILABIALS = frozenset("PBM")
LABIODENTALS = frozenset("FV")

_ROUNDING = [index("mouthPucker"), index("mouthFunnel")]


def articulate(phones: Iterable[Phone], times: Float64) -> Float64:
    """Mouth shapes (T, 52) at `times` (T,) [s] for phones in order, before any gate."""
    spoken = list(phones)
    targets = np.zeros((len(spoken), len(SHAPES)))
    for row, phone in enumerate(spoken):
        for name, weight in VISEMES[phone.label].weights.items():
            targets[row, index(name)] = weight
    pull = np.array([VISEMES[phone.label].pull for phone in spoken])[:, None]
    away = _distance(spoken, times)
    near, wide = (pull * np.exp(-((away / reach) ** 1.5)) + 1e-9 for reach in (REACH, ROUND_REACH))
    shapes = near.T @ targets / near.sum(0)[:, None]
    shapes[:, _ROUNDING] = wide.T @ targets[:, _ROUNDING] / wide.sum(0)[:, None]
    return np.asarray(shapes)


def gate(phones: Iterable[Phone], labels: frozenset[str], times: Float64) -> Float64:
    """How much (T,) the phones of some labels rule the mouth: 1 throughout each of them, ramps on both sides."""
    chosen = [_at_least(phone, SHUT_AT_LEAST) for phone in phones if phone.label in labels]
    if not chosen:
        return np.zeros(len(times))
    return smoothstep(1 - _distance(chosen, times).min(0) / SHUT_RAMP)


def _at_least(phone: Phone, seconds: float) -> Phone:
    middle, half = (phone.start + phone.end) / 2, max(phone.end - phone.start, seconds) / 2
    return Phone(phone.label, middle - half, middle + half)


def _distance(phones: list[Phone], times: Float64) -> Float64:
    """How far [s] each time lies outside each phone, (P, T); 0 within."""
    start = np.array([phone.start for phone in phones])[:, None]
    end = np.array([phone.end for phone in phones])[:, None]
    return np.asarray(np.maximum(0, np.maximum(start - times, times - end)))
