"""Which emotion each clip of a set was meant to show: from a table, or from the records of the jobs that made them."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from dataclasses import dataclass
from itertools import pairwise
from pathlib import Path

import numpy as np

from dicetalk.emotion.timeline import Timeline
from dicetalk.emotion.vocabulary import NAMES, NEUTRAL, resolve
from dicetalk.errors import EmotionError, InputError, MediaError
from dicetalk.files import read_bytes
from dicetalk.rates import FPS
from dicetalk.reading.asked import record_of, timeline_of
from dicetalk.reading.compared import MEANT

TABLE = "clips.csv"
"""What is looked for in a folder of videos."""
MOST = 100_000_000
"""Of a table or a record [bytes]."""
LEAST_PART_S = 1.0
"""What is asked for a shorter time is read with what is around it [s]."""


@dataclass(frozen=True)
class Part:
    """A stretch of a clip in which one emotion was meant.

    Attributes:
        start: [s].
        end: [s].
        name: of the emotion.
    """

    start: float
    end: float
    name: str


def wanted_emotions(videos: Mapping[str, Path], table: Path | None, beside: Path | None) -> dict[str, str]:
    """The emotion of each clip of which it is known: that of the table, else of the clip's own record.

    A record is what `dicetalk generate --json` prints, kept beside the video under its name with `.json`.

    Args:
        videos: the file of each clip, by name.
        table: a CSV with the columns `clip` (or `file`) and `emotion`, as it was asked for.
        beside: a folder whose `clips.csv`, if there is one that names emotions, is such a table.

    Raises:
        InputError: the table asked for cannot be read, names no emotion of these clips, or names an unknown one.
    """
    found = {name: emotion for name, path in videos.items() if (emotion := _recorded(path)) is not None}
    if table is not None:
        named = _of(videos, read_table(table))
        if not named:
            some = next(iter(videos))
            raise InputError(f"{table} names no emotion of these clips; expected names such as {some!r}")
        return found | named
    usual = None if beside is None else beside / TABLE
    return found | (_of(videos, read_table(usual)) if usual is not None and usual.is_file() else {})


def wanted_parts(videos: Mapping[str, Path], table: Path | None, beside: Path | None) -> dict[str, tuple[Part, ...]]:
    """What was meant in turn, of each clip whose record tells of several emotions and which no table names.

    Args:
        videos: the file of each clip, by name.
        table: as for `wanted_emotions`.
        beside: as for `wanted_emotions`.
    """
    usual = None if beside is None else beside / TABLE
    tables = [path for path in (table, usual) if path is not None and (path == table or path.is_file())]
    named = {name for path in tables for name in _of(videos, read_table(path))}
    found = {name: _parts_recorded(path) for name, path in videos.items() if name not in named}
    return {name: parts for name, parts in found.items() if len(parts) > 1}


def _of(videos: Mapping[str, Path], table: Mapping[str, str]) -> dict[str, str]:
    """The lines of a table that are of these clips, whether it names them with or without a suffix."""
    return {
        name: table[known] for name, path in videos.items() for known in (name + path.suffix, name) if known in table
    }


def read_table(path: Path) -> dict[str, str]:
    """Emotions by clip; lines without one are passed over.

    Raises:
        InputError: it cannot be read, has other columns, or an emotion is unknown (says in which line).
    """
    lines = _decoded(path).splitlines()
    reader = csv.DictReader(lines, restval="")
    column = next((name for name in ("clip", "file") if name in (reader.fieldnames or ())), None)
    if column is None or "emotion" not in (reader.fieldnames or ()):
        raise InputError(f"{path} has no columns clip and emotion; expected a CSV that begins with clip,emotion")
    found = {}
    try:
        for row in reader:
            if row["emotion"].strip():
                found[row[column].strip()] = resolve(row["emotion"])
    except (EmotionError, csv.Error) as error:
        raise InputError(f"{path}, line {reader.line_num}: {error}") from None
    return found


def _decoded(path: Path) -> str:
    try:
        return read_bytes(path, MOST).decode("utf-8-sig")
    except (MediaError, UnicodeDecodeError) as error:
        raise InputError(f"{path} cannot be read ({error}); expected a CSV with clip,emotion") from None


def _recorded(video: Path) -> str | None:
    """What the record beside a video says was felt for most of it; None without a record of one speaker."""
    record = record_of(video)
    timeline = None if record is None else timeline_of(record, video.parent)
    if record is None or timeline is None:
        return None
    try:
        return strongest(timeline, float(record["seconds"]))
    except (ValueError, TypeError, KeyError):  # somebody else's file of that name
        return None


def _parts_recorded(video: Path) -> tuple[Part, ...]:
    record = record_of(video)
    timeline = None if record is None else timeline_of(record, video.parent)
    try:
        return () if record is None or timeline is None else parts_of(timeline, float(record["seconds"]))
    except (ValueError, TypeError, KeyError, OverflowError):  # somebody else's file of that name
        return ()


def parts_of(timeline: Timeline, seconds: float) -> tuple[Part, ...]:
    """Stretches of a clip of some length [s] in which one emotion leads, without those that are short; a weak one leads
    where it has half the share of calm.
    """
    mixtures = timeline.at((np.arange(max(1, round(seconds * FPS))) + 0.5) / FPS)
    felt = mixtures[:, 1:].argmax(1) + 1
    calm = mixtures[np.arange(len(felt)), felt] < MEANT * mixtures[:, 0]
    names = np.where(calm, 0, felt)
    edges = [0, *(np.flatnonzero(np.diff(names)) + 1).tolist(), len(names)]
    parts = [Part(one / FPS, other / FPS, NAMES[int(names[one])]) for one, other in pairwise(edges)]
    return tuple(part for part in parts if part.end - part.start >= LEAST_PART_S)


def strongest(timeline: Timeline, seconds: float) -> str:
    """The name that is felt most over a clip of some length [s]; neutral where nothing is felt."""
    times = [*(time for time, _ in timeline.keys), max(seconds, timeline.keys[-1][0])]
    felt: dict[str, float] = {}
    for (start, stop), (_, feeling) in zip(pairwise(times), timeline.keys, strict=True):
        for name, strength in feeling.strengths.items():
            felt[name] = felt.get(name, 0.0) + strength * (stop - start)
    return max(felt, key=lambda name: felt[name], default=NEUTRAL)
