"""A service that completes chats as OpenAI's does, asked by the standard library.

Nothing of a chat, an address or a key is written anywhere: errors say what happened, and no more. The key comes from
the environment. Redirects are not followed: whoever answers so would be sent the chat.
"""

from __future__ import annotations

import http.client
import json
import os
import socket
import ssl
import time
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass, field
from threading import Timer
from urllib.parse import SplitResult, urlsplit

from dicetalk.errors import InputError
from dicetalk.reply.model import Message

KEY = "DICETALK_LLM_KEY"
"""The variable of the environment that holds the key; none is needed where it is not set."""
PATH = "/chat/completions"
MOST_BYTES = 1_000_000
"""Of an answer."""
PIECE = 16_384
"""That is read at once [bytes]."""
AT_HOME = frozenset({"127.0.0.1", "::1", "localhost"})
LONGEST_WAIT = 600.0
WHY = {
    401: f"it wants a key, or another one; set {KEY}",
    403: f"it wants a key, or another one; set {KEY}",
    404: "it has no chat there, or no such model; give the address up to /v1, and --model",
    429: "it is asked too often; wait a while",
}


@dataclass(frozen=True)
class Endpoint:
    """A service.

    Attributes:
        address: of its chat.
        name: of the model that is asked for; "" where it has one.
        seconds: that an answer may take in all.
        key: what it is opened with; "" for none.
    """

    address: SplitResult = field(repr=False)
    name: str = ""
    seconds: float = 60.0
    key: str = field(default="", repr=False)

    def complete(self, messages: Sequence[Message]) -> str:
        """What comes next, as the service says.

        Raises:
            InputError: it cannot be reached, is too slow, refuses, or answers something else.
        """
        asked = {"messages": [{"role": each.role, "content": each.content} for each in messages]}
        body = json.dumps(asked | ({"model": self.name} if self.name else {})).encode()
        return _content(self._answer(body))

    def _answer(self, body: bytes) -> bytes:
        ends, connection = time.monotonic() + self.seconds, self._connection()
        try:
            connection.connect()
            with _hung_up(connection.sock, self.seconds):
                connection.request("POST", self._path(), body, self._headers())
                answer = _read(connection.getresponse())
        except (http.client.HTTPException, OSError) as error:
            raise self._failed(error, ends) from None
        finally:
            connection.close()
        if time.monotonic() >= ends:  # what there is was cut off
            raise self._failed(TimeoutError(), ends)
        return answer

    def _failed(self, error: Exception, ends: float) -> InputError:
        """What to tell of an error of the connection."""
        if isinstance(error, TimeoutError) or time.monotonic() >= ends:
            return _wrong(f"did not answer within {self.seconds:g} s", "try again, or give it longer (--timeout)")
        if isinstance(error, ssl.SSLError):
            return _wrong("cannot be trusted, or does not speak TLS", "check its address")
        if isinstance(error, http.client.HTTPException):
            return _wrong("does not speak HTTP", "check its address")
        return _wrong("cannot be reached", "start it, or check its address")

    def _connection(self) -> http.client.HTTPConnection:
        kind = http.client.HTTPSConnection if self.address.scheme == "https" else http.client.HTTPConnection
        return kind(self.address.hostname or "", self.address.port, timeout=self.seconds)

    def _path(self) -> str:
        path = self.address.path.rstrip("/")
        path = path if path.endswith(PATH) else path + PATH
        return f"{path}?{self.address.query}" if self.address.query else path

    def _headers(self) -> dict[str, str]:
        opened = {"Authorization": f"Bearer {self.key}"} if self.key else {}
        return {"Content-Type": "application/json", "Accept": "application/json"} | opened


def endpoint(address: str, name: str, seconds: float) -> Endpoint:
    """The service at an address, with the key of the environment.

    Raises:
        InputError: the address is none, or the key could be overheard on the way.
    """
    if not 0 < seconds <= LONGEST_WAIT:
        raise InputError(f"the time that the endpoint may take is {seconds:g} s; use up to {LONGEST_WAIT:g}")
    if not address.isascii() or not address.isprintable() or " " in address:
        raise InputError("the address of the endpoint holds signs that no address has; write it again")
    try:
        split = urlsplit(address)
        usable = bool(split.hostname) and (split.port is None or split.port > 0)
    except ValueError:
        usable = False
    if not usable:
        raise InputError("the address of the endpoint is not understood; expected one such as http://127.0.0.1:8080/v1")
    if split.username is not None or split.password is not None:
        raise InputError(f"the address of the endpoint holds a name or a password; set {KEY} instead")
    key = os.environ.get(KEY, "").strip()
    if not (key.isascii() and key.isprintable()):
        raise InputError(f"{KEY} holds signs that no key has; copy it again")
    if key and split.scheme == "http" and split.hostname not in AT_HOME:
        raise InputError(f"the key in {KEY} would go through the network for all to read; use an address with https://")
    return Endpoint(split, name, seconds, key)


def _wrong(what: str, remedy: str) -> InputError:
    return InputError(f"the endpoint {what}; {remedy}")


@contextmanager
def _hung_up(line: socket.socket, seconds: float) -> Iterator[None]:
    """A connection that is cut after some time, however slowly and steadily its other end sends."""
    timer = Timer(seconds, _cut, (line,))
    timer.daemon = True
    timer.start()
    try:
        yield
    finally:
        timer.cancel()


def _cut(line: socket.socket) -> None:
    with suppress(OSError):  # it is over already
        line.shutdown(socket.SHUT_RDWR)


def _read(answer: http.client.HTTPResponse) -> bytes:
    """The body of an answer that says it is one."""
    if 300 <= answer.status < 400:
        raise _wrong(f"sends elsewhere ({answer.status}), which is not followed", "give the address it sends to")
    if answer.status != 200:
        raise _wrong(f"refused ({answer.status})", WHY.get(answer.status, "see what it says for itself, and try again"))
    body = bytearray()
    while piece := answer.read1(PIECE):
        body += piece
        if len(body) > MOST_BYTES:
            raise _wrong(f"answered with over {MOST_BYTES / 1e6:g} MB", "give another")
    return bytes(body)


def _content(body: bytes) -> str:
    try:
        told = json.loads(body)
        content = told["choices"][0]["message"]["content"]
    except (ValueError, KeyError, IndexError, TypeError, RecursionError):
        content = None
    if not isinstance(content, str):
        raise _wrong("answered something that is no completion of a chat", "check its address")
    return content
