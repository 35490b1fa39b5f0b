"""The pictures of a clip: its motion, whether it is in step with the sound, and the square around the face."""

from __future__ import annotations

import itertools
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

import cv2
import numpy as np

from dicetalk.arrays import Float32, Float64
from dicetalk.data.clip import Missing
from dicetalk.data.offset import Offset, find_offset
from dicetalk.errors import MediaError, NoFaceError
from dicetalk.face import Box
from dicetalk.media import Picture, VideoWriter, read_video
from dicetalk.rates import FPS
from dicetalk.speech import Speech
from dicetalk.tracking.tracker import watch

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
        box: the square around the face in all frames, with a margin.
        landmarks: (T, 478, 3) [px].
    """

    motion: Float32
    offset: Offset | None
    box: Box
    landmarks: Float64

    def cut(self, frames: int) -> Film:
        """Its first frames, at most so many: sound and pictures seldom end together."""
        return replace(self, motion=self.motion[:frames], landmarks=self.landmarks[:frames])


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
    places = sight.landmarks[..., :2]
    box = inside(square_around(places, CROP_AROUND), square_around(places), picture_size(path))
    return Film(motion, offset, box, sight.landmarks)


def picture_size(path: Path) -> tuple[int, int]:
    """Width and height of a video's frames [px].

    Raises:
        MediaError: the video cannot be read.
    """
    height, width = next(iter(read_video(path, fps=FPS))).shape[:2]
    return width, height


def inside(box: Box, face: Box, size: tuple[int, int]) -> Box:
    """A square within a picture, if it can be: moved into it, and no wider than it, but around all of the face.

    What a square holds beyond the picture is its border again, stripes that nobody should learn.

    Args:
        box: the square as it would be.
        face: the square that holds the face alone.
        size: width and height of the picture [px].
    """
    side = min(box[2] - box[0], max(min(size), face[2] - face[0]))
    middle = ((box[0] + box[2]) / 2, (box[1] + box[3]) / 2)
    left, top = (round(min(max(m - side / 2, 0), max(s - side, 0))) for m, s in zip(middle, size, strict=True))
    left, top = (min(max(at, face[n + 2] - side), face[n]) for n, at in enumerate((left, top)))
    return left, top, left + side, top + side


def square_around(places: Float64, margin: float = 0.0) -> Box:
    """The square that holds points (T, K, 2) [px] in all frames; it may reach beyond the picture.

    Args:
        places: the points.
        margin: on each side, as a share of the larger side of what they span in one frame.
    """
    low, high = places.min((0, 1)), places.max((0, 1))
    side = float((places.max(1) - places.min(1)).max() * 2 * margin + (high - low).max())
    left, top = (low + high - side) / 2
    return round(left), round(top), round(left + side), round(top + side)


def crops(path: Path, box: Box, frames: int, size: int) -> Iterator[Picture]:
    """What lies in a box of a video, size x size pixels, at most `frames` of it.

    What the box holds beyond the picture repeats the picture's border.

    Raises:
        MediaError: the video cannot be read.
    """
    left, top, right, bottom = box
    way = cv2.INTER_AREA if right - left > size else cv2.INTER_CUBIC
    for frame in itertools.islice(read_video(path, fps=FPS), frames):
        inner = frame[max(top, 0) : bottom, max(left, 0) : right]
        pad = (max(-top, 0), max(bottom - frame.shape[0], 0), max(-left, 0), max(right - frame.shape[1], 0))
        whole = cv2.copyMakeBorder(inner, *pad, borderType=cv2.BORDER_REPLICATE)
        yield np.asarray(cv2.resize(whole, (size, size), interpolation=way), np.uint8)


def write_crop(path: Path, box: Box, frames: int, size: int, target: Path) -> None:
    """Write what `crops` gives as a video without sound.

    Raises:
        MediaError: the video cannot be read or the crop not written.
    """
    with VideoWriter(target, width=size, height=size) as video:
        for crop in crops(path, box, frames, size):
            video.write(crop)
