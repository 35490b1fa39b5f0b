"""The pictures of a clip: its motion, whether it is in step with the sound, and the square around the face."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

import cv2
import numpy as np

from dicetalk.arrays import Float32
from dicetalk.data.clip import Missing
from dicetalk.data.offset import Offset, find_offset
from dicetalk.errors import MediaError, NoFaceError
from dicetalk.face import Box
from dicetalk.media import VideoWriter, read_video
from dicetalk.rates import FPS
from dicetalk.speech import Speech
from dicetalk.tracking.tracker import Sight, watch

MOST_OFFSET = 3
"""Sound and pictures further apart than this are not used [frames]: 120 ms, which people notice."""

CROP_AROUND = 0.5
"""Margin of a crop around all places where the face is, as a share of its larger side, on each side."""


@dataclass(frozen=True, eq=False)
class Film:
    """What the pictures of a clip give.

    Attributes:
        motion: (T, 58) 52 shapes and the head's pose.
        offset: of the pictures against the sound; None without a voice.
        box: the square around the face in all frames.
    """

    motion: Float32
    offset: Offset | None
    box: Box


def read_film(path: Path, speech: Speech | None) -> Film | Missing:
    """The film of a clip, or why its pictures are not used."""
    try:
        sight = watch(path)
    except (MediaError, NoFaceError) as error:
        return Missing(str(error))
    offset = None if speech is None else find_offset(sight.landmarks, speech)
    if offset is not None and offset.sure and abs(offset.frames) > MOST_OFFSET:
        late = "after" if offset.frames > 0 else "before"
        apart = abs(offset.frames) / FPS
        return Missing(f"{path} has pictures {apart:.2f} s {late} the sound; at most {MOST_OFFSET / FPS} s is used")
    motion = np.column_stack([sight.motion.shapes, sight.motion.pose])
    return Film(motion, offset, _square(sight))


def _square(sight: Sight) -> Box:
    """The square that holds the face in all frames, with a margin; it may reach beyond the picture."""
    places = sight.landmarks[..., :2]
    low, high = places.min((0, 1)), places.max((0, 1))
    side = float((places.max(1) - places.min(1)).max() * 2 * CROP_AROUND + (high - low).max())
    left, top = (low + high - side) / 2
    return round(left), round(top), round(left + side), round(top + side)


def write_crop(path: Path, box: Box, frames: int, size: int, target: Path) -> None:
    """Write what lies in a box of a video: `frames` frames, size x size pixels, without sound.

    What the box holds beyond the picture repeats the picture's border.

    Raises:
        MediaError: the video cannot be read or the crop not written.
    """
    left, top, right, bottom = box
    way = cv2.INTER_AREA if right - left > size else cv2.INTER_CUBIC
    with VideoWriter(target, width=size, height=size) as video:
        for number, frame in enumerate(read_video(path, fps=FPS)):
            if number == frames:
                break
            inner = frame[max(top, 0) : bottom, max(left, 0) : right]
            pad = (max(-top, 0), max(bottom - frame.shape[0], 0), max(-left, 0), max(right - frame.shape[1], 0))
            whole = cv2.copyMakeBorder(inner, *pad, borderType=cv2.BORDER_REPLICATE)
            video.write(np.asarray(cv2.resize(whole, (size, size), interpolation=way), np.uint8))
