"""The workers: replaced when they are lost, whatever the disk does meanwhile."""

from __future__ import annotations

import sqlite3
import time
from pathlib import Path

import pytest

from dicetalk.server import crew
from dicetalk.server.crew import Crew
from dicetalk.server.places import Places
from dicetalk.server.queue import Queue


def idle(data: Path, name: str) -> None:
    """A worker that makes nothing."""
    time.sleep(60)


class Full(Queue):
    """Jobs on a disk that is full at first."""

    times = 2

    def lose(self, claim: str) -> bool:
        if self.times:
            self.times -= 1
            raise sqlite3.OperationalError("database or disk is full")
        return super().lose(claim)


def test_a_worker_that_is_lost_while_the_disk_is_full_is_replaced_and_its_job_waits_again(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(crew, "work", idle)
    monkeypatch.setattr(crew, "LOOK_EVERY", 0.01)
    places = Places(tmp_path)
    places.make()
    queue = Full(places.database)
    workers = Crew(queue, places, 1, 60)
    workers.start()
    try:
        ((name, process),) = workers._workers.items()
        queue.add("job", {}, None, set(), 9)
        queue.claim(f"{name}-0")
        process.kill()
        end = time.monotonic() + 30
        while (found := queue.find("job")) is None or found.status != "queued" or not workers.alive:
            assert time.monotonic() < end
            time.sleep(0.01)
        assert workers.lost == 1 and found.tries == 1 and not queue.times
    finally:
        workers.stop()
