"""The fields of a case as each door takes them, and what is right of what comes out."""

from __future__ import annotations

import os
import re
import sys
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import av
from hostile.cases import Case, Door
from hostile.made import encoded, put, wav

INPUTS = ("portrait", "speech", "motion_in", "emotion_file")
LONGEST_LINE = 700
"""Signs of an error: longer ones are read by nobody."""


def fields_of(case: Case, folder: Path) -> dict[str, Any]:
    """All fields of a case's job, its files made in a folder; `emotion_file` is still apart."""
    folder.mkdir(exist_ok=True)
    good = {"portrait": put(folder, "good.png", encoded("PNG")), "speech": put(folder, "good.wav", wav())}
    told = {**good, "size": 64, "crop": True, **case.make(folder)}
    return {name: value for name, value in told.items() if value is not None}


def with_paths(fields: Mapping[str, Any]) -> dict[str, Any]:
    """The fields for a door that takes paths."""
    told = dict(fields)
    sent = told.pop("emotion_file", None)
    return told | ({"emotion": told["emotion"].replace("{file}", sent)} if sent is not None else {})


def words_of(fields: Mapping[str, Any]) -> list[str]:
    """The fields as they are typed behind `dicetalk generate`."""
    told = with_paths(fields)
    given = [told.pop("portrait"), *([told.pop("speech")] if "speech" in told else [])]
    return [
        "generate",
        "--json",
        *(word for name, value in told.items() for word in _option(name, value)),
        "--",
        *given,
    ]


def _option(name: str, value: Any) -> list[str]:
    word = "--" + ("speaker" if name == "speakers" else name.replace("_", "-"))
    if value is True or value is False:
        return [word] if value else []
    return [f"{word}={part}" for part in (value if isinstance(value, list) else [value])]


def assert_right(case: Case, record: Mapping[str, Any]) -> None:
    """The record of a video is that of the right one."""
    warnings = "; ".join(record["warnings"])
    assert re.search(case.warns, warnings) if case.warns else not warnings, warnings
    assert case.frames in (None, record["frames"]) and record["frames"] > 0
    assert record["width"] == record["height"] == 64


def assert_shown(path: Path | Any, record: Mapping[str, Any]) -> None:
    """A video, a file or an open one, has the frames that its record tells."""
    with av.open(path if not isinstance(path, Path) else str(path), mode="r") as film:
        assert len(list(film.decode(video=0))) == record["frames"]


def assert_told(case: Case, door: Door, line: str, kind: str) -> None:
    """An error is the expected one: one line, of a kind of our own, and no fault of ours."""
    assert re.search(case.said_at(door), line), f"{line!r} does not say {case.said_at(door)!r}"
    assert "\n" not in line and len(line) < LONGEST_LINE and "Traceback" not in line, line
    assert kind not in ("Fault", "Killed", "") and "a fault of DiceTalk" not in line, (kind, line)


def temporary(monkeypatch: Any, folder: Path) -> Path:
    """A folder for all that is temporary, in this process and in those that it starts."""
    folder.mkdir()
    monkeypatch.setenv("TMPDIR", str(folder))
    monkeypatch.setattr("tempfile.tempdir", str(folder))
    return folder


def environment(folder: Path) -> dict[str, str]:
    """The same for a process."""
    folder.mkdir()
    return {**os.environ, "TMPDIR": str(folder)}


def command(*words: str) -> Sequence[str]:
    """A command line in a process of its own."""
    return [sys.executable, "-m", "dicetalk", *words]
