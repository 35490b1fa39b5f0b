"""Motion as Live Link Face CSV, which any ARKit avatar reads: 52 shapes, three angles of the head, six of the eyes."""

from __future__ import annotations

import csv
import math
import os
from collections.abc import Iterable, Iterator
from typing import TextIO

import numpy as np

from dicetalk.arrays import Float32
from dicetalk.errors import InputError, MediaError
from dicetalk.files import existing_file, path_of, whole
from dicetalk.motion.space import POSE, SHAPES, Motion, gaze, index
from dicetalk.rates import FPS

# The app writes the right before the left for the jaw and the mouth, unlike Apple's list.
_SWAPPED = {"jawLeft": "jawRight", "jawRight": "jawLeft", "mouthLeft": "mouthRight", "mouthRight": "mouthLeft"}
_CSV_SHAPES = tuple(_SWAPPED.get(name, name) for name in SHAPES)
_CSV_ORDER = [index(name) for name in _CSV_SHAPES]
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

    Written whole or not at all; nothing is left behind on failure.
    Head translation has no column there and is left out.

    Raises:
        MediaError: the file cannot be written.
    """
    with whole(path_of(path)) as temporary, temporary.open("w", newline="", encoding="ascii") as file:
        return _write_rows(file, motions)


def _write_rows(file: TextIO, motions: Iterable[Motion]) -> int:
    writer = csv.writer(file, lineterminator="\n")
    writer.writerow(LIVE_LINK_COLUMNS)
    frame = 0
    for motion in motions:
        for row in _channels(motion):
            writer.writerow([_timecode(frame, motion.fps), _CHANNELS, *(f"{value:.6f}" for value in row)])
            frame += 1
    return frame


def _channels(motion: Motion) -> Float32:
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
        with existing_file(path).open(newline="", encoding="utf-8-sig") as file:
            return _read_rows(csv.reader(file), fps)
    except (MediaError, OSError) as error:
        raise InputError(f"{error}; expected a Live Link Face CSV") from error
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
