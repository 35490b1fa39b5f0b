"""Whether sound and pictures of a clip belong together in time: the mouth that is seen against the mouth that speaks.

Loudness alone follows a real mouth too loosely. The performer knows from the phones when lips part and round and when
the jaw drops; that is compared with the mouth in the pictures.
"""

from __future__ import annotations

from dataclasses import dataclass

import numpy as np
from scipy.ndimage import gaussian_filter1d

from dicetalk.acting.performer import act
from dicetalk.acting.take import rehearse
from dicetalk.arrays import Float64
from dicetalk.emotion.vocabulary import NAMES
from dicetalk.motion.basis import lip_parting
from dicetalk.motion.landmarks import LIP_CORNERS, LOWER_LIP, UPPER_LIP
from dicetalk.motion.space import index
from dicetalk.rates import FPS
from dicetalk.speech import Speech
from dicetalk.tracking.fitting import find_heads

CHIN = 152
FARTHEST = 12
"""Offsets that are looked for: up to this many frames either way."""

APART = 3
"""Offsets further from the best one than this are rivals [frames]."""

QUICK, SLOW = 0.8, 10.0
"""Movement between these widths of a Gaussian [frames] is speech; slower is expression."""

SURE, AHEAD = 0.4, 0.15
"""Likeness of a mouth that surely says these words, and how far it is ahead of every rival; on 16 of 22 real clips."""


@dataclass(frozen=True)
class Offset:
    """How much later the pictures come than the sound.

    Attributes:
        frames: of 25 a second; negative where the pictures come first. Exact to about 2.
        likeness: correlation of both mouths there, -1 to 1.
        sure: whether it can be relied upon.
    """

    frames: int
    likeness: float
    sure: bool


def find_offset(landmarks: Float64, speech: Speech) -> Offset:
    """The offset between landmarks (T, 478, 3) of a clip's pictures and its speech; not sure below two seconds."""
    frames = min(len(landmarks), speech.frames)
    farthest = min(FARTHEST, frames // 4)
    seen, spoken = _moving(_seen_mouth(landmarks[:frames])), _moving(_spoken_mouth(speech)[:frames])
    likeness = np.array([_likeness(seen, spoken, lag) for lag in range(-farthest, farthest + 1)])
    best = int(likeness.argmax())
    rivals = np.abs(np.arange(len(likeness)) - best) > APART
    ahead = likeness[best] - likeness[rivals].max(initial=-1.0)
    sure = frames >= 2 * FPS and likeness[best] >= SURE and ahead >= AHEAD
    return Offset(best - farthest, float(likeness[best]), bool(sure))


def _seen_mouth(landmarks: Float64) -> Float64:
    """(T, 3) opening, narrowness and jaw of the mouth in the pictures [inter-ocular distances]."""
    faces = find_heads(landmarks).faces
    opening = (faces[:, list(LOWER_LIP[1:-1]), 1] - faces[:, list(UPPER_LIP[1:-1]), 1]).mean(1)
    right, left = LIP_CORNERS
    return np.column_stack([opening, faces[:, right, 0] - faces[:, left, 0], faces[:, CHIN, 1]])


def _spoken_mouth(speech: Speech) -> Float64:
    """(T, 3) opening, rounding and jaw of a mouth that says these phones."""
    neutral = np.zeros((speech.frames, len(NAMES)))
    neutral[:, 0] = 1
    shapes = act(speech, neutral, rehearse(speech.frames, 0)).shapes.astype(np.float64)
    rounding = shapes[:, [index("mouthPucker"), index("mouthFunnel")]].sum(1)
    return np.column_stack([(shapes @ lip_parting()).mean(1), rounding, shapes[:, index("jawOpen")]])


def _moving(mouth: Float64) -> Float64:
    """(T, C) what moves at the pace of speech."""
    quick, slow = (gaussian_filter1d(mouth, width, axis=0) for width in (QUICK, SLOW))
    return np.asarray(quick - slow)


def _likeness(seen: Float64, spoken: Float64, lag: int) -> float:
    """Mean correlation of the columns when `seen` comes `lag` frames late."""
    frames = len(seen)
    one, two = seen[max(lag, 0) : frames + min(lag, 0)], spoken[max(-lag, 0) : frames - max(lag, 0)]
    one, two = ((x - x.mean(0)) / (x.std(0) + 1e-9) for x in (one, two))
    return float((one * two).mean())
