"""The 32 feelings of EmpatheticDialogues (Rashkin et al., ACL 2019), and which of the eight names each of them is."""

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


STRENGTH = {
    "afraid": 0.75, "angry": 0.8, "annoyed": 0.5, "anticipating": 0.4, "anxious": 0.6, "apprehensive": 0.5,
    "ashamed": 0.6, "caring": 0.4, "confident": 0.5, "content": 0.45, "devastated": 1.0, "disappointed": 0.55,
    "disgusted": 0.8, "embarrassed": 0.55, "excited": 0.85, "faithful": 0.4, "furious": 1.0, "grateful": 0.6,
    "guilty": 0.6, "hopeful": 0.5, "impressed": 0.6, "jealous": 0.5, "joyful": 0.85, "lonely": 0.6, "nostalgic": 0.45,
    "prepared": 0.3, "proud": 0.65, "sad": 0.75, "sentimental": 0.5, "surprised": 0.8, "terrified": 1.0,
    "trusting": 0.4,
}  # fmt: skip
"""How strong each of them is as people show it, 0 to 1: our choice."""
