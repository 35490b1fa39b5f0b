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

from dicetalk.server import routes
from dicetalk.server.app import make_app
from dicetalk.server.options import ServerOptions


@dataclass
class Asking:
    """A client of it; one loop for all that it asks."""

    loop: asyncio.Runner
    client: httpx.AsyncClient

    def __call__(self, method: str, path: str, **more: Any) -> httpx.Response:
        return self.loop.run(self.client.request(method, path, **more))


@contextmanager
def asking(**behind: Any) -> Iterator[Asking]:
    """Ask a server that has some of what a `Server` has."""
    app = make_app(ServerOptions(data=Path("data"), most_mb=0.1))
    app.state.server, app.state.metrics = SimpleNamespace(**behind), SimpleNamespace(note=lambda *told: None)
    with asyncio.Runner() as loop, pytest.MonkeyPatch.context() as patch:
        patch.setattr(routes, "Server", SimpleNamespace)
        yield Asking(loop, httpx.AsyncClient(transport=httpx.ASGITransport(app=app), base_url="http://localhost"))
