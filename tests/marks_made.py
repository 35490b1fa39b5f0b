"""Small files with marks, made by the real writers."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from dicetalk.arrays import Picture
from dicetalk.marks.marks import PICTURES, Marks
from dicetalk.marks.origin import Origin
from dicetalk.media import VideoWriter, write_picture
from dicetalk.media.frames import FrameWriter, is_numbered

ORIGIN = Origin(
    version="0.1.0",
    backbone="motion",
    emotion="happy 0.80, neutral 0.20",
    seed=7,
    inputs={"portrait": "ab" * 32, "speech": "cd" * 32},
)
CONSENT = 'Ada "the first" <Byron> & Söhne,\n3 May'


def noise(frames: int = 12, size: int = 64, channels: int = 3) -> Picture:
    """Frames that do not compress to nothing."""
    return np.random.default_rng(0).integers(0, 255, (frames, size, size, channels), dtype=np.uint8)


def marked(path: Path, marks: Marks, *, alpha: bool = False) -> Path:
    """A video, a picture, or the first of numbered pictures, with these marks."""
    stamp, frames = marks.stamp(path, ORIGIN), noise(channels=4 if alpha else 3)
    if path.suffix in PICTURES and not is_numbered(path):
        write_picture(path, frames[0], stamp)
        return path
    if path.suffix == ".png":
        with FrameWriter(path, stamp) as pictures:
            pictures.write(frames[:2])
        return path.with_name(path.name % 0)
    with VideoWriter(path, width=64, height=64, alpha=alpha, mark=stamp) as video:
        video.write(frames)
    return path
