"""The motion space: Apple's 52 face shapes and the head's pose at 25 frames a second; Live Link Face CSV.

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

import csv
import math
import os
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TextIO

import numpy as np
from numpy.typing import NDArray
from scipy.spatial.transform import Rotation

from dicetalk.errors import InputError
from dicetalk.media import FPS
from dicetalk.media.files import claim_temporary, writing

Array = NDArray[np.float32]

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
    """

    shapes: Array
    pose: Array
    fps: float = FPS

    def __post_init__(self) -> None:
        object.__setattr__(self, "shapes", np.asarray(self.shapes, np.float32))
        object.__setattr__(self, "pose", np.asarray(self.pose, np.float32))
        frames = len(self.shapes)
        assert self.shapes.shape == (frames, len(SHAPES)), self.shapes.shape
        assert self.pose.shape == (frames, len(POSE)), self.pose.shape

    @classmethod
    def still(cls, frames: int, fps: float = FPS) -> Motion:
        """The portrait as it is, for a number of frames."""
        return cls(np.zeros((frames, len(SHAPES)), np.float32), np.zeros((frames, len(POSE)), np.float32), fps)

    def __len__(self) -> int:
        return len(self.shapes)

    def __getitem__(self, frames: slice) -> Motion:
        return replace(self, shapes=self.shapes[frames], pose=self.pose[frames])

    def column(self, name: str) -> Array:
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


def rotations(pose: Array) -> Array:
    """Head rotations in the head's axes, (T, 6) -> (T, 3, 3); the head's points p (3,) go to R @ p.

    Roll acts first, then pitch, then yaw.
    """
    # About ARKit's axes y and z point the other way than in the image, so turns about y and z change sign here.
    yaw, pitch, roll = -pose[:, 0], pose[:, 1], -pose[:, 2]
    return np.asarray(_turn(yaw, 2, 0) @ _turn(pitch, 1, 2) @ _turn(roll, 0, 1), np.float32)


def angles(turns: NDArray[np.float64]) -> NDArray[np.float64]:
    """Yaw, pitch and roll [rad] (T, 3) of head rotations (T, 3, 3): the inverse of `rotations`."""
    return np.asarray(Rotation.from_matrix(turns).as_euler("YXZ") * np.array([-1.0, 1.0, -1.0]))


def _turn(angle: Array, a: int, b: int) -> Array:
    """(T,) [rad] -> (T, 3, 3) which turns axis `a` towards axis `b`."""
    matrix = np.tile(np.eye(3, dtype=np.float32), (len(angle), 1, 1))
    matrix[:, a, a] = matrix[:, b, b] = np.cos(angle)
    matrix[:, b, a] = np.sin(angle)
    matrix[:, a, b] = -np.sin(angle)
    return matrix


def gaze(shapes: Array) -> Array:
    """Eye turns from the eyeLook shapes, (T, 52) -> (T, 2, 2): left and right eye, yaw and pitch [rad].

    Signs as for the head: positive yaw looks to the right of the image, positive pitch looks down.
    """
    left_yaw = shapes[:, index("eyeLookOutLeft")] - shapes[:, index("eyeLookInLeft")]
    right_yaw = shapes[:, index("eyeLookInRight")] - shapes[:, index("eyeLookOutRight")]
    left_pitch = shapes[:, index("eyeLookDownLeft")] - shapes[:, index("eyeLookUpLeft")]
    right_pitch = shapes[:, index("eyeLookDownRight")] - shapes[:, index("eyeLookUpRight")]
    turns: Array = np.stack([left_yaw, left_pitch, right_yaw, right_pitch], axis=1).reshape(-1, 2, 2)
    return turns * np.array([EYE_YAW, EYE_PITCH], np.float32)


# ---- Live Link Face CSV

# The app writes the right before the left for the jaw and the mouth, unlike Apple's list.
_SWAPPED = {"jawLeft": "jawRight", "jawRight": "jawLeft", "mouthLeft": "mouthRight", "mouthRight": "mouthLeft"}
_CSV_SHAPES = tuple(_SWAPPED.get(name, name) for name in SHAPES)
_CSV_ORDER = [_INDEX[name] for name in _CSV_SHAPES]
_HEAD = ("HeadYaw", "HeadPitch", "HeadRoll")
_EYES = ("LeftEyeYaw", "LeftEyePitch", "LeftEyeRoll", "RightEyeYaw", "RightEyePitch", "RightEyeRoll")

LIVE_LINK_COLUMNS = (
    "Timecode",
    "BlendShapeCount",
    *(name[0].upper() + name[1:] for name in _CSV_SHAPES),
    *_HEAD,
    *_EYES,
)
"""The header of a Live Link Face CSV: time code, 61, then 52 shapes, 3 head and 6 eye angles."""

_CHANNELS = len(LIVE_LINK_COLUMNS) - 2


def write_csv(path: str | os.PathLike[str], motions: Iterable[Motion]) -> int:
    """Write stretches of motion as one Live Link Face CSV; gives the number of frames.

    Written to a temporary name beside `path` and moved into place at the end; nothing is left behind on failure.
    Head translation has no column there and is left out.

    Raises:
        MediaError: the file cannot be written.
    """
    target = Path(path)
    temporary = claim_temporary(target)
    try:
        with writing(target), temporary.open("w", newline="", encoding="ascii") as file:
            frames = _write_rows(file, motions)
        with writing(target):
            temporary.replace(target)
    finally:
        temporary.unlink(missing_ok=True)
    return frames


def _write_rows(file: TextIO, motions: Iterable[Motion]) -> int:
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(LIVE_LINK_COLUMNS)
    frame = 0
    for motion in motions:
        for row in _channels(motion):
            writer.writerow([_timecode(frame, motion.fps), _CHANNELS, *(f"{value:.6f}" for value in row)])
            frame += 1
    return frame


def _channels(motion: Motion) -> Array:
    """(T, 61): shapes in the app's order, head angles, eye angles [rad]."""
    eyes = np.zeros((len(motion), 2, 3), np.float32)  # an eye does not roll
    eyes[:, :, :2] = gaze(motion.shapes)
    return np.concatenate([motion.shapes[:, _CSV_ORDER], motion.pose[:, :3], eyes.reshape(-1, 6)], axis=1)


def _timecode(frame: int, fps: float) -> str:
    """hours:minutes:seconds:frames, the frame within its second with three decimals."""
    second = int(frame / fps)
    return f"{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}:{frame - second * fps:06.3f}"


def read_csv(path: str | os.PathLike[str], fps: float = FPS) -> Motion:
    """Read a Live Link Face CSV recorded at `fps`; columns are found by name, in any order and letter case.

    Eye angles are not read (the eyeLook shapes hold the same); head translation is 0.

    Raises:
        InputError: the file cannot be read, a column is missing, a value is no finite number (says which line).
    """
    try:
        with Path(path).open(newline="", encoding="utf-8-sig") as file:
            return _read_rows(csv.reader(file), fps)
    except OSError as error:
        raise InputError(f"cannot read {os.fspath(path)} ({error.strerror}); expected a Live Link Face CSV") from error
    except (ValueError, csv.Error, InputError) as error:
        raise InputError(f"{os.fspath(path)}: {error}; expected a Live Link Face CSV") from error


def _read_rows(rows: Iterator[list[str]], fps: float) -> Motion:
    header = {name.strip().lower(): column for column, name in enumerate(next(rows, []))}
    wanted = [name.lower() for name in (*SHAPES, *_HEAD)]
    missing = [name for name in wanted if name not in header]
    if missing:
        raise InputError(f"no column {missing[0]!r}")
    columns = [header[name] for name in wanted]
    values = [_row(number, row, columns) for number, row in enumerate(rows, start=2) if row]
    table = np.array(values, np.float32).reshape(-1, len(wanted))
    pose = np.zeros((len(table), len(POSE)), np.float32)
    pose[:, :3] = table[:, len(SHAPES) :]
    return Motion(table[:, : len(SHAPES)], pose, fps)


def _row(number: int, row: list[str], columns: list[int]) -> list[float]:
    if len(row) <= max(columns):
        raise InputError(f"line {number} has {len(row)} columns of the {max(columns) + 1} in the header")
    values = [float(row[column]) for column in columns]
    if not all(math.isfinite(value) for value in values):
        raise InputError(f"line {number} holds a number that is not finite")
    return values
