"""The workers: so many processes, each replaced when it is lost, and its job put back."""

from __future__ import annotations

import secrets
import shutil
import sqlite3
import time
from contextlib import suppress
from multiprocessing.process import BaseProcess
from threading import Event, Thread

from dicetalk.server.leash import SPAWN
from dicetalk.server.places import Places
from dicetalk.server.queue import Queue
from dicetalk.server.worker import work

LOOK_EVERY = 0.2
"""[s]"""
SWEEP_EVERY = 60.0
"""Between two looks for what has expired [s]."""


class Crew:
    """The workers of a server, and what goes on beside its requests.

    Attributes:
        lost: how many workers ended that should not have.
    """

    def __init__(self, queue: Queue, places: Places, workers: int, keep_s: float) -> None:
        self._queue, self._places, self._keep_s = queue, places, keep_s
        self.lost = 0
        self._stop = Event()
        self._workers: dict[str, BaseProcess] = {}
        self._wanted = workers
        self._thread = Thread(target=self._watch, daemon=True)

    @property
    def alive(self) -> int:
        """How many workers run."""
        return sum(process.is_alive() for process in list(self._workers.values()))

    def start(self) -> None:
        """Begin with what the last server left."""
        self._queue.wait_again()
        self._places.clean(self._queue.claims(), self._queue.uploads())
        for _ in range(self._wanted):
            self._hire()
        self._thread.start()

    def stop(self) -> None:
        """End the workers; what they were making waits again at the next start."""
        self._stop.set()
        self._thread.join()
        for process in self._workers.values():
            process.kill()
            process.join()

    def _hire(self) -> None:
        name = secrets.token_hex(8)
        process = SPAWN.Process(target=work, args=(self._places.data, name), daemon=True)
        process.start()
        self._workers[name] = process

    def _watch(self) -> None:
        swept = time.monotonic()
        while not self._stop.wait(LOOK_EVERY):
            with suppress(sqlite3.Error):  # as where the disk is full: it is tried again at the next look
                self._replace_lost()
                if time.monotonic() - swept > SWEEP_EVERY:
                    swept = time.monotonic()
                    self.sweep()

    def _replace_lost(self) -> None:
        for name, process in list(self._workers.items()):
            if not process.is_alive():
                self._put_back(name)
                self.lost += 1
                del self._workers[name]
                self._hire()

    def _put_back(self, name: str) -> None:
        """Let the job of a worker wait again."""
        for claim in self._queue.claims():
            if claim.startswith(f"{name}-") and self._queue.lose(claim):
                shutil.rmtree(self._places.video(claim), ignore_errors=True)

    def sweep(self) -> None:
        """Remove what has expired."""
        for claim in self._queue.expire(time.time() - self._keep_s, self._places.forget):
            shutil.rmtree(self._places.video(claim), ignore_errors=True)
