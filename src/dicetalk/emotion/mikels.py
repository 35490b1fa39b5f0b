"""The eight emotions that Mikels gave to what pictures make people feel, and what they are among our names."""

from __future__ import annotations

from collections.abc import Sequence

from dicetalk.emotion.circle import MIKELS
from dicetalk.emotion.feeling import Feeling

AS_OURS: dict[str, dict[str, float]] = {
    "sadness": {"sad": 1.0},
    "fear": {"fear": 1.0},
    "excitement": {"happy": 0.9},
    "awe": {"surprised": 0.6, "happy": 0.4},
    "contentment": {"happy": 0.3},
    "amusement": {"happy": 0.5},
    "anger": {"angry": 1.0},
    "disgust": {"disgusted": 1.0},
}
"""Strengths of our names in each."""


def feeling_of(shares: Sequence[float], confidence: float, why: str) -> Feeling:
    """Shares (8,) in the order of `MIKELS.names`, of sum 1 or less, as a feeling."""
    strengths: dict[str, float] = {}
    for name, share in zip(MIKELS.names, shares, strict=True):
        for ours, strength in AS_OURS[name].items():
            strengths[ours] = strengths.get(ours, 0.0) + float(share) * strength
    felt = Feeling.of(strengths.items())
    return Feeling(felt.weights, felt.intensity, confidence, why)
