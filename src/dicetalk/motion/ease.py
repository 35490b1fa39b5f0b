"""Clips that begin and end with the portrait as it is, so that they join, and loop."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, replace

import numpy as np

from dicetalk.arrays import Float32
from dicetalk.easing import smoothstep
from dicetalk.motion.space import MOUTH, Motion

SPEAKING_S = 0.2
"""How long the mouth takes to and from the portrait's [s]: speech may begin at once."""

RESTING_S = 0.7
"""The same of all else."""


@dataclass(frozen=True)
class Ease:
    """How far each frame of a clip may leave the portrait.

    Attributes:
        frames: of the clip.
        fps: frames a second.
    """

    frames: int
    fps: float

    def mouth(self, start: int, stop: int) -> Float32:
        """(T,) of the frames `start` to `stop`: 0 in the first and the last one of the clip, 1 between."""
        return self._away(start, stop, SPEAKING_S)

    def eased(self, motions: Iterable[Motion]) -> Iterator[Motion]:
        """The stretches of the whole clip, brought to nothing at both ends."""
        start = 0
        for motion in motions:
            stop = start + len(motion)
            rest, mouth = self._away(start, stop, RESTING_S)[:, None], self.mouth(start, stop)[:, None]
            yield replace(motion, shapes=motion.shapes * np.where(MOUTH, mouth, rest), pose=motion.pose * rest)
            start = stop

    def _away(self, start: int, stop: int, seconds: float) -> Float32:
        numbers = np.arange(start, stop)
        from_end = np.minimum(numbers, self.frames - 1 - numbers)
        ramp = min(seconds * self.fps, max((self.frames - 1) / 2, 1))
        return np.asarray(smoothstep(from_end / ramp), np.float32)
