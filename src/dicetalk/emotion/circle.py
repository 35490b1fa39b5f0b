"""The circle of emotions: one point for any mixture, and how far what was asked lies from what is shown.

After Yang et al., "A Circular-Structured Representation for Visual Emotion Distribution Learning", CVPR 2021: every
name has an angle, a mixture lies at the sum of its names' directions, each as long as its share. The angle says which
emotion, the radius how clearly. Neutral is the centre. A crowd that agrees is clear, whether or not it saw a strong
face: `clarity.strength_of` leads from one to the other.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
from numpy.typing import ArrayLike, NDArray

from dicetalk.arrays import Float64
from dicetalk.emotion.feeling import Feeling
from dicetalk.emotion.vocabulary import NAMES, NEUTRAL

LEAST_CLARITY = 0.05
"""Below it an angle is noise."""
STEEPNESS = 8.0
"""Of the polarity: how sharply unpleasant turns into pleasant."""
FAR = 90.0
"""Angle from which on two points are told to disagree [degrees]."""


@dataclass(frozen=True, eq=False)
class Place:
    """Points on the circle; attributes are arrays of one shape.

    Attributes:
        x: to the unpleasant side, -1 to 1.
        y: across, from disgust, anger and joy to fear and surprise, -1 to 1.
    """

    x: Float64
    y: Float64

    @property
    def clarity(self) -> Float64:
        """The radius, 0 (anything at all) to 1 (one name only)."""
        return np.hypot(self.x, self.y)

    @property
    def angle(self) -> Float64:
        """From the unpleasant axis, -pi to pi [rad]; of no meaning where the clarity is below `LEAST_CLARITY`."""
        return np.arctan2(self.y, self.x)

    @property
    def polarity(self) -> Float64:
        """0 (unpleasant) to 1 (pleasant), smooth; the half where an angle is of no meaning."""
        smooth = 1 / (1 + np.exp(STEEPNESS * np.cos(self.angle)))
        return np.where(self.clarity < LEAST_CLARITY, 0.5, smooth)


@dataclass(frozen=True)
class Circle:
    """Names around a circle; those without an angle lie in its centre.

    Attributes:
        names: of the columns of a mixture.
        angles: of those that have one [rad].
    """

    names: tuple[str, ...]
    angles: Mapping[str, float]

    @cached_property
    def directions(self) -> Float64:
        """(K, 2) of each name, of length 1, or 0 for the centre."""
        angles = [self.angles.get(name) for name in self.names]
        return np.array([(0.0, 0.0) if a is None else (math.cos(a), math.sin(a)) for a in angles])

    def place(self, mixtures: ArrayLike) -> Place:
        """Where mixtures (..., K), shares of sum 1, lie; attributes are of shape (...)."""
        x, y = np.moveaxis(np.asarray(mixtures, np.float64) @ self.directions, -1, 0)
        return Place(x, y)

    def mixture(self, angle: float, clarity: float) -> Float64:
        """A mixture (K,) that lies there; one of many, since three names can stand for a fourth.

        This is the one of the two names beside the angle, and the centre: of their mixtures just one lies there, and
        it has the least entropy of all that say so much with neighbours. Between two names a mixture cannot be as clear
        as one name is: where more is asked, the clearest mixture of that angle is given.

        Args:
            angle: [rad]; whole turns change nothing.
            clarity: 0 to 1.
        """
        one, other = self._beside(angle)
        basis = self.directions[[one, other]].T
        shares = np.linalg.solve(basis, clarity * np.array([math.cos(angle), math.sin(angle)])).clip(0)
        shares /= max(1.0, shares.sum())
        found = np.zeros(len(self.names))
        found[[one, other]] = shares
        found[[name not in self.angles for name in self.names].index(True)] += 1 - shares.sum()
        return found

    def _beside(self, angle: float) -> tuple[int, int]:
        """The columns of the names before and after an angle."""
        ahead = {name: (its - angle) % math.tau for name, its in self.angles.items()}
        after, before = min(ahead, key=ahead.__getitem__), max(ahead, key=ahead.__getitem__)
        return self.names.index(before), self.names.index(after)


def _eighths(**angles: float) -> dict[str, float]:
    """Angles given in eighths of pi."""
    return {name: eighths * math.pi / 8 for name, eighths in angles.items()}


WHEEL = Circle(NAMES, _eighths(sad=1, fear=3, surprised=4.5, happy=10, angry=13, contempt=14, disgusted=15))
"""Of our eight names. Surprise lies between its excitement and awe, joy between contentment and amusement."""

_MIKELS = _eighths(sadness=1, fear=3, excitement=5, awe=7, contentment=9, amusement=11, anger=13, disgust=15)
MIKELS = Circle(tuple(_MIKELS), _MIKELS)
"""The paper's, of the eight names that Mikels gave to what pictures make people feel; it has no centre."""


@dataclass(frozen=True)
class Comparison:
    """What was asked beside what is shown.

    Attributes:
        asked: angle [rad] and clarity.
        shown: the same.
    """

    asked: tuple[float, float]
    shown: tuple[float, float]

    @property
    def degrees(self) -> float | None:
        """Between the two angles, 0 to 180; None where one of them is hardly there and has none."""
        if min(self.asked[1], self.shown[1]) < LEAST_CLARITY:
            return None
        return abs(math.degrees(float(turn(self.shown[0] - self.asked[0]))))

    @property
    def clarity(self) -> float:
        """How much clearer what is shown is than what was asked, -1 to 1."""
        return self.shown[1] - self.asked[1]

    @property
    def disagrees(self) -> bool:
        """Whether the two point to different sides of the circle."""
        return self.degrees is not None and self.degrees >= FAR

    def __str__(self) -> str:
        """One line: `asked 248° / .80 (angry), shown 15° / .52 (disgusted): 23° apart, less clear by .28`."""
        return f"asked {_told(*self.asked)}, shown {_told(*self.shown)}: {self._apart()}, {self._clearer()}"

    def _apart(self) -> str:
        return "one of them has no angle" if self.degrees is None else f"{self.degrees:.0f}° apart"

    def _clearer(self) -> str:
        if abs(self.clarity) < 0.005:
            return "as clear"
        return f"{'more' if self.clarity > 0 else 'less'} clear by {abs(self.clarity):.2f}"


Felt = Feeling | Sequence[float] | NDArray[Any]
"""A feeling, or a mixture (8,) in the order of `NAMES`."""


def compare(asked: Felt, shown: Felt) -> Comparison:
    """What was asked beside what is shown.

    Every part that reads a picture, a voice or a video back measures with this.
    """
    return Comparison(_point(asked), _point(shown))


def apart(asked: ArrayLike, shown: ArrayLike) -> Float64:
    """Between mixtures (..., 8), as of a track (T, 8): degrees (...), 0 to 180; NaN where one of them has no angle."""
    one, other = WHEEL.place(asked), WHEEL.place(shown)
    clear = np.minimum(one.clarity, other.clarity) >= LEAST_CLARITY
    return np.where(clear, np.degrees(np.abs(turn(other.angle - one.angle))), np.nan)


def turn(angle: ArrayLike) -> Float64:
    """The same angle without whole turns, -pi to pi [rad]."""
    found: Float64 = (np.asarray(angle, np.float64) + math.pi) % math.tau - math.pi
    return found


def nearest(angle: float) -> str:
    """The name beside an angle [rad]."""
    return min(WHEEL.angles, key=lambda name: abs(float(turn(WHEEL.angles[name] - angle))))


def _point(felt: Felt) -> tuple[float, float]:
    place = WHEEL.place(felt.mixture() if isinstance(felt, Feeling) else felt)
    return float(place.angle), float(place.clarity)


def _told(angle: float, clarity: float) -> str:
    """`248° / .80 (angry)`, counted from the unpleasant axis as the circle is drawn."""
    if clarity < LEAST_CLARITY:
        return f"{clarity:.2f} ({NEUTRAL})"
    return f"{math.degrees(angle) % 360:.0f}° / {clarity:.2f} ({nearest(angle)})"
