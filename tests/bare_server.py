"""The server's answers without its processes: what stands behind them is given."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import httpx
import pytest
import uvicorn
from starlette.types import ASGIApp, Receive, Scope, Send
from uvicorn.server import ServerState

from dicetalk.server import intake
from dicetalk.server.app import make_app
from dicetalk.server.listening import Protocol
from dicetalk.server.options import ServerOptions


@dataclass
class Asking:
    """A client of it; one loop for all that it asks.

    Attributes:
        app: what answers.
        counted: what was told to the metrics of each answer.
    """

    app: ASGIApp
    counted: list[tuple[Any, ...]]
    loop: asyncio.Runner
    client: httpx.AsyncClient

    def __call__(self, method: str, path: str, **more: Any) -> httpx.Response:
        return self.loop.run(self.client.request(method, path, **more))


@contextmanager
def asking(**behind: Any) -> Iterator[Asking]:
    """Ask a server that has some of what a `Server` has."""
    app = make_app(ServerOptions(data=Path("data"), most_mb=0.1))
    counted: list[tuple[Any, ...]] = []
    app.state.server = SimpleNamespace(**behind)
    app.state.metrics = SimpleNamespace(note=lambda *told: counted.append(told))
    with asyncio.Runner() as loop, pytest.MonkeyPatch.context() as patch:
        patch.setattr(intake, "Server", SimpleNamespace)
        client = httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://localhost")
        yield Asking(app, counted, loop, client)


async def silent(scope: Scope, receive: Receive, send: Send) -> None:
    """An app that answers nothing."""
    while (await receive()).get("more_body"):
        pass


def heard(*sent: bytes, app: ASGIApp = silent) -> bytes:
    """All that is answered until the connection closes; a portion is sent once the one before it is answered."""

    async def ask() -> bytes:
        loop = asyncio.get_running_loop()
        faults: list[object] = []
        loop.set_exception_handler(lambda loop, told: faults.append(told))
        config = uvicorn.Config(app, log_level="critical")
        make = lambda: Protocol(config=config, server_state=ServerState(), app_state={})  # noqa: E731
        async with await asyncio.get_running_loop().create_server(make, "127.0.0.1", 0) as door:
            answers, asks = await asyncio.open_connection(*door.sockets[0].getsockname())
            answer = b""
            for portion in sent:
                asks.write(portion)
                answer += await asyncio.wait_for(answers.read(1 << 16), 20)
            answer += await asyncio.wait_for(answers.read(), 20)
            asks.close()
            assert not faults
            return answer

    return asyncio.run(ask())
