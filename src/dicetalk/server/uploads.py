"""Files that are sent: written aside while they come, looked at, and kept by what they hold."""

from __future__ import annotations

import hashlib
import os
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

from starlette.concurrency import run_in_threadpool

from dicetalk.errors import DiceTalkError, TooLargeError
from dicetalk.server.places import Places
from dicetalk.server.problems import Problem
from dicetalk.server.queue import Queue, Upload
from dicetalk.server.request import FIELDS
from dicetalk.server.sniff import SUFFIXES
from dicetalk.server.studio import Studio

AT_ONCE = 1 << 20
"""Bytes that are read at once."""


class Uploads:
    """Takes files in."""

    def __init__(
        self, places: Places, queue: Queue, studio: Studio, most_megapixels: float, most_seconds: float
    ) -> None:
        self._places, self._queue, self._studio = places, queue, studio
        self._most_megapixels, self._most_seconds = most_megapixels, most_seconds

    async def take(self, portions: AsyncIterator[bytes], field: str | None = None) -> Upload:
        """Keep a file.

        Args:
            portions: what it holds.
            field: in which it was sent.

        Raises:
            Problem: it is empty, of no kind that the field takes, or too much of it.
            StudioError: nobody could look at it.
        """
        path = self._places.new()
        try:
            id = await _written(path, portions)
            kind, facts = await self._seen(path, field)
            self._check(kind, facts, field)
            upload = Upload(id, kind, SUFFIXES.get(kind, ""), {"bytes": path.stat().st_size, **facts})
            await run_in_threadpool(self._queue.keep, upload, lambda: path.replace(self._places.upload(upload)))
        finally:
            path.unlink(missing_ok=True)
        return upload

    async def _seen(self, path: Path, field: str | None) -> tuple[str, dict[str, Any]]:
        if not path.stat().st_size:
            raise Problem(422, f"{_name(field)} is empty (0 bytes); send it again", kind="MediaError", **_of(field))
        try:
            return await self._studio.sniffed(path)
        except DiceTalkError as error:
            detail = str(error).replace(str(path), _name(field))
            status = 413 if isinstance(error, TooLargeError) else 415
            raise Problem(status, detail, kind=type(error).__name__, **_of(field)) from error

    def _check(self, kind: str, facts: dict[str, Any], field: str | None) -> None:
        if field is not None and kind not in FIELDS[field].files:
            wanted = " or ".join(FIELDS[field].files)
            raise Problem(415, f"{field} is a {kind}; send a {wanted}", kind="MediaError", **_of(field))
        self.check_size(facts, field)

    def check_size(self, facts: dict[str, Any], field: str | None) -> None:
        """Refuse what is too large to be decoded.

        Raises:
            Problem: it is.
        """
        pixels = (facts.get("width") or 0) * (facts.get("height") or 0)
        if pixels > self._most_megapixels * 1e6:
            size = f"{facts['width']} x {facts['height']}"
            most = f"more than {self._most_megapixels:g} megapixels"
            raise Problem(413, f"{_name(field)} is {size}, {most}; scale it down", kind="MediaError", **_of(field))
        if (facts.get("seconds") or 0) > self._most_seconds:
            found = f"{_name(field)} lasts {facts['seconds']:.0f} s"
            raise Problem(413, f"{found}; expected at most {self._most_seconds:g} s", kind="MediaError", **_of(field))


def _name(field: str | None) -> str:
    return "the file" if field is None else f"the {field.replace('_', ' ')}"


def _of(field: str | None) -> dict[str, Any]:
    return {} if field is None else {"field": field}


async def _written(path: Path, portions: AsyncIterator[bytes]) -> str:
    """Write a file; gives the SHA-256 of its content. Whoever is told its id finds it after a power cut.

    Raises:
        OSError: it cannot be written, as on a full disk: no fault of whoever sends it, who is not told where it lies.
    """
    digest = hashlib.sha256()
    with path.open("xb") as file:
        async for portion in portions:
            digest.update(portion)
            await run_in_threadpool(file.write, portion)
        file.flush()
        await run_in_threadpool(os.fsync, file.fileno())
    return digest.hexdigest()


async def portions_of(read: Callable[[int], Any]) -> AsyncIterator[bytes]:
    """What a part of a form holds."""
    while portion := await read(AT_ONCE):
        yield portion
