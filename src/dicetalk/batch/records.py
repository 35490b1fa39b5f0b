"""What is known of jobs that were made: by what they were asked for, and by the files that came out."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterator
from dataclasses import dataclass
from functools import lru_cache
from pathlib import Path
from typing import Any

import dicetalk
from dicetalk.backbone import find_backbone
from dicetalk.batch.places import OUTPUTS, RECORDS
from dicetalk.emotion.feeling import Feeling
from dicetalk.files import existing_file, whole
from dicetalk.jobs import PATHS, READ_IN, Job
from dicetalk.marks.credentials import BESIDE, beside
from dicetalk.media.frames import is_numbered, numbered_in
from dicetalk.sources.scheme import source_of
from dicetalk.sources.typed import Typed
from dicetalk.speakers import speakers_of

READ = tuple(name for name in PATHS if name not in OUTPUTS)
"""What of a job names files to read."""


def digest(path: Path) -> str:
    """The SHA-256 of a file's content.

    Raises:
        MediaError: it cannot be opened, or is empty.
    """
    found = existing_file(path).stat()
    return _digest(path.absolute(), found.st_size, found.st_mtime_ns)


@lru_cache(maxsize=100_000)  # one portrait stands in many rows
def _digest(path: Path, size: int, changed: int) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def key_of(job: Job) -> str:
    """What a job's files depend on: content of its inputs and weights, its settings, the version of DiceTalk.

    Where things lie does not count: a job whose inputs were moved is the same.

    Raises:
        DiceTalkError: an input cannot be read, or an emotion not be understood.
    """
    told = job.to_json()
    settings = {name: value for name, value in told.items() if name not in (*PATHS, *OUTPUTS, "replace", "backbone")}
    inputs = {name: digest(Path(told[name])) for name in READ if told[name] is not None}
    settings["speakers"] = [[one.face, one.channel, _felt(one.emotion)] for one in speakers_of(job.speakers)]
    settings["emotion"] = _felt(job.felt)
    settings["text"] = None if job.text is None else _felt(f"{READ_IN}:{job.text}")
    others = [job.motion_out is not None, job.words is not None, job.feelings is not None]
    settings["writes"] = [job.output.suffix.lower(), *others]
    told = {"settings": settings, "inputs": inputs, "backbone": _drawn_by(job), "version": dicetalk.__version__}
    return hashlib.sha256(json.dumps(told, sort_keys=True).encode()).hexdigest()


def _felt(emotion: Any) -> object:
    """What an emotion comes to: all of it where it is typed or stands in a file, else who hears it, and where."""
    source = source_of(emotion)
    if isinstance(source, Typed):
        return [source.timeline.fade, [[time, _feeling(feeling)] for time, feeling in source.timeline.keys]]
    scheme = emotion.partition(":")[0].strip().lower() if source.files else emotion
    return [scheme, [digest(file) for file in source.files]]


def _feeling(feeling: Feeling) -> object:
    prior = feeling.prior
    return [feeling.weights, feeling.intensity, None if prior is None else [prior.mean.tolist(), prior.std.tolist()]]


def _drawn_by(job: Job) -> object:
    place = find_backbone(job.backbone)
    files = sorted(path for path in place.folder.rglob("*") if path.is_file()) if place.folder else []
    return [place.name, [digest(file) for file in files if file.stat().st_size]]


@dataclass(frozen=True)
class Record:
    """The file in which it stands what became of an output.

    Attributes:
        path: of the file.
    """

    path: Path

    @classmethod
    def of(cls, folder: Path, output: Path) -> Record:
        """The record of an output in a batch's folder."""
        name = output.relative_to(folder).as_posix()
        return cls(folder / RECORDS / f"{hashlib.sha256(name.encode()).hexdigest()[:32]}.json")

    @property
    def picture(self) -> Path:
        """A few frames of the video, beside the record."""
        return self.path.with_suffix(".jpg")

    def begin(self, key: str) -> None:
        """Note that the output is ours to write, and to replace.

        Raises:
            MediaError: it cannot be written.
        """
        self._write({"key": key})

    def finish(self, key: str, job: Job, made: dict[str, Any]) -> None:
        """Note what was made.

        Raises:
            MediaError: it cannot be written.
        """
        self._write({"key": key, "made": made, "files": [digest(file) for file in written_by(job)]})

    def _write(self, told: dict[str, Any]) -> None:
        with whole(self.path) as hidden:
            hidden.write_text(json.dumps(told), encoding="utf-8")

    def read(self) -> dict[str, Any]:
        """What stands in it; nothing where it is not there, or somebody has damaged it."""
        try:
            told = json.loads(self.path.read_text(encoding="utf-8"))
        except (OSError, ValueError):
            return {}
        return told if isinstance(told, dict) else {}

    def made(self, key: str, job: Job) -> dict[str, Any] | None:
        """What was made of such a job, if all its files are there as they were written; None where it is to be made."""
        told = self.read()
        if told.get("key") != key or not isinstance(told.get("made"), dict):
            return None
        files = list(written_by(job))
        there = files and all(file.is_file() and file.stat().st_size for file in files)
        return told["made"] if there and [digest(file) for file in files] == told.get("files") else None


def written_by(job: Job) -> Iterator[Path]:
    """The files of a job that was made."""
    yield from numbered_in(job.output) if is_numbered(job.output) else (job.output,)
    if job.output.suffix.lower() in BESIDE and beside(job.output).is_file():
        yield beside(job.output)
    yield from (path for path in (job.motion_out, job.words, job.feelings) if path is not None)
