"""The answer to HEAD: that of GET, without its body."""

from __future__ import annotations

import asyncio

from starlette.types import ASGIApp, Message, Receive, Scope, Send


class Heads:
    """Stands before an application that knows GET alone; what makes a body is left as soon as its head is told."""

    def __init__(self, app: ASGIApp) -> None:
        self._app = app

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Have a request answered."""
        if scope["type"] != "http" or scope["method"] != "HEAD":
            await self._app(scope, receive, send)
            return
        asked, told = {**scope, "method": "GET"}, asyncio.Event()

        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                scope.update(asked, method="HEAD")  # the route was found, for whoever counts
                await send(message)
                await send({"type": "http.response.body", "body": b""})
                told.set()

        answering = asyncio.ensure_future(self._app(asked, receive, sent))
        telling = asyncio.ensure_future(told.wait())
        try:
            await asyncio.wait((answering, telling), return_when=asyncio.FIRST_COMPLETED)
            if answering.done():
                answering.result()
        finally:
            answering.cancel()
            telling.cancel()
