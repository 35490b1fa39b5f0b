"""How the frames of several people become one of the film: who speaks is seen, or everybody beside each other."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

import cv2
import numpy as np

from dicetalk.arrays import Picture
from dicetalk.video import Video

Layout = Literal["cut", "split"]
LAYOUTS: tuple[Layout, ...] = ("cut", "split")
"""Who speaks is seen, or everybody beside each other."""
MOST_BESIDE = 6
"""People beside each other."""
HEADROOM = 0.45
"""Where the middle of a face comes to lie, as a share of the height of a panel."""


@dataclass(frozen=True)
class Panel:
    """Brings frames to the size of the film: as large as it needs, cut off around the face.

    Attributes:
        width, height: of the film [px].
        scaled: width and height of the frames before they are cut [px].
        left, top: of the cut [px].
    """

    width: int
    height: int
    scaled: tuple[int, int]
    left: int
    top: int

    @classmethod
    def of(cls, video: Video, width: int, height: int) -> Panel:
        """The panel of a video in a film of that size [px]."""
        scale = max(width / video.width, height / video.height)
        wide, high = max(round(video.width * scale), width), max(round(video.height * scale), height)
        left, top, right, bottom = video.conditions.face.box
        middle, level = scale * (left + right) / 2, scale * (top + bottom) / 2
        return cls(
            width,
            height,
            (wide, high),
            round(min(max(middle - width / 2, 0), wide - width)),
            round(min(max(level - HEADROOM * height, 0), high - height)),
        )

    def __call__(self, frame: Picture) -> Picture:
        """A frame of the video as one of the film."""
        if frame.shape[1::-1] != self.scaled:
            shrinks = self.scaled[0] < frame.shape[1]
            frame = np.asarray(
                cv2.resize(frame, self.scaled, interpolation=cv2.INTER_AREA if shrinks else cv2.INTER_CUBIC)
            )
        return frame[self.top : self.top + self.height, self.left : self.left + self.width]


@dataclass(frozen=True)
class Laid:
    """Makes frames of the film.

    Attributes:
        layout: how.
        panels: of each of the people.
        seen: from when on [s] who is seen, by number, in a cut.
        fps: frames a second.
    """

    layout: Layout
    panels: Sequence[Panel]
    seen: Sequence[tuple[float, int]]
    fps: int

    def __call__(self, count: int, frames: Sequence[Picture]) -> Picture:
        """Of the frames of all people at once, the film's frame of that number."""
        if self.layout == "split":
            return np.hstack([panel(frame) for panel, frame in zip(self.panels, frames, strict=True)])
        who = [number for start, number in self.seen if start <= count / self.fps][-1]
        return self.panels[who](frames[who])
