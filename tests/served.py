"""A server of our own in a process of its own, as `dicetalk serve` starts it."""

from __future__ import annotations

import subprocess
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx

PATIENCE = 100.0
"""[s]"""


@dataclass
class Served:
    """A server that runs.

    Attributes:
        process: it.
        url: where it listens.
        asks: a client of it.
    """

    process: subprocess.Popen[str]
    url: str
    asks: httpx.Client

    def send(self, path: Path) -> str:
        """Send a file; gives its id."""
        answer = self.asks.post("/v1/uploads", content=path.read_bytes())
        assert answer.status_code == 201, answer.text
        return str(answer.json()["id"])

    def begin(self, **fields: Any) -> str:
        """Ask for a video; gives the job's id."""
        answer = self.asks.post("/v1/videos", json=fields)
        assert answer.status_code == 202, answer.text
        return str(answer.json()["id"])

    def job(self, id: str) -> dict[str, Any]:
        told: dict[str, Any] = self.asks.get(f"/v1/videos/{id}").json()
        return told

    def wait(self, id: str, *statuses: str) -> dict[str, Any]:
        """Wait until a job has one of some statuses."""
        end = time.monotonic() + PATIENCE
        while (told := self.job(id))["status"] not in statuses:
            assert time.monotonic() < end and told["status"] in ("queued", "running"), told
            time.sleep(0.1)
        return told


@contextmanager
def serving(data: Path, *options: str) -> Iterator[Served]:
    """A server on a folder, killed at the end if it still runs."""
    words = [sys.executable, "-m", "dicetalk", "serve", "--port", "0", "--data", str(data), *options]
    with subprocess.Popen(words, stderr=subprocess.PIPE, text=True) as process:
        try:
            assert process.stderr is not None
            line = process.stderr.readline()
            assert line.startswith("serving http://"), line + process.stderr.read()
            url = line.split()[1]
            with httpx.Client(base_url=url, timeout=PATIENCE) as client:
                yield Served(process, url, client)
        finally:
            process.kill()
