"""Objects that were found in a picture: what they are called, where they are, how they look."""

from __future__ import annotations

import math
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import numpy as np

from dicetalk.arrays import Float32, Picture
from dicetalk.checks import short
from dicetalk.errors import ConfigError

LOOKS = 11
"""Numbers that tell how an object looks."""
LEAST_SCORE = 0.3
"""Below it an object is taken for none."""
MOST = 24
"""Objects of a picture that are looked at: the surest."""


@dataclass(frozen=True)
class SceneObject:
    """Something in a picture.

    Attributes:
        name: of its kind, as its detector calls it.
        score: how sure that one is, 0 to 1.
        box: left, top, right, bottom, as shares of the picture's sides, 0 to 1.

    Raises:
        ConfigError: a detector gave something else.
    """

    name: str
    score: float
    box: tuple[float, float, float, float]

    def __post_init__(self) -> None:
        if not isinstance(self.name, str) or not self.name.strip():
            raise ConfigError(f"the detector calls an object {short(self.name)}; expected its name")
        if not 0 <= self.score <= 1:
            raise ConfigError(f"the detector is sure of {self.name[:40]!r} to {self.score:g}; expected 0 to 1")
        if len(self.box) != 4 or not all(map(math.isfinite, self.box)):
            raise ConfigError(f"the detector finds {self.name[:40]!r} at {self.box}; expected left, top, right, bottom")

    @property
    def inside(self) -> tuple[float, float, float, float]:
        """Its box, as far as it lies in the picture."""
        left, top, right, bottom = (min(max(side, 0.0), 1.0) for side in self.box)
        return left, top, right, bottom


Detector = Callable[[Picture], Sequence[SceneObject]]
"""What finds objects in a picture (H, W, 3). None ships; `detector.OnnxDetector` runs one that you have."""


def found_by(detector: Detector, picture: Picture) -> list[SceneObject]:
    """The surest objects, each with something of it in the picture.

    Raises:
        ConfigError: the detector gave something else.
    """
    found = detector(picture)
    if not isinstance(found, Sequence) or not all(isinstance(some, SceneObject) for some in found):
        raise ConfigError(f"the detector gave {short(found)}; expected a list of SceneObject")
    seen = [some for some in found if some.score >= LEAST_SCORE and _side(some, 0) > 0 and _side(some, 1) > 0]
    return sorted(seen, key=lambda some: -some.score)[:MOST]


def looks_of(picture: Picture, objects: Sequence[SceneObject]) -> Float32:
    """How objects look, (N, `LOOKS`): where they are, how large, their colour and its spread."""
    return np.array([_look(picture, some) for some in objects], np.float32).reshape(len(objects), LOOKS)


def _look(picture: Picture, some: SceneObject) -> list[float]:
    left, top, _, _ = some.inside
    wide, high = _side(some, 0), _side(some, 1)
    x, y = left + wide / 2, top + high / 2
    part = _crop(picture, some)
    return [x, y, x * x + y * y, x * y, wide, high, math.sqrt(wide * high), *part.mean(0), part.std()]


def _crop(picture: Picture, some: SceneObject) -> Float32:
    """Pixels (N, 3) of an object, 0 to 1; some of them where it is large."""
    height, width = picture.shape[:2]
    left, top, right, bottom = some.inside
    rows = slice(int(top * (height - 1)), int(bottom * (height - 1)) + 1)
    columns = slice(int(left * (width - 1)), int(right * (width - 1)) + 1)
    part = picture[rows, columns]
    step = max(max(part.shape[:2]) // 32, 1)
    return part[::step, ::step].reshape(-1, 3).astype(np.float32) / np.float32(255)


def _side(some: SceneObject, axis: int) -> float:
    """Width (0) or height (1) of what is inside."""
    return some.inside[axis + 2] - some.inside[axis]
