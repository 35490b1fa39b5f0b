"""Motion as Live Link Face CSV, which any ARKit avatar reads: 52 shapes, three angles of the head, six of the eyes."""

from __future__ import annotations

import csv
import math
import os
import re
from collections.abc import Iterable, Iterator, Sequence
from contextlib import contextmanager
from itertools import chain
from pathlib import Path
from typing import TextIO

import numpy as np

from dicetalk.arrays import Float32, Float64
from dicetalk.errors import InputError, MediaError
from dicetalk.files import existing_file, path_of, whole
from dicetalk.motion.resample import SAME, between
from dicetalk.motion.space import POSE, SHAPES, Motion, gaze, index
from dicetalk.rates import FPS

# The app writes the right before the left for the jaw and the mouth, unlike Apple's list.
_SWAPPED = {"jawLeft": "jawRight", "jawRight": "jawLeft", "mouthLeft": "mouthRight", "mouthRight": "mouthLeft"}
_CSV_SHAPES = tuple(_SWAPPED.get(name, name) for name in SHAPES)
_CSV_ORDER = [index(name) for name in _CSV_SHAPES]
_HEAD = ("HeadYaw", "HeadPitch", "HeadRoll")
_EYES = ("LeftEyeYaw", "LeftEyePitch", "LeftEyeRoll", "RightEyeYaw", "RightEyePitch", "RightEyeRoll")

CURVES = {".csv": "csv"}
"""Suffixes of motion files."""
LIVE_LINK_COLUMNS = (
    "Timecode",
    "BlendShapeCount",
    *(name[0].upper() + name[1:] for name in _CSV_SHAPES),
    *_HEAD,
    *_EYES,
)
"""The header of a Live Link Face CSV: time code, 61, then 52 shapes, 3 head and 6 eye angles."""

_CHANNELS = len(LIVE_LINK_COLUMNS) - 2

DIGITS = 6
"""Decimals of every value."""

SEPARATORS = ",;\t"
"""Between columns: the app's own, and those that spreadsheets write where numbers have a comma, or as text."""
MOST = 1e9
"""No angle and no share of a shape is larger."""
WIDE = (b"\xff\xfe", b"\xfe\xff")
"""How text of two bytes a letter begins, which spreadsheets call Unicode."""


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
            writer.writerow([_timecode(frame, motion.fps), _CHANNELS, *(f"{value:.{DIGITS}f}" for value in row)])
            frame += 1
    return frame


def _channels(motion: Motion) -> Float32:
    """(T, 61): shapes in the app's order, head angles, eye angles [rad]."""
    shapes = np.round(motion.shapes, DIGITS)  # eyes as the written shapes tell: so that it comes back the same
    eyes = np.zeros((len(motion), 2, 3), np.float32)  # an eye does not roll
    eyes[:, :, :2] = gaze(shapes)
    table = np.concatenate([shapes[:, _CSV_ORDER], motion.pose[:, :3], eyes.reshape(-1, 6)], axis=1)
    return np.round(table, DIGITS) + np.float32(0)  # no zero has a sign


def _timecode(frame: int, fps: float) -> str:
    """hours:minutes:seconds:frames, the frame within its second with three decimals."""
    second = int(frame / fps)
    return f"{second // 3600:02d}:{second // 60 % 60:02d}:{second % 60:02d}:{frame - second * fps:06.3f}"


def read_csv(path: str | os.PathLike[str], fps: int = FPS) -> Motion:
    """Read a Live Link Face CSV of any rate as motion of `fps` frames a second, from its first row on.

    Columns are found by name, in any order and letter case. A row counts from its time code on; where all rows are of
    one second, so that nothing tells how many frames that has, it has `fps` of them or, if it holds more, the next
    usual number. What a spreadsheet made of it is read too: semicolons or tabs, decimal commas, UTF-16. Eye angles are
    not read (the eyeLook shapes hold the same); head translation is 0.

    Raises:
        InputError: the file cannot be read, a column is missing, there are no rows, a value is no finite number, rows
            are not in the order of their times (says which line).
    """
    with _opened(path) as rows:
        return _read_rows(rows, fps)


def csv_seconds(path: str | os.PathLike[str]) -> float:
    """How long a Live Link Face CSV lasts [s], by its time codes alone; a file of few rows may claim hours.

    Raises:
        InputError: as `read_csv`, for what is wrong with the time codes.
    """
    with _opened(path) as rows:
        column = _columns(rows, [LIVE_LINK_COLUMNS[0]])[0]
        found = [(line, _read_timecode(line, row[column])) for line, row in _filled(rows, column)]
        lines, codes = zip(*found, strict=True)
        times = _seconds(np.array(codes), lines, FPS)
        return float(times[-1] + _step(times, FPS))


@contextmanager
def _opened(path: str | os.PathLike[str]) -> Iterator[Iterator[list[str]]]:
    """The rows of a file.

    Raises:
        InputError: it cannot be read, or is found to be no such file while it is.
    """
    try:
        with existing_file(path).open(newline="", encoding=_encoding(path_of(path))) as file:
            yield _rows(file)
    except (MediaError, OSError) as error:
        raise InputError(f"{error}; expected a Live Link Face CSV") from error
    except (ValueError, csv.Error, InputError) as error:
        raise InputError(f"{os.fspath(path)}: {error}; expected a Live Link Face CSV") from error


def _encoding(path: Path) -> str:
    with path.open("rb") as file:
        return "utf-16" if file.read(2) in WIDE else "utf-8-sig"


def _rows(file: TextIO) -> Iterator[list[str]]:
    """The rows of a table, with points in its numbers, whatever lies between its columns."""
    first = file.readline()
    if first.lower().startswith("sep="):
        first = file.readline()
    separator = max(SEPARATORS, key=first.count)
    rows = csv.reader(chain([first], file), delimiter=separator)
    yield from rows if separator == "," else ([cell.replace(",", ".") for cell in row] for row in rows)


def _read_rows(rows: Iterator[list[str]], fps: int) -> Motion:
    columns = _columns(rows, [*SHAPES, *_HEAD, LIVE_LINK_COLUMNS[0]])
    found = [(number, *_row(number, row, columns)) for number, row in _filled(rows, max(columns))]
    lines, codes, values = zip(*found, strict=True)
    table = np.array(values, np.float32)
    pose = np.zeros((len(table), len(POSE)), np.float32)
    pose[:, :3] = table[:, len(SHAPES) :]
    motion = Motion(table[:, : len(SHAPES)], pose, fps).clipped()
    return _at_rate(motion, _seconds(np.array(codes), lines, fps), fps)


def _columns(rows: Iterator[list[str]], names: Sequence[str]) -> list[int]:
    """Where some columns lie, by the header."""
    header = {name.strip().lower(): column for column, name in enumerate(next(rows, []))}
    missing = [name.lower() for name in names if name.lower() not in header]
    if missing:
        raise InputError(f"no column {missing[0]!r}")
    return [header[name.lower()] for name in names]


def _filled(rows: Iterator[list[str]], last: int) -> Iterator[tuple[int, list[str]]]:
    """The lines below the header that are not empty, each with its number; they reach to the `last` column."""
    are_none = True
    for number, row in enumerate(rows, start=2):
        if row and len(row) <= last:
            raise InputError(f"line {number} has {len(row)} columns of the {last + 1} in the header")
        if row:
            are_none = False
            yield number, row
    if are_none:
        raise InputError("there are no rows below the header")


def _row(number: int, row: list[str], columns: list[int]) -> tuple[tuple[int, float], list[float]]:
    """The time code and the values of a line."""
    *values, code = columns
    try:
        numbers = [float(row[column]) for column in values]
    except ValueError as error:
        raise InputError(f"line {number}: {error}") from error
    if not all(abs(value) <= MOST for value in numbers):
        raise InputError(f"line {number} holds a number that is not finite, or beyond {MOST:g}")
    return _read_timecode(number, row[code]), numbers


_TIMECODE = re.compile(r"(\d{1,2})[:;](\d{1,2})[:;](\d{1,2})[:;.](\d{1,3}(?:\.\d+)?)")


def _read_timecode(number: int, text: str) -> tuple[int, float]:
    """Seconds, and the frame within the second."""
    found = _TIMECODE.fullmatch(text.strip())
    if found is None:
        raise InputError(f"line {number} has the time code {text[:30]!r} instead of hours:minutes:seconds:frames")
    hours, minutes, seconds = (int(part) for part in found.groups()[:3])
    return hours * 3600 + minutes * 60 + seconds, float(found[4])


USUAL_RATES = (24, 25, 30, 50, 60, 120, 240)
"""Frames that a second of a time code has."""

LONGEST_GAP = 10.0
"""Rows further apart [s] are no recording of one piece."""


def _seconds(codes: Float64, lines: Sequence[int], fps: float) -> Float64:
    """The time of each row [s] (N,), from the first on; `codes` (N, 2) hold seconds and frames within them."""
    whole, frames = codes.T
    times = whole + frames / _frames_a_second(whole, frames, fps)
    steps = np.diff(times)
    for row in np.flatnonzero((steps <= 0) | (steps > LONGEST_GAP))[:1]:
        told = "is not after" if steps[row] <= 0 else f"is {steps[row]:.0f} s after"
        raise InputError(f"the time code of line {lines[row + 1]} {told} that of line {lines[row]}; sort or cut them")
    return np.asarray(times - times[0])


def _frames_a_second(whole: Float64, frames: Float64, fps: float) -> float:
    """How many frames a second of the time codes has, as its turns tell: ..., 58, 59, 0, 1, ..."""
    seconds, steps = np.diff(whole), np.diff(frames)
    turns = seconds == 1
    if turns.any() and (seconds == 0).any():
        told = float(np.median(np.median(steps[seconds == 0]) - steps[turns]))
    else:
        told = fps
    least = max(told, math.floor(frames.max()) + 1)
    return min(USUAL_RATES, key=lambda rate: (rate < least - 0.5, abs(rate - least)))


def _step(times: Float64, fps: float) -> float:
    """How long a row lasts [s]."""
    return float(np.median(np.diff(times))) if len(times) > 1 else 1 / fps


def _at_rate(motion: Motion, times: Float64, fps: int) -> Motion:
    """Rows that count from their times (N,) [s] on as motion at a rate."""
    step = _step(times, fps)
    moments = (np.arange(max(round((times[-1] + step) * fps), 1)) + 0.5) / fps - step / 2
    places = np.interp(moments, times, np.arange(len(times)))
    rows = np.rint(places).astype(int)
    return between(motion, times, np.where(np.abs(places - rows) < SAME, times[rows], moments), fps)
