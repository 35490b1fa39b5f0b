"""What a video says was asked of it: in the record beside it, or in its own marks of origin."""

from __future__ import annotations

import json
import mmap
from pathlib import Path
from typing import Any

from dicetalk.emotion.feeling import Feeling
from dicetalk.emotion.timeline import Timeline
from dicetalk.emotion.timeline_file import from_json
from dicetalk.errors import InputError
from dicetalk.files import read_bytes
from dicetalk.marks.xmp import packet_in, read_packet

MOST = 100_000_000
"""Of a record [bytes]."""


def asked_of(video: Path) -> Timeline | None:
    """What was asked of a video; None where nothing tells it.

    The record knows when what was asked; the marks (`marks.origin`) know how much of it over all of the video. Whether
    they are the file's own is for `dicetalk verify` to say.
    """
    record = record_of(video)
    return _marked(video) if record is None else timeline_of(record, video.parent)


def record_of(video: Path) -> dict[str, Any] | None:
    """What `dicetalk generate --json` told of a video, kept beside it under its name with `.json`; None without one."""
    path = video.with_suffix(".json")
    if not path.is_file():
        return None
    try:
        record = json.loads(read_bytes(path, MOST))
        known = isinstance(record, dict) and "speakers" not in record and "heard" in record
        return record if known and timeline_of(record, path.parent) is not None else None
    except (ValueError, RecursionError, InputError):  # somebody else's file of that name
        return None


def timeline_of(record: dict[str, Any], folder: Path) -> Timeline | None:
    """The timeline of a record; None where it holds none."""
    try:
        return from_json(record["heard"], folder)
    except (ValueError, TypeError, KeyError, RecursionError, InputError):
        return None


def _marked(video: Path) -> Timeline | None:
    """A timeline of one key, of what the marks tell of the whole."""
    try:
        with video.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            found = packet_in(data)
    except (OSError, ValueError):  # an empty file cannot be mapped
        return None
    told = None if found is None else read_packet(found[1])
    return None if told is None else _felt(str(told.get("emotion", "")))


def _felt(text: str) -> Timeline | None:
    """`happy 0.56, neutral 0.44` -> a timeline of it."""
    try:
        shares = [(name, float(share)) for name, share in (part.split() for part in text.split(","))]
        return Timeline([(0.0, Feeling.of((name, share) for name, share in shares if name != "neutral"))])
    except (ValueError, InputError):  # another program's, or several people's
        return None
