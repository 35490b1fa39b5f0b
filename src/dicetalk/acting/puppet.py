"""A portrait that moves: facial motion -> the deformed picture, whoever says how it moves."""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Iterator
from itertools import chain
from typing import Protocol

import numpy as np

from dicetalk.amounts import AS_USUAL, Amounts
from dicetalk.arrays import Waveform
from dicetalk.backbone import Conditions, Wanted, Watch
from dicetalk.media import Picture
from dicetalk.motion.basis import face_shapes
from dicetalk.motion.ease import Ease
from dicetalk.motion.resample import resampled
from dicetalk.motion.space import Motion, index, look_at_camera
from dicetalk.portrait.cover import ready_to_look
from dicetalk.portrait.raster import warm_up
from dicetalk.portrait.renderer import Renderer
from dicetalk.portrait.topology import topology
from dicetalk.rates import FPS
from dicetalk.threads import Ahead, Promise

CHUNK_S = 0.2
"""Length of a chunk [s]: small enough for live use."""
MOST_PIXELS = 20_000_000
"""Of a chunk: 60 MB."""


class Puppet(ABC):
    """A backbone that draws by deforming the picture itself; needs neither a GPU nor a download.

    Attributes:
        kind: its row of `backbone.KINDS`.
    """

    kind: str
    fps = FPS

    @abstractmethod
    def move(self, conditions: Conditions) -> Iterator[Motion]:
        """What a face does for speech and feelings, stretch by stretch, a row of speech a frame."""

    def act(self, conditions: Conditions) -> Iterator[Motion]:
        """Facial motion of the whole clip, stretch by stretch."""
        motions = _played(conditions) if conditions.motion is not None else self._moved(conditions)
        return _ease(conditions).eased(motions) if conditions.ease else motions

    def _moved(self, conditions: Conditions) -> Iterator[Motion]:
        """The same at the frame rate that is wanted."""
        moved = self.move(conditions)
        return moved if conditions.fps == FPS else resampled(moved, conditions.fps, conditions.frames)

    def generate(self, conditions: Conditions, watch: Watch | None = None) -> Iterator[Picture]:
        """Frames as chunks (t, H, W, 3) uint8; the first comes at once, so that there is nothing to watch."""
        motions, chunk = self.act(conditions), _frames_at_once(conditions)
        first = next(motions)
        renderer = Renderer(conditions.portrait, conditions.face, conditions.cover)
        yield from _drawn(renderer, first[:chunk], 0, conditions)
        start = len(first[:chunk])
        with Ahead(motions) as others:  # only now: who listens would keep the first frames waiting
            for motion in chain([first[chunk:]], others):
                yield from _drawn(renderer, motion, start, conditions)
                start += len(motion)


class Acting(Protocol):
    """What a face does while it is told what to say."""

    def hear(self, sound: Waveform) -> None:
        """Take the next samples (N,) int16, mono at 16 kHz."""

    def finish(self) -> None:
        """Nothing more is said."""

    def moves(self) -> Iterator[Motion]:
        """The motion that no later sound can change, stretch by stretch, each of them once."""
        ...


class LivePuppet:
    """Draws what is acted as it is acted, each frame at once."""

    def __init__(self, acting: Acting, renderer: Renderer, wanted: Wanted) -> None:
        """Of one clip; the first frame is drawn for nothing, since all that happens once takes longest."""
        self._acting, self._renderer, self._wanted, self._done = acting, renderer, wanted, 0
        (first,) = renderer.render(Motion.still(1))
        self._nothing = first[None][:0]

    def hear(self, sound: Waveform) -> None:
        """Take the next samples (N,) int16, mono at 16 kHz."""
        self._acting.hear(sound)

    def finish(self) -> None:
        """Nothing more is said."""
        self._acting.finish()

    def frames(self) -> Iterator[Picture]:
        """Frames (1, H, W, 3) uint8 of all that is acted by now; (0, H, W, 3) for one that is not wanted."""
        for motion in self._acting.moves():
            for draw in self._renderer.drafts(motion):
                is_wanted, self._done = self._wanted(self._done), self._done + 1
                yield draw()[None] if is_wanted else self._nothing


def _drawn(renderer: Renderer, motion: Motion, start: int, conditions: Conditions) -> Iterator[Picture]:
    """The frames of a motion as chunks (t, H, W, 3); its first frame is number `start` of the clip."""
    chunk = _frames_at_once(conditions)
    for first in range(0, len(motion), chunk):
        part, begin = motion[first : first + chunk], start + first
        settle = _ease(conditions).mouth(begin, begin + len(part)) if conditions.ease else 1.0
        frames = list(renderer.render(part, settle=settle))
        yield frames[0][None] if len(frames) == 1 else np.stack(frames)  # a vast frame is not copied


def _frames_at_once(conditions: Conditions) -> int:
    """Of a chunk: fewer of large pictures, several of which would fill the memory."""
    most = MOST_PIXELS // conditions.portrait[..., 0].size
    return max(1, min(round(CHUNK_S * conditions.fps), most))


def _played(conditions: Conditions) -> Iterator[Motion]:
    """What was given, as much of it as is wanted."""
    assert conditions.motion is not None
    given = _toned(conditions.motion, conditions.amounts)
    return resampled([given], conditions.fps, conditions.frames)


def _toned(motion: Motion, amounts: Amounts) -> Motion:
    """A given motion with as much of head, lids and eyes as is wanted: lids come down less far, since it is not told
    which of their movements are blinks."""
    if amounts == AS_USUAL:
        return motion
    shapes, pose = motion.shapes.copy(), motion.pose * np.float32(amounts.head)
    shapes[:, [index("eyeBlinkLeft"), index("eyeBlinkRight")]] *= np.float32(amounts.blink)
    if amounts.gaze == "camera":
        look_at_camera(shapes, pose)
    return Motion(shapes, pose, motion.fps).clipped()


def _ease(conditions: Conditions) -> Ease:
    return Ease(conditions.frames, conditions.fps)


def ready_to_draw() -> None:
    """Load all that does not depend on portrait and speech."""
    Promise(ready_to_look)  # beside what follows; whoever needs one of its networks waits for that one
    face_shapes()
    topology()
    warm_up()
