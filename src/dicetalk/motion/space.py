"""The motion space: Apple's 52 face shapes and the head's pose at 25 frames a second.

Shapes are coefficients 0 (rest) to 1 (full). Left and right are the subject's own.

Head pose, relative to how the head is held in the portrait:

- the head's axes, as it is held in the portrait; for an upright head facing the camera these are x to the right of the
  image (the subject's left), y down, z away from the camera;
- yaw, pitch, roll [rad]: right-handed turns about the axes of ARKit's face anchor, which are x to the right of the
  image, y *up*, z *towards* the camera. Positive yaw turns the nose to the right of the image (the subject's left),
  positive pitch turns it down (a nod), positive roll tilts the crown to the left of the image (the subject's right).
- x, y, z: translation along the head's axes [inter-ocular distances].
"""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass, replace
from typing import Any

import numpy as np
from numpy.typing import NDArray

from dicetalk.arrays import Float32, Float64
from dicetalk.errors import InputError
from dicetalk.rates import FPS

SHAPES = (
    "eyeBlinkLeft", "eyeLookDownLeft", "eyeLookInLeft", "eyeLookOutLeft", "eyeLookUpLeft", "eyeSquintLeft",
    "eyeWideLeft", "eyeBlinkRight", "eyeLookDownRight", "eyeLookInRight", "eyeLookOutRight", "eyeLookUpRight",
    "eyeSquintRight", "eyeWideRight", "jawForward", "jawLeft", "jawRight", "jawOpen", "mouthClose", "mouthFunnel",
    "mouthPucker", "mouthLeft", "mouthRight", "mouthSmileLeft", "mouthSmileRight", "mouthFrownLeft",
    "mouthFrownRight", "mouthDimpleLeft", "mouthDimpleRight", "mouthStretchLeft", "mouthStretchRight",
    "mouthRollLower", "mouthRollUpper", "mouthShrugLower", "mouthShrugUpper", "mouthPressLeft", "mouthPressRight",
    "mouthLowerDownLeft", "mouthLowerDownRight", "mouthUpperUpLeft", "mouthUpperUpRight", "browDownLeft",
    "browDownRight", "browInnerUp", "browOuterUpLeft", "browOuterUpRight", "cheekPuff", "cheekSquintLeft",
    "cheekSquintRight", "noseSneerLeft", "noseSneerRight", "tongueOut",
)  # fmt: skip
"""Apple's names (ARFaceAnchor.BlendShapeLocation) in the order used by every array of shapes."""

POSE = ("yaw", "pitch", "roll", "x", "y", "z")

EYE_YAW = math.radians(30)
EYE_PITCH = math.radians(25)
"""How far an eye turns when its eyeLook shape is 1 [rad]."""

_INDEX = {name: i for i, name in enumerate(SHAPES)}


def index(name: str) -> int:
    """The column of a shape. A name that is none is our own mistake: KeyError."""
    return _INDEX[name]


def _other_side(name: str) -> str:
    if name.endswith("Left"):
        return name.removesuffix("Left") + "Right"
    if name.endswith("Right"):
        return name.removesuffix("Right") + "Left"
    return name


MIRROR = tuple(_INDEX[_other_side(name)] for name in SHAPES)
"""For each shape the column of its mirror image (itself for the shapes in the middle)."""

# A mirror swaps the image's left and right: turns about the vertical and the viewing axis change sign, nods do not.
MIRROR_POSE = np.array([-1, 1, -1, -1, 1, 1], np.float32)


@dataclass(frozen=True, eq=False)
class Motion:
    """A stretch of facial motion.

    Attributes:
        shapes: (T, 52) float32, columns as `SHAPES`, 0 to 1.
        pose: (T, 6) float32, columns as `POSE`, [rad] and [inter-ocular distances].
        fps: frames a second.

    Raises:
        InputError: a number is not finite, of which later only a black picture would tell.
    """

    shapes: Float32
    pose: Float32
    fps: float = FPS

    def __post_init__(self) -> None:
        object.__setattr__(self, "shapes", np.asarray(self.shapes, np.float32))
        object.__setattr__(self, "pose", np.asarray(self.pose, np.float32))
        frames = len(self.shapes)
        assert self.shapes.shape == (frames, len(SHAPES)), self.shapes.shape
        assert self.pose.shape == (frames, len(POSE)), self.pose.shape
        if not (np.isfinite(self.shapes).all() and np.isfinite(self.pose).all()):
            raise InputError("the motion holds numbers that are not finite; what gave it is damaged")

    @classmethod
    def still(cls, frames: int, fps: float = FPS) -> Motion:
        """The portrait as it is, for a number of frames."""
        return cls(np.zeros((frames, len(SHAPES)), np.float32), np.zeros((frames, len(POSE)), np.float32), fps)

    def __len__(self) -> int:
        return len(self.shapes)

    def __getitem__(self, frames: slice) -> Motion:
        return replace(self, shapes=self.shapes[frames], pose=self.pose[frames])

    def column(self, name: str) -> Float32:
        """(T,) of one shape or one part of the pose, as a view."""
        return self.pose[:, POSE.index(name)] if name in POSE else self.shapes[:, index(name)]

    def clipped(self) -> Motion:
        """The same with every shape brought into 0 to 1."""
        return replace(self, shapes=np.clip(self.shapes, 0, 1))

    def mirrored(self) -> Motion:
        """The same seen in a mirror: left and right swapped; twice is the original."""
        return replace(self, shapes=self.shapes[:, list(MIRROR)], pose=self.pose * MIRROR_POSE)


def concatenate(motions: Sequence[Motion]) -> Motion:
    """Stretches of one frame rate, one after the other; at least one."""
    assert len({motion.fps for motion in motions}) == 1
    shapes = np.concatenate([motion.shapes for motion in motions])
    return Motion(shapes, np.concatenate([motion.pose for motion in motions]), motions[0].fps)


def rotations(pose: Float32) -> Float32:
    """Head rotations in the head's axes, (T, 6) -> (T, 3, 3); the head's points p (3,) go to R @ p.

    Roll acts first, then pitch, then yaw.
    """
    # About ARKit's axes y and z point the other way than in the image, so turns about y and z change sign here.
    yaw, pitch, roll = -pose[:, 0], pose[:, 1], -pose[:, 2]
    return np.asarray(_turn(yaw, 2, 0) @ _turn(pitch, 1, 2) @ _turn(roll, 0, 1), np.float32)


def angles(turns: Float64) -> Float64:
    """Yaw, pitch and roll [rad] (T, 3) of head rotations (T, 3, 3): the inverse of `rotations`."""
    yaw = np.arctan2(turns[:, 0, 2], turns[:, 2, 2])
    pitch = np.arcsin(np.clip(-turns[:, 1, 2], -1, 1))
    roll = np.arctan2(turns[:, 1, 0], turns[:, 1, 1])
    return np.stack([-yaw, pitch, -roll], axis=1)


def _turn(angle: Float32, a: int, b: int) -> Float32:
    """(T,) [rad] -> (T, 3, 3) which turns axis `a` towards axis `b`."""
    matrix = np.tile(np.eye(3, dtype=np.float32), (len(angle), 1, 1))
    matrix[:, a, a] = matrix[:, b, b] = np.cos(angle)
    matrix[:, b, a] = np.sin(angle)
    matrix[:, a, b] = -np.sin(angle)
    return matrix


def look(right: Float64, down: Float64) -> Float64:
    """The shapes (T, 52) of two eyes that look to the right of the image and down (T,), in eyeLook weights."""
    shapes = np.zeros((len(right), len(SHAPES)))
    for name, amount in (
        ("eyeLookOutLeft", right), ("eyeLookInRight", right), ("eyeLookInLeft", -right), ("eyeLookOutRight", -right),
        ("eyeLookDownLeft", down), ("eyeLookDownRight", down), ("eyeLookUpLeft", -down), ("eyeLookUpRight", -down),
    ):  # fmt: skip
        shapes[:, index(name)] = np.maximum(amount, 0)
    return shapes


MOUTH = np.array([name.startswith(("mouth", "jaw", "tongue")) for name in SHAPES])
"""Which shapes (52,) belong to the lower face, where the lips' work comes first."""

EYES = np.array([name.startswith("eyeLook") for name in SHAPES])
"""Which shapes (52,) turn the eyes."""


def look_at_camera(shapes: NDArray[Any], pose: NDArray[Any]) -> None:
    """Turn the eyes of shapes (T, 52) as far back as a pose (T, 6) turns the head, wherever they looked."""
    shapes[:, EYES] = look(-pose[:, 0] / EYE_YAW, -pose[:, 1] / EYE_PITCH)[:, EYES]


def gaze(shapes: Float32) -> Float32:
    """Eye turns from the eyeLook shapes, (T, 52) -> (T, 2, 2): left and right eye, yaw and pitch [rad].

    Signs as for the head: positive yaw looks to the right of the image, positive pitch looks down.
    """
    left_yaw = shapes[:, index("eyeLookOutLeft")] - shapes[:, index("eyeLookInLeft")]
    right_yaw = shapes[:, index("eyeLookInRight")] - shapes[:, index("eyeLookOutRight")]
    left_pitch = shapes[:, index("eyeLookDownLeft")] - shapes[:, index("eyeLookUpLeft")]
    right_pitch = shapes[:, index("eyeLookDownRight")] - shapes[:, index("eyeLookUpRight")]
    turns: Float32 = np.stack([left_yaw, left_pitch, right_yaw, right_pitch], axis=1).reshape(-1, 2, 2)
    return turns * np.array([EYE_YAW, EYE_PITCH], np.float32)
