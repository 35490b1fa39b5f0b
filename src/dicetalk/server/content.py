"""A video on its way out: whole, or while it is made."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from pathlib import Path
from typing import BinaryIO

from starlette.concurrency import run_in_threadpool
from starlette.datastructures import Headers
from starlette.responses import FileResponse, Response
from starlette.types import Message, Receive, Scope, Send

from dicetalk.server.places import Places
from dicetalk.server.problems import Problem
from dicetalk.server.queue import Entry, Queue
from dicetalk.server.request import GROWING

PAUSE = 0.02
"""Between two looks at a file that grows [s]."""
ASK_EVERY = 15
"""So many looks between two at the job."""
AT_ONCE = 1 << 18


class Broken(Exception):  # noqa: N818 (of a connection)
    """What was begun cannot go on."""


async def growing(queue: Queue, places: Places, id: str) -> AsyncIterator[bytes]:
    """What is written of a video, as it is written, to its end.

    Raises:
        Broken: the job failed, was stopped, or began anew.
    """
    file, claim = await _begun(queue, places, id)
    with file:
        while True:
            entry = await run_in_threadpool(queue.find, id)
            if entry is None or entry.claim != claim or entry.status not in ("running", "done"):
                raise Broken
            for _ in range(ASK_EVERY):
                while portion := await run_in_threadpool(file.read, AT_ONCE):
                    yield portion
                if entry.status == "done":
                    return
                await asyncio.sleep(PAUSE)


async def _begun(queue: Queue, places: Places, id: str) -> tuple[BinaryIO, str]:
    """The file that holds, or will hold, all of a video, as soon as it is there."""
    while True:
        entry = await run_in_threadpool(queue.find, id)
        if entry is None or entry.status in ("failed", "cancelled"):
            raise Broken
        if entry.claim is not None and entry.status in ("running", "done"):
            try:
                return _place(places, entry).open("rb"), entry.claim
            except FileNotFoundError:
                pass  # not yet, or not any more: then it is done
        await asyncio.sleep(PAUSE)


def _place(places: Places, entry: Entry) -> Path:
    assert entry.claim is not None
    return places.video(entry.claim) / ("video.mp4" if entry.status == "done" else GROWING)


class Stored(FileResponse):
    """A file of a job, which may be removed between the question and the answer."""

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it; 404 where it is not there any more, and an answer without its end where it goes just then."""
        begun, refused = False, False

        async def sent(message: Message) -> None:
            nonlocal begun, refused
            begun = True
            if message["type"] == "http.response.start" and message["status"] in UNRANGED:
                refused = True
                await _unranged(message).response()(scope, receive, send)
            if not refused:
                await send(message)

        try:
            await super().__call__(scope, receive, sent)
        except (FileNotFoundError, RuntimeError):  # RuntimeError is what Starlette says where there is no file
            if Path(self.path).exists():
                raise
            if not begun:
                await Problem(404, "this job was removed").response()(scope, receive, send)


UNRANGED = {
    400: "the Range cannot be read; expected bytes=FIRST-LAST",
    416: "the Range lies behind the end of the file; ask for less",
}
"""What Starlette says of a range in plain text, as we say it."""


def _unranged(message: Message) -> Problem:
    """Its answer to a range that it cannot give, as a problem."""
    told = Headers(raw=message["headers"]).get("content-range")
    return Problem(message["status"], UNRANGED[message["status"]], {"Content-Range": told} if told else None)


class Growing(Response):
    """An answer that grows; where it breaks, its connection closes without its end: nobody takes it for whole."""

    def __init__(self, portions: AsyncIterator[bytes], media_type: str) -> None:
        super().__init__(media_type=media_type, headers={"Cache-Control": "no-store", "Accept-Ranges": "none"})
        del self.headers["content-length"]
        self._portions = portions

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Send it, until whoever asked has left."""
        sending = asyncio.ensure_future(self._send(send))
        leaving = asyncio.ensure_future(_left(receive))
        try:
            await asyncio.wait((sending, leaving), return_when=asyncio.FIRST_COMPLETED)
            if sending.done():
                sending.result()
        finally:
            sending.cancel()
            leaving.cancel()

    async def _send(self, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": self.raw_headers})
        try:
            async for portion in self._portions:
                await send({"type": "http.response.body", "body": portion, "more_body": True})
        except Broken:
            return
        await send({"type": "http.response.body", "body": b"", "more_body": False})


async def _left(receive: Receive) -> None:
    while (await receive())["type"] != "http.disconnect":
        pass
