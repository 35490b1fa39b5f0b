"""The smile that is in a portrait already."""

from __future__ import annotations

import numpy as np

from dicetalk.arrays import Float64
from dicetalk.motion.landmarks import LIP_CORNERS
from dicetalk.motion.space import SHAPES, index

SLIGHT_SMILE = 0.15
"""How much of a smile may be the way a face is made."""

WITH_A_SMILE = {"cheekSquint": 0.6, "eyeSquint": 0.3}
"""What a smile does around the eyes, as a share of it."""

SMILING_LIFT = 0.03
"""A wide mouth whose corners are not raised [inter-ocular distances] is no smile."""


def smile(local: Float64, basis: dict[str, Float64]) -> Float64:
    """The smile already in the picture, as weights (52,).

    Only a clear smile counts: the width and the lift of the mouth corners differ between people as much as a slight
    smile changes them.
    """
    shape = basis["delta"][[index("mouthSmileLeft"), index("mouthSmileRight")]].sum(0)
    at_rest, smiling = _corner_features(basis["neutral"]), _corner_features(basis["neutral"] + shape)
    change = smiling - at_rest
    amount = float((_corner_features(local) - at_rest) @ change / (change @ change))
    rest = np.zeros(len(SHAPES))
    both = [index("mouthSmileLeft"), index("mouthSmileRight")]
    lifted = np.clip((_corner_features(local) - at_rest)[1] / SMILING_LIFT, 0, 1)
    rest[both] = lifted * np.clip((amount - SLIGHT_SMILE) / (1 - SLIGHT_SMILE), 0, 0.9)
    for name, share in WITH_A_SMILE.items():
        rest[[index(name + "Left"), index(name + "Right")]] = share * rest[both]
    return rest


def _corner_features(points: Float64) -> Float64:
    """(2,) width of the mouth and lift of its corners over the upper lip's middle [inter-ocular distances]."""
    right, left = points[list(LIP_CORNERS)]
    lift = points[[0, 13], 1].mean() - (right[1] + left[1]) / 2
    return np.array([np.linalg.norm(left - right), lift])
