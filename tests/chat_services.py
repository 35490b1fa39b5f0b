"""A service that completes chats on this machine, well or badly, one thread a request."""

from __future__ import annotations

import json
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from threading import Thread
from typing import Any

Answer = Callable[[BaseHTTPRequestHandler], None]


class Service:
    """What was asked of it, and where it is."""

    def __init__(self, port: int) -> None:
        self.address = f"http://127.0.0.1:{port}/v1"
        self.asked: list[dict[str, Any]] = []
        self.keys: list[str | None] = []
        self.paths: list[str] = []


@contextmanager
def serving(answer: Answer) -> Iterator[Service]:
    """A service that answers every request in one way."""

    class Handler(BaseHTTPRequestHandler):
        def do_POST(self) -> None:
            body = self.rfile.read(int(self.headers["Content-Length"]))
            service.asked.append(json.loads(body))
            service.keys.append(self.headers.get("Authorization"))
            service.paths.append(self.path)
            try:
                answer(self)
            except OSError:
                self.close_connection = True  # whoever asked has left

        def log_message(self, *_: object) -> None:
            pass

    server = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
    server.daemon_threads = True
    service = Service(server.server_address[1])
    thread = Thread(target=server.serve_forever, args=(0.02,), daemon=True)
    thread.start()
    try:
        yield service
    finally:
        server.shutdown()
        server.server_close()


def saying(*contents: str) -> Answer:
    """Completes with one text after another, the last one for ever."""
    left = list(contents)

    def answer(handler: BaseHTTPRequestHandler) -> None:
        content = left.pop(0) if len(left) > 1 else left[0]
        sending(json.dumps({"choices": [{"message": {"role": "assistant", "content": content}}]}).encode())(handler)

    return answer


def sending(body: bytes, status: int = 200, **headers: str) -> Answer:
    """Answers with bytes."""

    def answer(handler: BaseHTTPRequestHandler) -> None:
        handler.send_response(status)
        for name, value in {"Content_Length": str(len(body)), **headers}.items():
            handler.send_header(name.replace("_", "-"), value)
        handler.end_headers()
        handler.wfile.write(body)

    return answer


def endless(handler: BaseHTTPRequestHandler) -> None:
    """Says that 10 GB follow, and sends on."""
    handler.send_response(200)
    handler.send_header("Content-Length", "10000000000")
    handler.end_headers()
    while True:
        handler.wfile.write(b" " * 65_536)


def silent(handler: BaseHTTPRequestHandler) -> None:
    """Says nothing."""
    time.sleep(5)


def dripping(handler: BaseHTTPRequestHandler) -> None:
    """Never pauses for long, and never ends."""
    handler.send_response(200)
    handler.end_headers()
    while True:
        handler.wfile.write(b" ")
        time.sleep(0.05)


def dripping_before(handler: BaseHTTPRequestHandler) -> None:
    """The same before it says anything."""
    handler.wfile.write(b"HTTP/1.1 200 OK\r\nX-Long: ")
    while True:
        handler.wfile.write(b"x")
        time.sleep(0.05)


def babbling(handler: BaseHTTPRequestHandler) -> None:
    """Does not speak HTTP."""
    handler.wfile.write(b"\x00\x01 220 smtp ready\r\n\r\n")
    handler.close_connection = True
