"""One job of a batch, made in a process of its own: whatever goes wrong with it is its outcome, and stops nothing."""

from __future__ import annotations

import json
import traceback
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from dicetalk.batch.records import Record
from dicetalk.batch.sheet import few_frames
from dicetalk.errors import DiceTalkError
from dicetalk.jobs import Event, Job
from dicetalk.making import check, run, talk_of
from dicetalk.media import write_picture
from dicetalk.media.frames import is_numbered, numbered_in

if TYPE_CHECKING:
    from dicetalk.pipeline import DiceTalk

FAULT = "Fault"
"""The kind of a failure that is no `DiceTalkError`: ours."""
KILLED = "Killed"
"""The kind where the process that made it was, each time."""
TIMES = 3
"""How often a job is begun whose process is killed."""


@dataclass(frozen=True)
class Task:
    """A job to make.

    Attributes:
        row: of the manifest.
        job: what to make.
        key: `records.key_of` the job.
        record: where it is noted.
    """

    row: int
    job: Job
    key: str
    record: Record


@dataclass(frozen=True)
class Outcome:
    """What became of a row of the manifest.

    Attributes:
        row: its number.
        state: "made" now, "kept" as it was made before, "failed", or "left" because the batch was stopped.
        told: the record of the job, or of the error; what was asked for of one that is left.
        job: what was asked for; None where that was not understood.
        picture: a few frames of it; None where there are none.
    """

    row: int
    state: Literal["made", "kept", "failed", "left"]
    told: dict[str, Any]
    job: Job | None = None
    picture: Path | None = None


def make(task: Task, tell: Callable[[float], None] = lambda part: None) -> Outcome:
    """Make one video; never raises for what is wrong with it.

    Args:
        task: what to make.
        tell: is told how much of it is done, 0 to 1.
    """
    try:
        told = _made(task, tell)
    except DiceTalkError as error:
        return Outcome(task.row, "failed", error.to_json(), task.job)
    except MemoryError:
        return Outcome(task.row, "failed", {"error": "the memory ran out", "kind": "MemoryError"}, task.job)
    except Exception as error:  # a fault of ours in one job must not take the others with it
        return Outcome(task.row, "failed", fault(error), task.job)
    return Outcome(task.row, "made", told, task.job, task.record.picture)


def fault(error: Exception) -> dict[str, Any]:
    """The record of a failure that is ours."""
    last = traceback.extract_tb(error.__traceback__)[-1]
    what = " ".join(f"{type(error).__name__}: {error}".split())
    return {"error": f"{what} ({Path(last.filename).name}:{last.lineno}; a fault of DiceTalk)", "kind": FAULT}


def _made(task: Task, tell: Callable[[float], None]) -> dict[str, Any]:
    job = task.job
    if task.record.read() and is_numbered(job.output):
        for frame in numbered_in(job.output):  # nobody else has numbered any here: that is checked below
            frame.unlink()
    check(job)
    task.record.begin(task.key)
    done = run(job, lambda event: tell(_part(event)), _talk(job))
    told = done.to_json()
    write_picture(task.record.picture, few_frames(job.output, done.video.frames))
    task.record.finish(task.key, job, told)
    return told


def _part(event: Event) -> float:
    return event.done / event.total if event.total and event.work in ("rendering", "denoising") else 0.0


_KEPT: dict[str, DiceTalk] = {}


def _talk(job: Job) -> DiceTalk:
    """The last one is kept: loading weights may take longer than a video."""
    name = json.dumps([job.backbone, dict(job.options)], sort_keys=True)
    if name not in _KEPT:
        _KEPT.clear()
        _KEPT[name] = talk_of(job)
    return _KEPT[name]
