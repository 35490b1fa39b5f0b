"""The server at its address."""

from __future__ import annotations

import logging
import socket
from collections.abc import Callable

import h11
import uvicorn
from uvicorn.protocols.http.h11_impl import H11Protocol

from dicetalk.errors import ConfigError
from dicetalk.server.app import make_app
from dicetalk.server.guard import SAFE
from dicetalk.server.options import ServerOptions
from dicetalk.server.places import Places, occupied
from dicetalk.server.problems import Problem

MOST_MESSAGE = 1 << 20
"""Of what is told on a socket [bytes]."""
MOST_UNSENT = 1 << 17
"""Of what the system holds for a slow client [bytes]: with more, live frames were late before they are sent."""
FAREWELL = 3
"""How long answers that are on their way may take at the end [s]."""


def listen(options: ServerOptions, host: str, port: int, ready: Callable[[str], object]) -> None:
    """Serve until a signal ends it.

    Args:
        options: of the server.
        host, port: the address; port 0 takes a free one.
        ready: is told the URL once requests are heard.

    Raises:
        ConfigError: the address is taken or is none of this machine, or another server works in the folder.
    """
    with _bound(host, port) as door:
        with occupied(Places(options.data)):
            pass  # told now, in one line; the server takes it when it starts
        address, number = door.getsockname()[:2]
        config = uvicorn.Config(
            make_app(options),
            http=Protocol,
            log_level="error",
            timeout_graceful_shutdown=FAREWELL,
            server_header=False,
            ws_max_size=MOST_MESSAGE,
            ws_per_message_deflate=False,
        )
        logging.getLogger("uvicorn.error").addFilter(_is_told)
        logging.getLogger("python_multipart").setLevel(logging.ERROR)  # whoever sent a bad form is told
        _Telling(config, lambda: ready(f"http://{f'[{address}]' if ':' in address else address}:{number}")).run([door])


def _is_told(record: logging.LogRecord) -> bool:
    """All but one: an answer without its end is how a video tells that it broke off, and no fault."""
    return record.getMessage() != "ASGI callable returned without completing response."


class Protocol(H11Protocol):
    """HTTP in which a request that is none is refused as all that cannot be met."""

    def send_400_response(self, msg: str) -> None:
        """Answer what cannot be read, in our words, unless an answer has begun; and close the connection."""
        try:
            if self.conn.our_state in (h11.IDLE, h11.SEND_RESPONSE):
                self._refuse()
        finally:
            self.transport.close()

    def _refuse(self) -> None:
        answer = Problem(400, "this is no HTTP request that can be read", {"Connection": "close", **SAFE}).response()
        head = h11.Response(status_code=answer.status_code, headers=answer.raw_headers, reason=b"Bad Request")
        # Where no request was read, `scope` is of none, or of the one before.
        is_head = self.conn.our_state is h11.SEND_RESPONSE and self.scope["method"] == "HEAD"
        body = () if is_head else (h11.Data(data=bytes(answer.body)),)
        for event in (head, *body, h11.EndOfMessage()):
            self.transport.write(self.conn.send(event) or b"")


class _Telling(uvicorn.Server):
    """A server that says when it has started."""

    def __init__(self, config: uvicorn.Config, ready: Callable[[], object]) -> None:
        super().__init__(config)
        self._ready = ready

    async def startup(self, sockets: list[socket.socket] | None = None) -> None:
        await super().startup(sockets)
        if self.started:
            self._ready()


def _bound(host: str, port: int) -> socket.socket:
    try:
        family, kind, number, _, place = socket.getaddrinfo(host, port, type=socket.SOCK_STREAM)[0]
        door = socket.socket(family, kind, number)
        door.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        if hasattr(socket, "TCP_NOTSENT_LOWAT"):  # what is accepted here takes it over
            door.setsockopt(socket.IPPROTO_TCP, socket.TCP_NOTSENT_LOWAT, MOST_UNSENT)
        door.bind(place)
    except OSError as error:
        raise ConfigError(
            f"{host}:{port} cannot be listened at ({error.strerror}); give another --host or --port"
        ) from error
    return door
