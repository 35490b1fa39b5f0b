"""Where live talks are held: the server's side of the process that hears and draws."""

from __future__ import annotations

import asyncio
import contextlib
from collections.abc import AsyncIterator, Mapping
from multiprocessing.connection import Connection
from multiprocessing.context import SpawnProcess
from pathlib import Path
from threading import Lock
from typing import Any

from starlette.concurrency import run_in_threadpool

from dicetalk.errors import InputError
from dicetalk.server.leash import SPAWN
from dicetalk.server.talk import sit

GRACE = 2.0
"""How long a process may take to end a talk that was broken off [s]."""
LOST = "whoever draws was lost; begin again"
LOADING = 120.0
"""The same for one that still loads [s]: whoever comes next would wait for that anyway."""


class BusyError(Exception):
    """Somebody else is speaking."""


class Line:
    """The server's end of a talk.

    Attributes:
        pipe: to the process.
        answered: whether it has ever said something.
    """

    def __init__(self, pipe: Connection) -> None:
        self.pipe, self.answered = pipe, False
        self._saying = Lock()

    def say(self, said: object) -> None:
        """Hand something on; waits while the process is behind.

        Raises:
            InputError: the process was lost.
        """
        with self._saying:
            try:
                self.pipe.send(said)
            except OSError:
                raise InputError(LOST) from None

    def leave(self) -> bool:
        """End what is left of a talk; false where the process does not answer."""
        if not self._saying.acquire(timeout=GRACE):  # something is still being said, which nobody takes
            return False
        try:
            self.pipe.send(None)
            while self.pipe.poll(GRACE if self.answered else LOADING):
                self.answered = True
                if self.pipe.recv() is None:
                    return True
        except (OSError, EOFError):
            return False
        finally:
            self._saying.release()
        return False


class Room:
    """Where one talk at a time is held, by a process that stays loaded from one to the next."""

    def __init__(self) -> None:
        self._is_taken = False
        self._turn = asyncio.Lock()
        self._opening = Lock()
        self._line: Line | None = None
        self._process: SpawnProcess | None = None

    async def warm_up(self) -> None:
        """Have the process begin to load, if there is none."""
        if not self._turn.locked():
            await run_in_threadpool(self._open)

    @contextlib.asynccontextmanager
    async def talk(self, path: Path, told: Mapping[str, Any]) -> AsyncIterator[Line]:
        """Begin a talk; whoever spoke before may still be leaving, which is waited for.

        Raises:
            BusyError: somebody speaks, or waits to do so.
        """
        if self._is_taken:
            raise BusyError
        self._is_taken = True
        try:
            await self._turn.acquire()
        except asyncio.CancelledError:
            self._is_taken = False
            raise
        try:
            line = await run_in_threadpool(self._open)
            await run_in_threadpool(line.say, (path, dict(told)))
            yield line
        finally:
            self._is_taken = False
            try:
                await run_in_threadpool(self._leave)
            finally:
                self._turn.release()

    def _open(self) -> Line:
        with self._opening:
            if self._line is not None and self._process is not None and self._process.is_alive():
                return self._line
            self.close()
            ours, theirs = SPAWN.Pipe()
            self._process, self._line = SPAWN.Process(target=sit, args=(theirs,), daemon=True), Line(ours)
            self._process.start()
            theirs.close()
            return self._line

    def _leave(self) -> None:
        """Be ready for the next talk; a process that does not answer is replaced then."""
        if self._line is not None and not self._line.leave():
            self.close()

    def close(self) -> None:
        """End the process, whatever it does."""
        if self._process is not None:
            self._process.kill()
            self._process.join()
        self._process = self._line = None
