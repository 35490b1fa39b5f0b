"""What is heard and seen of one talking-head video, small enough to keep of hundreds of them."""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import Any

import numpy as np

from dicetalk.arrays import Float32, Float64
from dicetalk.errors import InputError
from dicetalk.face.mesh import five_points
from dicetalk.media import probe, read_sound
from dicetalk.motion.landmarks import (
    BROWS,
    LEFT_LOWER_LID,
    LEFT_UPPER_LID,
    LOWER_LIP,
    OUTER_LIPS,
    OVAL,
    RIGHT_LOWER_LID,
    RIGHT_UPPER_LID,
    UPPER_LIP,
)
from dicetalk.motion.space import Motion
from dicetalk.rates import FPS, HOPS_PER_FRAME
from dicetalk.speech import listen
from dicetalk.speech.broad import PHONES
from dicetalk.speech.heard import hear_mouth
from dicetalk.tracking.fitting import find_heads
from dicetalk.tracking.tracker import watch

LEAST_S = 1.0
"""Shorter clips say too little [s]."""

UPPER, LOWER = UPPER_LIP[len(UPPER_LIP) // 2], LOWER_LIP[len(LOWER_LIP) // 2]
"""The middle of both lips."""

WIDE = 90
"""Percentile of a mouth's gaps: how far it opens where the voice is loud."""

OPENING = len(PHONES) + 1
"""The column of `hear_mouth` that tells how far the lips part."""


_OF_LIPS = dict.fromkeys((*OUTER_LIPS, *UPPER_LIP, *LOWER_LIP))
_OF_LIDS = (*RIGHT_UPPER_LID, *RIGHT_LOWER_LID, *LEFT_UPPER_LID, *LEFT_LOWER_LID)
OF_FACE = tuple(dict.fromkeys((*_OF_LIPS, *_OF_LIDS, *BROWS, *OVAL)))
"""The points that are held against a real face's: lips first, then lids, brows and outline."""
LIPS = slice(len(_OF_LIPS))
"""Those of the lips."""


@dataclass(frozen=True, eq=False)
class Footage:
    """One video of somebody who talks; T frames of 25 a second.

    Attributes:
        name: of the clip in its set.
        path: of the video.
        mouth: (4 T, 26) what a mouth does for its sound, as `hear_mouth`.
        loudness: (T,) as `Speech.loudness`.
        pitch: (T,) [Hz], 0 without voice.
        motion: of the face.
        gap: (T,) between the middles of the inner lips, in the head's own frame [inter-ocular distances].
        moved: (T - 1,) how far the mesh moves in the picture from frame to frame, on average [inter-ocular distances].
        shaken: (T - 2,) how far that differs from the move before it, likewise.
        boxes: (T, 4) left, top, right and bottom of the mesh [px].
        points: (T, 5, 2) both eyes, the tip of the nose, both corners of the mouth [px], from left to right.
        points_of_face: (T, P, 2) the points `OF_FACE` in the head's own frame [inter-ocular distances].
    """

    name: str
    path: Path
    mouth: Float32
    loudness: Float64
    pitch: Float64
    motion: Motion
    gap: Float64
    moved: Float64
    shaken: Float64
    boxes: Float64
    points: Float64
    points_of_face: Float32

    @property
    def frames(self) -> int:
        """T."""
        return len(self.gap)

    @property
    def seconds(self) -> float:
        """Length [s]."""
        return self.frames / FPS

    def with_sound_of(self, other: Footage) -> Footage:
        """This face with another clip's voice, as long as the shorter of both."""
        frames = min(self.frames, other.frames)
        voice = other._cut(frames)
        return replace(self._cut(frames), mouth=voice.mouth, loudness=voice.loudness, pitch=voice.pitch)

    def still(self) -> Footage:
        """The same voice with a face that holds still where its lips are nearest to each other."""
        frames = self.frames
        shut = int(self.gap.argmin())
        held = self.motion[shut : shut + 1]
        motion = Motion(np.repeat(held.shapes, frames, 0), np.repeat(held.pose, frames, 0))
        nothing = np.zeros(frames)
        return replace(
            self,
            motion=motion,
            gap=np.full(frames, self.gap[shut]),
            moved=nothing[1:],
            shaken=nothing[2:],
            points_of_face=np.repeat(self.points_of_face[shut : shut + 1], frames, 0),
        )

    def loud_mouth(self) -> Footage:
        """The same voice with a mouth that opens as far as it is loud, and knows nothing of phones."""
        return replace(self, gap=self.loudness * float(np.percentile(self.gap, WIDE)))

    def _cut(self, frames: int) -> Footage:
        """The first frames of it."""
        return replace(
            self,
            mouth=self.mouth[: frames * HOPS_PER_FRAME],
            loudness=self.loudness[:frames],
            pitch=self.pitch[:frames],
            motion=self.motion[:frames],
            gap=self.gap[:frames],
            moved=self.moved[: frames - 1],
            shaken=self.shaken[: frames - 2],
            boxes=self.boxes[:frames],
            points=self.points[:frames],
            points_of_face=self.points_of_face[:frames],
        )


def read_footage(path: Path, name: str) -> Footage:
    """Listen to and watch a video.

    Raises:
        MediaError: it cannot be read, or lacks pictures or sound.
        NoFaceError: no face in most of its frames.
        InputError: there is less than a second of it.
    """
    pictures, sound = probe(path)
    if pictures is None or sound is None:
        raise InputError(f"{path} has no {'pictures' if pictures is None else 'sound'}; give videos with both")
    waveform = read_sound(path).waveform
    speech, mouth = listen(waveform), hear_mouth(waveform)
    sight = watch(path)
    frames = min(len(sight.motion), len(mouth) // HOPS_PER_FRAME)
    if frames < LEAST_S * FPS:
        raise InputError(f"{path} has {frames / FPS:.2f} s of sound and pictures; give {LEAST_S:g} s at least")
    loudness, pitch = speech.loudness.astype(np.float64), speech.pitch.astype(np.float64)
    seen = _measured(sight.landmarks)
    return Footage(name, path, mouth, loudness, pitch, sight.motion, **seen)._cut(frames)


def _measured(landmarks: Float64) -> dict[str, Any]:
    """What is kept of landmarks (T, 478, 3)."""
    heads = find_heads(landmarks)
    mesh = landmarks[..., :2] / heads.unit
    places = landmarks[..., :2]
    return {
        "gap": heads.faces[:, LOWER, 1] - heads.faces[:, UPPER, 1],
        "moved": _sizes(np.diff(mesh, axis=0)),
        "shaken": _sizes(np.diff(mesh, 2, axis=0)),
        "boxes": np.concatenate([places.min(1), places.max(1)], axis=1),
        "points": np.array([five_points(points) for points in landmarks]),
        "points_of_face": heads.faces[:, OF_FACE, :2].astype(np.float32),
    }


def _sizes(changes: Float64) -> Float64:
    """Mean length (T,) of the changes (T, N, 2) of points."""
    return np.asarray(np.linalg.norm(changes, axis=2).mean(1))
