"""What a face shows in a stretch of time, from its shapes: which emotion, and how strongly.

A small network that has part neither in what drives a face nor in what judges one: it learned from portraits that
virtual actors play on our own rig, read off the drawing by the tracker (`tools/fit_reader.py`; the card lies beside the
weights). It looks at what holds for a while, not at one frame: a mouth that speaks passes through every expression.
"""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache

import numpy as np
from safetensors.numpy import load_file

from dicetalk.arrays import Float32, Float64
from dicetalk.emotion.vocabulary import NAMES
from dicetalk.motion.resting import built
from dicetalk.motion.space import MIRROR, SHAPES, index
from dicetalk.networks import WEIGHTS
from dicetalk.portrait.rig import usual_rest
from dicetalk.tracking.fitting import find_heads

FILE = WEIGHTS / "reader" / "face.safetensors"

QUANTILES = (20, 80)
"""Of each column in a window, beside its mean [%]."""
UNREAD = (
    "eyeLook",
    "eyeBlink",
    "tongueOut",
    "cheekPuff",
    "jawForward",
    "jawLeft",
    "jawRight",
    "mouthLeft",
    "mouthRight",
)
"""Shapes that tell nothing of a feeling, or that no mesh shows."""
UNEVEN = ("browOuterUp", "browDown", "mouthSmile", "mouthDimple", "mouthUpperUp", "mouthPress", "cheekSquint")
"""Shapes of which the difference between both sides counts as well: contempt is a matter of one side."""


@dataclass(frozen=True, eq=False)
class Shown:
    """What a face shows in W windows.

    Attributes:
        shares: (W, 8) of the names, rows of sum 1.
        strengths: (W,) 0 to 1.
    """

    shares: Float64
    strengths: Float64


def against_usual(landmarks: Float64) -> Float32:
    """How a face differs from how faces usually look at rest, in weights of the shapes of any sign.

    The tracker takes an expression that never leaves a face for a part of it. Here nobody's own rest is taken out: it
    says how a stranger would see this face.

    Args:
        landmarks: (T, 478, 3) [px].

    Returns:
        (T, 52).
    """
    rest, shapes = usual_rest()
    faces = find_heads(landmarks).faces
    matrix, _ = built(rest, rest, shapes)
    targets = np.stack([built(face, rest, shapes)[1] for face in faces])
    return np.linalg.solve(matrix, targets.T).T[:, : len(SHAPES)].astype(np.float32)


def columns_of(shapes: Float32) -> Float64:
    """What is looked at of shapes (T, 52): both sides together, and how far some differ; (T, C)."""
    whole = np.asarray(shapes, np.float64)
    both = (whole + whole[:, list(MIRROR)]) / 2
    sides = [np.abs(whole[:, index(name + "Left")] - whole[:, index(name + "Right")]) for name in UNEVEN]
    return np.column_stack([both[:, _looked_at()], *sides])


def functionals(shapes: Float32, against: Float32) -> Float64:
    """What a window of at least one frame tells: (6 C,).

    Args:
        shapes: (T, 52) against the person's own rest.
        against: (T, 52) against the usual one.
    """
    both = [columns_of(rows) for rows in (shapes, against)]
    return np.concatenate([part for rows in both for part in (rows.mean(0), *np.percentile(rows, QUANTILES, axis=0))])


def shown(windows: Float64) -> Shown:
    """What windows show, each as `functionals` (W, 6 C)."""
    net = _network()
    hidden = np.tanh((windows - net["middle"]) / net["spread"] @ net["into"] + net["into_offset"])
    found = hidden @ net["out"] + net["out_offset"]
    odds = np.exp(found[:, : len(NAMES)] - found[:, : len(NAMES)].max(1, keepdims=True))
    strengths = 1 / (1 + np.exp(-found[:, len(NAMES)]))
    return Shown(odds / odds.sum(1, keepdims=True), strengths)


@cache
def _looked_at() -> list[int]:
    """One column of each pair, without those that tell nothing."""
    names = [name.removesuffix("Left") for name in SHAPES if not name.endswith("Right")]
    return [index(name if name in SHAPES else name + "Left") for name in names if not name.startswith(UNREAD)]


@cache
def _network() -> dict[str, Float64]:
    return {name: np.asarray(tensor, np.float64) for name, tensor in load_file(FILE).items()}
