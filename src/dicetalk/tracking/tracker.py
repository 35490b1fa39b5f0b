"""Video -> facial motion: the face mesh of each frame, then 52 shapes and head pose at 25 frames a second."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Iterable, Iterator, Sequence
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from itertools import islice
from pathlib import Path

import numpy as np

from dicetalk.arrays import Bool, Float32, Float64
from dicetalk.errors import NoFaceError
from dicetalk.face import Face, follow_face
from dicetalk.media import Picture, read_video
from dicetalk.motion.space import Motion
from dicetalk.rates import FPS
from dicetalk.tracking.fitting import read_landmarks

LEAST_SEEN = 0.5
"""A face that is seen in fewer of the frames is no talking face."""
MISSING = np.full((478, 3), np.nan, np.float32)
"""The landmarks of no face."""


@dataclass(frozen=True, eq=False)
class Sight:
    """What was seen of a face.

    Attributes:
        motion: T frames; where the face was not seen, what lies between.
        seen: (T,) whether it was.
        landmarks: (T, 478, 3) [px], likewise.
    """

    motion: Motion
    seen: Bool
    landmarks: Float64


def watch(path: Path, every: int = 1) -> Sight:
    """The motion of the largest face of a video.

    Landmarks are in pixels of the video's frames: a small face is followed at the size it was filmed in.

    Args:
        path: of the video, at any frame rate.
        every: look at every second frame, say, and draw straight lines between: quicker, and misses blinks.

    Raises:
        MediaError: the file cannot be read, or has no pictures.
        NoFaceError: no face in more than half of the frames.
    """
    sight = watch_frames(_ahead(read_video(path, fps=FPS / every)), every)
    if sight is None:
        raise NoFaceError(f"{path} shows no face in most of its frames; use a video of one talking face")
    return sight


def watch_in_blocks(
    path: Path, length: int, every: int = 1, looked: Callable[[int], None] = lambda frames: None
) -> Iterator[tuple[int, Sight | None]]:
    """The same of a video of any length, block by block, so that memory does not grow with it.

    The face is followed from block to block, but each block has a resting face of its own.

    Args:
        path: of the video.
        length: of a block [frames, 25 a second].
        every: as for `watch`.
        looked: is called with each frame's number, from 1, of those that are looked at.

    Yields:
        How many frames a block has, and what is seen in it; None where most of it shows no face.

    Raises:
        MediaError: the file cannot be read, or has no pictures.
    """
    faces = enumerate(follow_face(_ahead(read_video(path, fps=FPS / every))), start=1)
    while block := list(islice(faces, length // every)):
        looked(block[-1][0])
        yield len(block) * every, _sight([_landmarks(face) for _, face in block], every)


AHEAD = 8
"""Frames that are decoded while libraries are loaded and faces looked for: 200 MB of them in 4K."""


def _ahead(frames: Iterator[Picture]) -> Iterator[Picture]:
    """The same frames, read by a thread beside; it begins at once."""
    beside = ThreadPoolExecutor(1)
    coming = deque(beside.submit(next, frames, None) for _ in range(AHEAD))

    def taken() -> Iterator[Picture]:
        try:
            while (frame := coming.popleft().result()) is not None:
                coming.append(beside.submit(next, frames, None))
                yield frame
        finally:
            beside.shutdown(cancel_futures=True)

    return taken()


def watch_frames(frames: Iterable[Picture], every: int = 1) -> Sight | None:
    """The motion of the largest face of frames (H, W, 3), 25 / `every` a second; None if most of them show none."""
    return _sight([_landmarks(face) for face in follow_face(frames)], every)


def _landmarks(face: Face | None) -> Float32:
    """(478, 3), NaN where there is no face."""
    return MISSING if face is None else face.landmarks


def _sight(looked: Sequence[Float32], every: int) -> Sight | None:
    """What is seen, by the landmarks (478, 3) of each frame; None if most of them show no face."""
    landmarks = np.full((len(looked) * every, 478, 3), np.nan)
    landmarks[every // 2 :: every] = np.reshape(looked, (-1, 478, 3))
    known = np.isfinite(landmarks).all(axis=(1, 2))
    seen = np.repeat(known[every // 2 :: every], every)
    if not len(seen) or seen.mean() < LEAST_SEEN:
        return None
    landmarks = _filled(landmarks, known)
    return Sight(read_landmarks(landmarks), seen, landmarks)


def _filled(values: Float64, known: Bool) -> Float64:
    """(T, ...) with a straight line from known row to known row."""
    rows = np.arange(len(values))
    after = np.searchsorted(rows[known], rows).clip(0, known.sum() - 1)
    before = (np.searchsorted(rows[known], rows, side="right") - 1).clip(0)
    one, two = rows[known][before], rows[known][after]
    share = np.where(two > one, (rows - one) / np.maximum(two - one, 1), 0.0)
    return np.asarray(values[one] + share[:, None, None] * (values[two] - values[one]))
