"""Jobs and files in SQLite: what server and workers know of each other. Whoever is killed leaves it whole (WAL)."""

from __future__ import annotations

import json
import sqlite3
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

MOST_TRIES = 5
"""A job whose worker was lost so often is given up: it may be what kills them, and five times is no chance any more."""
PATIENCE = 30.0
"""How long one process waits while another one writes [s]."""

FRESH = 60.0
"""A file that was used so short a time ago is not noted again [s]: writing takes longer than a still."""

TABLES = """
CREATE TABLE IF NOT EXISTS jobs (
    number INTEGER PRIMARY KEY AUTOINCREMENT, id TEXT UNIQUE NOT NULL, status TEXT NOT NULL, request TEXT NOT NULL,
    consent TEXT, created REAL NOT NULL, started REAL, ended REAL, claim TEXT, tries INTEGER NOT NULL DEFAULT 0,
    progress TEXT, result TEXT, error TEXT
);
CREATE INDEX IF NOT EXISTS jobs_by_status ON jobs (status, number);
CREATE TABLE IF NOT EXISTS uploads (
    id TEXT PRIMARY KEY, kind TEXT NOT NULL, suffix TEXT NOT NULL, facts TEXT NOT NULL, used REAL NOT NULL
);
CREATE TABLE IF NOT EXISTS needs (job TEXT NOT NULL, upload TEXT NOT NULL, PRIMARY KEY (job, upload));
"""

OVER = ("done", "failed", "cancelled")
STATUSES = ("queued", "running", *OVER)


class FullError(Exception):
    """No more jobs can wait."""


@dataclass(frozen=True)
class Upload:
    """A file that was sent.

    Attributes:
        id: SHA-256 of its content, in hexadecimal digits.
        kind: what it is, see `uploads.KINDS`.
        suffix: of its name on disk.
        facts: bytes, and where it has them width and height [px] and seconds.
    """

    id: str
    kind: str
    suffix: str
    facts: Mapping[str, Any]

    def to_json(self) -> dict[str, Any]:
        """As it is told to whoever sent it."""
        return {"id": self.id, "kind": self.kind, "width": None, "height": None, "seconds": None, **self.facts}


@dataclass(frozen=True)
class Entry:
    """A job as it stands.

    Attributes:
        number: of the job, rising.
        id: which nobody can guess.
        status: one of `STATUSES`.
        request: what was asked for.
        consent: who agreed to what, in words.
        created, started, ended: when [s since 1970].
        claim: of the worker that has it, or had it last: the name of its folder.
        tries: how many of them were lost with it.
        progress, result, error: as JSON has them.
    """

    number: int
    id: str
    status: str
    request: dict[str, Any]
    consent: str | None
    created: float
    started: float | None
    ended: float | None
    claim: str | None
    tries: int
    progress: dict[str, Any] | None
    result: dict[str, Any] | None
    error: dict[str, Any] | None


class Queue:
    """The jobs. Each call is one transaction, from whichever process or thread."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self._kept = sqlite3.connect(path, check_same_thread=False)  # else each call that ends would clear the log away
        with self._write() as base:
            base.executescript(TABLES)

    @contextmanager
    def _read(self) -> Iterator[sqlite3.Connection]:
        base = sqlite3.connect(self.path, timeout=PATIENCE, isolation_level=None)
        try:
            base.execute("PRAGMA journal_mode = WAL")
            base.execute("PRAGMA synchronous = FULL")  # what was promised outlives a power cut
            yield base
        finally:
            base.close()

    @contextmanager
    def _write(self) -> Iterator[sqlite3.Connection]:
        with self._read() as base:
            base.execute("BEGIN IMMEDIATE")
            try:
                yield base
            except BaseException:
                base.execute("ROLLBACK")
                raise
            if base.in_transaction:
                base.execute("COMMIT")

    def add(self, id: str, request: Mapping[str, Any], consent: str | None, needs: set[str], most: int) -> None:
        """Put a job at the end.

        Raises:
            FullError: `most` are waiting.
        """
        with self._write() as base:
            (waiting,) = base.execute("SELECT count(*) FROM jobs WHERE status = 'queued'").fetchone()
            if waiting >= most:
                raise FullError
            base.execute(
                "INSERT INTO jobs (id, status, request, consent, created) VALUES (?, 'queued', ?, ?, ?)",
                (id, json.dumps(request), consent, time.time()),
            )
            base.executemany("INSERT INTO needs VALUES (?, ?)", [(id, upload) for upload in needs])

    def claim(self, claim: str) -> Entry | None:
        """Take the first job that waits; None where none does."""
        with self._write() as base:
            row = base.execute(
                f"UPDATE jobs SET status = 'running', claim = ?, started = ?, progress = NULL WHERE number = "
                f"(SELECT min(number) FROM jobs WHERE status = 'queued') RETURNING {COLUMNS}",
                (claim, time.time()),
            ).fetchone()
        return _entry(row) if row else None

    def progress(self, claim: str, told: Mapping[str, Any]) -> bool:
        """Say how far a job has come; false where it is not that worker's any more: it was stopped."""
        return self._changed(
            "UPDATE jobs SET progress = ? WHERE claim = ? AND status = 'running'", json.dumps(told), claim
        )

    def finish(self, claim: str, result: Mapping[str, Any] | None, error: Mapping[str, Any] | None) -> bool:
        """End a job with its result or its error; false where it is not that worker's any more."""
        return self._changed(
            "UPDATE jobs SET status = ?, ended = ?, result = ?, error = ? WHERE claim = ? AND status = 'running'",
            "failed" if result is None else "done",
            time.time(),
            None if result is None else json.dumps(result),
            None if error is None else json.dumps(error),
            claim,
        )

    def lose(self, claim: str) -> bool:
        """A worker ended: its job waits again, or is given up. False where it had none."""
        error = {
            "error": f"the worker was lost {MOST_TRIES} times with this job (out of memory?)",
            "kind": "WorkerLost",
        }
        return self._changed(
            "UPDATE jobs SET tries = tries + 1, progress = NULL, status = iif(tries + 1 < ?, 'queued', 'failed'), "
            "ended = iif(tries + 1 < ?, NULL, ?), error = iif(tries + 1 < ?, NULL, ?) "
            "WHERE claim = ? AND status = 'running'",
            MOST_TRIES, MOST_TRIES, time.time(), MOST_TRIES, json.dumps(error), claim,
        )  # fmt: skip

    def wait_again(self) -> None:
        """At the start: what was being made when the last server ended waits again, in its old place."""
        self._changed("UPDATE jobs SET status = 'queued', progress = NULL WHERE status = 'running'")

    def cancel(self, id: str) -> bool:
        """Stop a job that waits or runs; false where there is no such one."""
        return self._changed(
            "UPDATE jobs SET status = 'cancelled', ended = ? WHERE id = ? AND status IN ('queued', 'running')",
            time.time(), id,
        )  # fmt: skip

    def remove(self, id: str) -> None:
        """Forget a job that is over."""
        with self._write() as base:
            base.execute("DELETE FROM jobs WHERE id = ? AND status NOT IN ('queued', 'running')", (id,))
            base.execute("DELETE FROM needs WHERE job NOT IN (SELECT id FROM jobs)")

    def find(self, id: str) -> Entry | None:
        """A job; None where there is none of that id."""
        with self._read() as base:
            row = base.execute(f"SELECT {COLUMNS} FROM jobs WHERE id = ?", (id,)).fetchone()
        return _entry(row) if row else None

    def newest(self, limit: int, status: str | None = None) -> list[Entry]:
        """The last jobs, the newest first."""
        with self._read() as base:
            rows = base.execute(
                f"SELECT {COLUMNS} FROM jobs WHERE ? IS NULL OR status = ? ORDER BY number DESC LIMIT ?",
                (status, status, limit),
            ).fetchall()
        return [_entry(row) for row in rows]

    def place(self, number: int) -> int:
        """Which of the waiting jobs a number is, 1 is the next."""
        with self._read() as base:
            asked = base.execute("SELECT count(*) FROM jobs WHERE status = 'queued' AND number <= ?", (number,))
            return int(asked.fetchone()[0])

    def counts(self) -> dict[str, int]:
        """How many jobs there are, by status."""
        with self._read() as base:
            known = dict(base.execute("SELECT status, count(*) FROM jobs GROUP BY status").fetchall())
        return {status: known.get(status, 0) for status in STATUSES}

    def pace(self) -> float:
        """How long the last jobs took [s]; 10 where none is known."""
        with self._read() as base:
            last = "SELECT ended - started AS took FROM jobs WHERE status = 'done' ORDER BY ended DESC LIMIT 20"
            return float(base.execute(f"SELECT avg(took) FROM ({last})").fetchone()[0] or 10.0)

    def claims(self) -> set[str]:
        """Whose folders are needed."""
        with self._read() as base:
            return {claim for (claim,) in base.execute("SELECT claim FROM jobs WHERE status IN ('running', 'done')")}

    def keep(self, upload: Upload, put: Callable[[], object]) -> None:
        """Remember a file, or that it was sent again; `put` puts it in its place: it cannot expire meanwhile."""
        with self._write() as base:
            base.execute(
                "INSERT INTO uploads VALUES (?, ?, ?, ?, ?) ON CONFLICT (id) DO UPDATE SET used = excluded.used",
                (upload.id, upload.kind, upload.suffix, json.dumps(dict(upload.facts)), time.time()),
            )
            put()

    def upload(self, id: str) -> Upload | None:
        """A file that was sent, which counts as used now; None where there is none of that id."""
        now = time.time()
        with self._read() as base:
            row = base.execute("SELECT id, kind, suffix, facts, used FROM uploads WHERE id = ?", (id,)).fetchone()
        if row is None or now - row[4] < FRESH:
            return _upload(row[:4]) if row else None
        is_there = self._changed("UPDATE uploads SET used = ? WHERE id = ?", now, id)
        return _upload(row[:4]) if is_there else None

    def uploads(self) -> set[str]:
        """The ids of all files."""
        with self._read() as base:
            return {id for (id,) in base.execute("SELECT id FROM uploads")}

    def expire(self, before: float, remove: Callable[[Upload], object]) -> list[str]:
        """Forget jobs that ended before a time [s since 1970], and files that were not used since and that no job needs
        which is not over; gives the claims of the jobs, and removes the files."""
        with self._write() as base:
            gone = base.execute("DELETE FROM jobs WHERE ended < ? RETURNING claim", (before,)).fetchall()
            base.execute("DELETE FROM needs WHERE job NOT IN (SELECT id FROM jobs)")
            rows = base.execute(
                "DELETE FROM uploads WHERE used < ? AND id NOT IN (SELECT upload FROM needs JOIN jobs ON job = jobs.id "
                "WHERE status IN ('queued', 'running')) RETURNING id, kind, suffix, facts",
                (before,),
            ).fetchall()
            for row in rows:
                remove(_upload(row))
        return [claim for (claim,) in gone if claim]

    def _changed(self, statement: str, *values: object) -> bool:
        with self._write() as base:
            return base.execute(statement, values).rowcount > 0


COLUMNS = "number, id, status, request, consent, created, started, ended, claim, tries, progress, result, error"


def _upload(row: tuple[Any, ...]) -> Upload:
    id, kind, suffix, facts = row
    return Upload(id, kind, suffix, json.loads(facts))


def _entry(row: tuple[Any, ...]) -> Entry:
    told = dict(zip(COLUMNS.split(", "), row, strict=True))
    for name in ("request", "progress", "result", "error"):
        told[name] = None if told[name] is None else json.loads(told[name])
    return Entry(**told)
