"""The shipped basis of shapes: what each of the 52 does to a mean face.

`weights/face_shapes.safetensors` holds them, in units of the distance between the eyes and in the frame of the head.
"""

from __future__ import annotations

from functools import cache
from importlib import resources

import numpy as np
from safetensors.numpy import load

from dicetalk.arrays import Float64
from dicetalk.motion.landmarks import LOWER_LIP, UPPER_LIP
from dicetalk.motion.space import SHAPES

EXPRESSIVE = (
    *("cheekSquint", "eyeSquint", "mouthSmile", "mouthFrown", "mouthDimple", "mouthStretch"),
    *("mouthUpperUp", "mouthShrug", "browDown"),
)
EMPHASIS = 1.25
"""Shapes of feeling move this much further than on a scanned face: a still picture lacks the skin's finer changes that
go with them (docs/decisions/0003). Raised brows and noses do not: by them a face is known, and furrows say it."""


@cache
def face_shapes() -> dict[str, Float64]:
    """The shipped basis: `delta` (52, 468, 3), `neutral` (468, 3), both in inter-ocular distances."""
    data = (resources.files("dicetalk") / "weights" / "face_shapes.safetensors").read_bytes()
    return {name: value.astype(np.float64) for name, value in load(data).items()}


@cache
def lip_parting() -> Float64:
    """How far each shape at 1 parts the inner lips at each of their pairs but the corners, (52, 9), in inter-ocular
    distances; negative where it brings them together."""
    delta = face_shapes()["delta"] * emphasis()[:, None, None]
    gaps = delta[:, list(LOWER_LIP[1:-1]), 1] - delta[:, list(UPPER_LIP[1:-1]), 1]
    return np.asarray(gaps)


def emphasis() -> Float64:
    """(52,) how much further each shape goes on a picture than on a scanned face."""
    return np.array([EMPHASIS if name.startswith(EXPRESSIVE) else 1.0 for name in SHAPES])
