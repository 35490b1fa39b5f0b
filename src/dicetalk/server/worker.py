"""A process that makes one video after the other."""

from __future__ import annotations

import os
import secrets
import shutil
import sqlite3
import time
from contextlib import suppress
from dataclasses import replace
from functools import lru_cache
from pathlib import Path
from typing import Any

from dicetalk.backbone import DEFAULT, load_backbone
from dicetalk.errors import DiceTalkError
from dicetalk.jobs import Cancelled, Event, Job
from dicetalk.making import options_of, run
from dicetalk.pipeline import DiceTalk
from dicetalk.server.leash import leashed
from dicetalk.server.places import Places
from dicetalk.server.problems import field_of, renamed
from dicetalk.server.queue import Entry, Queue
from dicetalk.server.request import GROWING, PREVIEW, asked_of, job_of

PAUSE = 0.1
"""Between two looks for a job [s]."""
TOLD_EVERY = 0.2
"""Between two words on how far a job has come [s]."""


def work(data: Path, name: str) -> None:
    """Make videos until the server ends. Each try has a claim that begins with `name`: whoever sees this process end
    knows which job was lost."""
    leashed()
    places = Places(data)
    queue = Queue(places.database)
    warm(DEFAULT, None)
    for number in range(10**9):
        claim = f"{name}-{number}-{secrets.token_hex(4)}"
        while (entry := _claimed(queue, claim)) is None:
            time.sleep(PAUSE)
        make(queue, places, entry)


def _claimed(queue: Queue, claim: str) -> Entry | None:
    """The next job; None where none waits, or none can be taken because the disk is full."""
    with suppress(sqlite3.OperationalError):
        return queue.claim(claim)
    return None


@lru_cache(maxsize=2)
def warm(name: str, options: object | None) -> DiceTalk:
    """What makes videos by a backbone, which stays loaded."""
    return DiceTalk(load_backbone(name, options))


def make(queue: Queue, places: Places, entry: Entry) -> None:
    """Make the video of one job, in the folder of its claim, which stays only if it is done."""
    assert entry.claim is not None
    folder = places.video(entry.claim)
    folder.mkdir()
    result, error = _made(queue, places, entry, folder)
    if result is not None:
        _keep(folder)
    if not queue.finish(entry.claim, result, error) or result is None:
        shutil.rmtree(folder)


def _made(
    queue: Queue, places: Places, entry: Entry, folder: Path
) -> tuple[dict[str, Any] | None, dict[str, Any] | None]:
    """The record of a job, or of its error."""
    assert entry.claim is not None
    names: dict[Path, str] = {}
    try:
        asked = asked_of(entry.request, queue, places)
        names = asked.names
        job = _agreed(job_of(asked, folder), entry.consent)
        growing = folder / GROWING if job.output.suffix == ".mp4" else None
        talk = warm(job.backbone, options_of(job))
        done = run(job, _Teller(queue, entry.claim), talk, growing=growing)
    except Cancelled:
        return None, None
    except DiceTalkError as error:
        field = field_of(error, entry.request)
        return None, renamed(error.to_json(), names) | ({} if field is None else {"field": field})
    except MemoryError:
        return None, {"error": "the memory ran out; give a smaller picture or size", "kind": "MemoryError"}
    except Exception as error:  # the last resort: a fault of ours ends one job and not all of them
        return None, {"error": f"{type(error).__name__}: {error} (a fault of DiceTalk)", "kind": "Fault"}
    record = done.to_json()
    told = {name: value for name, value in record.items() if name not in ("output", "motion_out", "words")}
    return renamed(told, names) | {"curves": job.motion_out is not None, "words": job.words is not None}, None


def _agreed(job: Job, consent: str | None) -> Job:
    """A job whose video keeps who agreed to it, where it has marks to keep that in."""
    return job if job.marks == "none" else replace(job, consent=consent)


class _Teller:
    """Says how far a job has come, now and then, and stops it where that is wanted."""

    def __init__(self, queue: Queue, claim: str) -> None:
        self._queue, self._claim, self._last = queue, claim, 0.0
        self._work, self._begin = "", 0.0

    def __call__(self, event: Event) -> None:
        now = time.monotonic()
        if event.work != self._work:
            self._work, self._begin = event.work, now
        elif now - self._last < TOLD_EVERY and event.done != event.total:
            return
        self._last = now
        if not self._queue.progress(self._claim, self._told(event, now)):
            raise Cancelled

    def _told(self, event: Event, now: float) -> dict[str, Any]:
        share = event.done / event.total if event.total else None
        left = (now - self._begin) * (1 / share - 1) if share else None
        return {"work": event.work, "done": event.done, "total": event.total, "things": event.things, "share": share,
                "left_s": None if left is None else round(left, 1)}  # fmt: skip


def _keep(folder: Path) -> None:
    """See that the results are on the disk before that is said; what could be seen meanwhile is not needed any more."""
    for name in (GROWING, PREVIEW):
        (folder / name).unlink(missing_ok=True)
    for path in (*folder.iterdir(), folder):
        handle = os.open(path, os.O_RDONLY)
        try:
            os.fsync(handle)
        finally:
            os.close(handle)
