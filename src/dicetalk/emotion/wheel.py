"""Where emotions lie by their vectors: a wheel of eight basic ones, and pleasure, arousal and dominance (PAD).

As Li et al., "Enhancing Cognitive Models of Emotions with Representation Learning" (CMCL 2021) place them: each other
emotion lies at the blend of two basic ones, one to three steps apart on the wheel, whose vector is nearest to its own.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np

from dicetalk.arrays import Float64

BASIC = ("joyful", "trusting", "afraid", "surprised", "sad", "disgusted", "angry", "anticipating")
"""In the order of the wheel; the last lies beside the first."""
DYADS = ("primary", "secondary", "tertiary")
"""Of two basic emotions one, two, three steps apart."""
SHARES = tuple(round(0.1 * tenth, 1) for tenth in range(1, 10))
"""Of the second in a blend."""
DISTINCT = 0.5
"""Cosine below which a place says little: the vector is like no blend."""
RIDGE = 10.0


@dataclass(frozen=True)
class Place:
    """Where an emotion lies on the wheel.

    Attributes:
        first: a basic emotion.
        second: the other one, behind the first on the wheel.
        dyad: how far apart they are, one of `DYADS`.
        share: of the second in the blend, .1 to .9.
        cosine: of the blend and the emotion; below `DISTINCT` the place says little.
    """

    first: str
    second: str
    dyad: str
    share: float
    cosine: float

    @property
    def angle(self) -> float:
        """On the wheel, in steps from the first of `BASIC`, 0 to 8."""
        begin = BASIC.index(self.first)
        return (begin + self.share * ((BASIC.index(self.second) - begin) % len(BASIC))) % len(BASIC)


def wheel(vectors: Mapping[str, Float64]) -> dict[str, Place]:
    """Where every emotion but the basic ones lies, by the vectors (D,) of all.

    The vectors of the basic emotions must be among them.
    """
    others = [name for name in vectors if name not in BASIC]
    blends = list(_blends())
    rows = np.stack([(1 - share) * vectors[first] + share * vectors[second] for first, second, _, share in blends])
    rows = _unit(rows)
    placed = {}
    for name in others:
        cosines = rows @ _unit(vectors[name])
        best = int(cosines.argmax())
        placed[name] = Place(*blends[best], cosine=float(cosines[best]))
    return placed


def _blends() -> list[tuple[str, str, str, float]]:
    return [
        (first, BASIC[(number + steps) % len(BASIC)], dyad, share)
        for steps, dyad in enumerate(DYADS, start=1)
        for number, first in enumerate(BASIC)
        for share in SHARES
    ]


def _unit(rows: Float64) -> Float64:
    unit: Float64 = rows / np.maximum(np.linalg.norm(rows, axis=-1, keepdims=True), 1e-12)
    return unit


def pad(
    vectors: Mapping[str, Float64], known: Mapping[str, Sequence[float]], ridge: float = RIDGE
) -> dict[str, tuple[float, float, float]]:
    """Pleasure, arousal and dominance, -1 to 1, of every emotion, by those of some whose place was asked of people.

    Ridge regression on the vectors (D,), means taken out; `ridge` is its lambda.
    """
    names = [name for name in known if name in vectors]
    given = np.stack([vectors[name] for name in names])
    told = np.array([known[name] for name in names], np.float64)
    middle, level = given.mean(axis=0), told.mean(axis=0)
    centred = given - middle
    # By the kernel: there are far fewer emotions than columns.
    gram = centred @ centred.T + ridge * np.eye(len(names))
    slopes = np.linalg.solve(gram, told - level)
    return {name: _three((vector - middle) @ centred.T @ slopes + level) for name, vector in vectors.items()}


def pad_left_out(
    vectors: Mapping[str, Float64], known: Mapping[str, Sequence[float]], ridge: float = RIDGE
) -> dict[str, tuple[float, float, float]]:
    """The same of each known emotion, as told by the others: how far `pad` can be trusted."""
    found = {}
    for name in (name for name in known if name in vectors):
        others = {other: place for other, place in known.items() if other != name}
        found[name] = pad({key: vectors[key] for key in (*others, name)}, others, ridge)[name]
    return found


def _three(values: Float64) -> tuple[float, float, float]:
    pleasure, arousal, dominance = values.tolist()
    return pleasure, arousal, dominance
