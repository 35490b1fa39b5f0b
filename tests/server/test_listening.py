from __future__ import annotations

import asyncio
import json

import pytest
import uvicorn
from starlette.types import Receive, Scope, Send
from uvicorn.server import ServerState

from dicetalk.server.listening import Protocol


def heard(sent: bytes) -> bytes:
    """All that is answered until the connection closes."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        while (await receive()).get("more_body"):
            pass

    async def ask() -> bytes:
        config = uvicorn.Config(app, log_level="critical")
        make = lambda: Protocol(config=config, server_state=ServerState(), app_state={})  # noqa: E731
        async with await asyncio.get_running_loop().create_server(make, "127.0.0.1", 0) as door:
            answers, asks = await asyncio.open_connection(*door.sockets[0].getsockname())
            asks.write(sent)
            answer = await asyncio.wait_for(answers.read(), 20)
            asks.close()
            return answer

    return asyncio.run(ask())


@pytest.mark.parametrize(
    "sent",
    [b"nonsense\r\n\r\n", b"\x16\x03\x01\x02\x00\x01\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n",
     b"POST / HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"],
)  # fmt: skip
def test_what_is_no_http_is_a_problem(sent: bytes) -> None:
    head, _, body = heard(sent).partition(b"\r\n\r\n")
    status, *headers = head.decode().lower().split("\r\n")
    assert status == "http/1.1 400 bad request"
    assert {"content-type: application/problem+json", "connection: close", f"content-length: {len(body)}"} <= {*headers}
    assert json.loads(body)["status"] == 400 and "no HTTP request" in json.loads(body)["detail"]
