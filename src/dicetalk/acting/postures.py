"""The eight emotions as facial postures: action units of the Facial Action Coding System (Ekman & Friesen 1978).

Weights are those of full strength (1.0). Brows, lids and nose hold their posture while a person speaks and between
words; the mouth's part gives way to the lips' work, as coefficients read off acted clips show (brow means close to
their peaks, mouth means half of theirs).
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from dicetalk.arrays import Float64
from dicetalk.emotion.vocabulary import NAMES, NEUTRAL
from dicetalk.motion.space import POSE, SHAPES, index


@dataclass(frozen=True)
class Posture:
    """One emotion's face at full strength.

    Attributes:
        shapes: weight of each shape; a name without a side means both.
        pose: head posture [rad] and [inter-ocular distances].
        jaw: how far the jaw moves in speech, 1 is neutral.
        restlessness: how much head and eyes move, 1 is neutral.
    """

    shapes: dict[str, float]
    pose: dict[str, float] = field(default_factory=dict)
    jaw: float = 1.0
    restlessness: float = 1.0


POSTURES: dict[str, Posture] = {
    "neutral": Posture({}),
    # AU 4+5+7+9+17+22+24: brows down and together, glaring lids, a hard mouth that bares its teeth in words.
    "angry": Posture(
        dict(browDown=1.0, eyeWide=0.55, eyeSquint=0.3, noseSneer=0.7, cheekSquint=0.15, mouthFrown=0.8,
             mouthRollLower=0.1, jawForward=0.5, mouthShrugLower=0.2, mouthLowerDown=0.48,
             mouthUpperUp=0.62, mouthFunnel=0.5, jawOpen=0.1),
        dict(pitch=0.02, z=-0.05), jaw=1.1, restlessness=1.2,
    ),
    # AU L12+L14: one corner tightened, brow of that side raised, chin up.
    "contempt": Posture(
        dict(eyeBlink=0.2, eyeSquint=0.35, browOuterUpLeft=0.6, browDownRight=0.5, mouthSmileLeft=0.8,
             mouthDimpleLeft=0.9, mouthUpperUpLeft=0.3, mouthPressLeft=0.4, cheekSquintLeft=0.45, mouthLeft=0.25,
             mouthShrugLower=0.15),
        dict(pitch=-0.09, roll=0.06, yaw=0.04), jaw=0.85, restlessness=0.7,
    ),
    # AU 6+7+9+10+17: nose wrinkled, upper lip and lower lids raised; the eyes stay open.
    "disgusted": Posture(
        dict(noseSneer=1.0, browDown=0.1, eyeSquint=0.35, cheekSquint=0.5, mouthUpperUp=0.6, mouthFrown=0.85,
             mouthShrugLower=0.6, mouthShrugUpper=0.1, mouthPress=0.1, mouthLowerDown=0.1),
        dict(yaw=0.08, z=0.05, pitch=0.03), jaw=0.9, restlessness=0.9,
    ),
    # AU 1+2+4+5+20+25: brows up and together, eyes wide, lips stretched.
    "fear": Posture(
        dict(browInnerUp=1.0, browOuterUp=0.6, browDown=0.8, eyeWide=1.0, mouthStretch=0.87, mouthFrown=0.6,
             mouthLowerDown=0.9, jawOpen=0.25, mouthShrugLower=0.3, noseSneer=0.15),
        dict(pitch=-0.08, z=0.08), jaw=0.9, restlessness=1.4,
    ),
    # AU 6+12+25: cheeks raised, smile.
    "happy": Posture(
        dict(cheekSquint=0.78, eyeSquint=0.2, browOuterUp=0.25, mouthSmile=1.0, mouthUpperUp=0.55, mouthDimple=0.7),
        dict(roll=0.035, pitch=-0.02), jaw=1.05, restlessness=1.2,
    ),
    # AU 1+4+15+17: inner brows up, corners down, chin raised.
    "sad": Posture(
        dict(browInnerUp=1.0, browDown=0.35, eyeBlink=0.32, eyeLookDown=0.34, cheekSquint=0.25, mouthFrown=1.0,
             mouthShrugLower=0.8, mouthShrugUpper=0.1, mouthPress=0.2, mouthStretch=0.15),
        dict(pitch=0.05, roll=0.05), jaw=0.75, restlessness=0.75,
    ),
    # AU 1+2+5+26: brows high, eyes wide, jaw dropped.
    "surprised": Posture(
        dict(browInnerUp=0.8, browOuterUp=0.8, eyeWide=1.0, jawOpen=0.9, mouthFunnel=0.4, mouthPucker=0.5),
        dict(pitch=-0.05, z=0.05), jaw=1.0, restlessness=1.1,
    ),
}  # fmt: skip
"""What an emotion looks like, by its name."""


SOONER = 0.5
"""How much sooner than in step with its strength a feeling shows: at .8 .88 of it, and still growing at 1."""


def posture_shapes(weights: Float64) -> Float64:
    """Emotion weights (T, 8) over the vocabulary's names -> shapes (T, 52)."""
    strength = np.delete(weights, NAMES.index(NEUTRAL), axis=1).sum(1, keepdims=True)
    shown = weights * (1 + SOONER * (1 - strength))
    return np.asarray(shown @ np.stack([_shape_row(POSTURES[name]) for name in NAMES]))


def posture_pose(weights: Float64) -> Float64:
    """Emotion weights (T, 8) -> head posture (T, 6)."""
    return np.asarray(weights @ np.array([[POSTURES[name].pose.get(part, 0.0) for part in POSE] for name in NAMES]))


def manner(weights: Float64, what: str) -> Float64:
    """Emotion weights (T, 8) -> one manner of moving (T,): "jaw" or "restlessness"."""
    return np.asarray(weights @ np.array([getattr(POSTURES[name], what) for name in NAMES]))


def _shape_row(posture: Posture) -> Float64:
    row = np.zeros(len(SHAPES))
    for name, weight in posture.shapes.items():
        for full in (name,) if name in SHAPES else (name + "Left", name + "Right"):
            row[index(full)] = weight
    return row
