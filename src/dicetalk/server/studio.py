"""Processes that look at what was sent and draw stills: a picture that brings a decoder down does not bring the server
down, and one that takes too long is given up."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from concurrent.futures import ProcessPoolExecutor
from concurrent.futures.process import BrokenProcessPool
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeVar

from dicetalk.server.leash import SPAWN, leashed

if TYPE_CHECKING:
    from dicetalk.server.stills import Framing, Stills

PATIENCE = 60.0
"""How long one thing may take [s]; the first one waits for networks to load."""
TRIES = 5
"""Of one thing, each of which brought its process down."""

Given = TypeVar("Given")


class StudioError(Exception):
    """The processes ended, or one was too slow; there is a new one."""


class Studio:
    """Such processes, each replaced when it is lost: one looks at files, one draws, one counts what clips would cost.

    Each begins when it is first asked.
    """

    def __init__(self) -> None:
        self._eye, self._pencil, self._abacus = _Hand(), _Hand(), _Hand()

    def warm_up(self) -> None:
        """Begin to load what stills need."""
        self._pencil.pool.submit(_stills)

    async def sniffed(self, path: Path) -> tuple[str, dict[str, Any]]:
        """See `sniff.sniffed`."""
        return await self._eye.ask(_sniffed, path)

    async def faces(self, path: Path) -> dict[str, Any]:
        """See `stills.seen_in`."""
        return await self._pencil.ask(_faces, path)

    async def still(self, framing: Framing, emotion: str) -> tuple[bytes, float]:
        """See `stills.Stills.draw`."""
        return await self._pencil.ask(_still, framing, emotion)

    async def forecast(self, backbone: str, seconds: float) -> dict[str, Any]:
        """See `forecast.told_of`."""
        return await self._abacus.ask(_forecast, backbone, seconds)

    def close(self) -> None:
        """End all, whatever they do."""
        for hand in (self._eye, self._pencil, self._abacus):
            hand.end()


class _Hand:
    """A process that does one thing after the other, and the next one where it is lost."""

    def __init__(self) -> None:
        self.pool = _pool()
        self._turn = asyncio.Lock()

    async def ask(self, work: Callable[..., Given], *given: object) -> Given:
        """What the process makes of something; what it raises is raised. A process that was lost may have been so by
        chance: the same is asked of the next ones.

        Raises:
            StudioError: none answered, or one did not in time.
        """
        async with self._turn:  # else those who wait would be counted as slow
            for _ in range(TRIES):
                try:
                    promise = asyncio.get_running_loop().run_in_executor(self.pool, work, *given)
                    return await asyncio.wait_for(promise, PATIENCE)
                except BrokenProcessPool:
                    self._replace()
                except TimeoutError:
                    self._replace()
                    break
            raise StudioError

    def _replace(self) -> None:
        self.end()
        self.pool = _pool()

    def end(self) -> None:
        """Kill it."""
        for process in list((self.pool._processes or {}).values()):
            process.kill()
        self.pool.shutdown(wait=False, cancel_futures=True)


def _pool() -> ProcessPoolExecutor:
    return ProcessPoolExecutor(1, SPAWN, leashed)


@cache
def _stills() -> Stills:
    from dicetalk.acting.puppet import ready_to_draw
    from dicetalk.face import open_finder
    from dicetalk.server.stills import Stills

    open_finder()
    ready_to_draw()
    return Stills()


def _sniffed(path: Path) -> tuple[str, dict[str, Any]]:
    from dicetalk.server.sniff import sniffed

    return sniffed(path)


def _faces(path: Path) -> dict[str, Any]:
    from dicetalk.server.stills import seen_in

    return seen_in(path)


def _forecast(backbone: str, seconds: float) -> dict[str, Any]:
    from dicetalk.server.forecast import told_of

    return told_of(backbone, seconds)


def _still(framing: Framing, emotion: str) -> tuple[bytes, float]:
    return _stills().draw(framing, emotion)
