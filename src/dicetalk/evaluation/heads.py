"""How the heads of a set move: beside loudness, and their spectra beside those of other clips."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from dicetalk.arrays import Float64
from dicetalk.evaluation.figures import DRAWS, Estimate, Figure, Sums, between
from dicetalk.evaluation.footage import Footage
from dicetalk.evaluation.head_motion import (
    HeadClip,
    distance,
    floor,
    jerkiness,
    moving,
    nod_coherence,
    spectra,
    turning,
    turning_coherence,
)
from dicetalk.motion.space import POSE

FIGURES = (
    Figure("head_speed", "speed of the head [degrees / s]", digits=1),
    Figure("head_kurtosis", "kurtosis of the head's speed, 0 as noise"),
    Figure("nod_coherence", "coherence of nods with loudness"),
    Figure("turning_coherence", "coherence of the head's speed with loudness"),
)
SPECTRA = Figure("head_spectra", "head spectra, distance to the reference [log10]")

LEAST_S = 2.0
"""Shorter clips have no spectrum [s]."""


def head_of(footage: Footage) -> HeadClip:
    """The head and the voice of a clip."""
    return HeadClip(footage.motion.pose.astype(np.float64), footage.loudness, footage.pitch)


def head_figures(footage: Footage) -> dict[str, Sums]:
    """What a clip says of `FIGURES`; nothing where it is too short or holds still, and of nods where it has none."""
    head = head_of(footage)
    if footage.seconds < LEAST_S or not moving(head).any():
        return {}
    figures: dict[str, Sums] = {
        "head_speed": (float(np.degrees(turning(head)).mean()), 1),
        "head_kurtosis": (jerkiness(head), 1),
        "nod_coherence": (nod_coherence(head), 1),
        "turning_coherence": (turning_coherence(head), 1),
    }
    if not moving(head)[POSE.index("pitch")]:
        del figures["nod_coherence"]
    return figures


def spectra_of(clips: Sequence[Footage]) -> Float64:
    """(N, 5, 18) the spectra of the clips that are long enough."""
    return spectra([head_of(clip) for clip in clips if clip.seconds >= LEAST_S])


def spectral_distance(clips: Sequence[Footage], real: Sequence[Footage]) -> Estimate | None:
    """Of a set from another one, with its interval over clips drawn anew from both; None without clips."""
    one, other = spectra_of(clips), spectra_of(real)
    if not len(one) or not len(other):
        return None
    rng = np.random.default_rng(0)
    drawn = [distance(_drawn(one, rng), _drawn(other, rng)) for _ in range(DRAWS)]
    return Estimate(distance(one, other), *between(np.array(drawn)), len(one), len(one))


def spectral_floor(real: Sequence[Footage]) -> Estimate | None:
    """Of one half of a set from the other; None of fewer than four clips."""
    one = spectra_of(real)
    if len(one) < 4:
        return None
    found = floor(one)
    return Estimate(found.value, found.low, found.high, len(one), len(one))


def _drawn(clips: Float64, rng: np.random.Generator) -> Float64:
    return np.asarray(clips[rng.integers(len(clips), size=len(clips))])
