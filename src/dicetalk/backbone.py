"""The contract between what a person asks for and what draws it.

A backbone gets everything it may know as `Conditions` and yields frames in chunks, so that all can stream.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Protocol

import numpy as np
import numpy.typing as npt

from dicetalk.face import Face
from dicetalk.media import Picture, Waveform


@dataclass(frozen=True, eq=False)
class Conditions:
    """Everything a backbone may know.

    Attributes:
        portrait: (H, W, 3) uint8, RGB, at the size of the frames to make.
        face: the face to animate, in the portrait's coordinates.
        waveform: (N,) int16, 16 kHz mono: the speech.
        emotion: (T, 8) weights over `emotion.vocabulary.NAMES`, one row a frame; rows sum to 1.
        seed: which take; the same seed gives the same frames.
    """

    portrait: Picture
    face: Face
    waveform: Waveform
    emotion: npt.NDArray[np.float32]
    seed: int


class Backbone(Protocol):
    """What turns conditions into frames."""

    name: str
    fps: int

    def generate(self, conditions: Conditions) -> Iterator[Picture]:
        """Frames as chunks (t, H, W, 3) uint8, T in all."""
        ...
