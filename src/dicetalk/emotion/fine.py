"""The 32 feelings of EmpatheticDialogues (Rashkin et al., ACL 2019), finer than the eight names, and what they are there."""

from __future__ import annotations

import numpy as np

from dicetalk.arrays import Float64
from dicetalk.emotion.vocabulary import NAMES

_OF = {
    "neutral": ("trusting", "faithful", "caring", "prepared", "anticipating"),
    "angry": ("angry", "furious", "annoyed"),
    "contempt": ("jealous",),  # a stopgap: no corpus of text has contempt
    "disgusted": ("disgusted",),
    "fear": ("afraid", "terrified", "anxious", "apprehensive"),
    "happy": ("joyful", "excited", "proud", "grateful", "content", "hopeful", "confident"),
    "sad": (
        "sad", "devastated", "lonely", "disappointed", "nostalgic", "sentimental", "guilty", "ashamed", "embarrassed",
    ),
    "surprised": ("impressed", "surprised"),
}  # fmt: skip

FINE = tuple(sorted(name for names in _OF.values() for name in names))
"""The 32, in the order of the alphabet."""

COARSE = {fine: name for name, names in _OF.items() for fine in names}
"""Which of the eight names each of them is."""


def coarse_shares(fine: Float64) -> Float64:
    """(N, 8) shares of `NAMES` that shares (N, 32) of `FINE` add up to."""
    return fine @ _MAP


_MAP = np.array([[float(COARSE[fine] == name) for name in NAMES] for fine in FINE])
