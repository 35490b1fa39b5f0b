"""Who may ask, and how much they may send: told before anything of a request is read."""

from __future__ import annotations

import asyncio
import contextlib
import hmac
import ipaddress
import re
from urllib.parse import urlsplit

from starlette.datastructures import Headers, MutableHeaders
from starlette.requests import cookie_parser
from starlette.types import ASGIApp, Message, Receive, Scope, Send

from dicetalk.server.options import ServerOptions
from dicetalk.server.problems import Problem
from dicetalk.server.session import COOKIE, PATH, Sessions

SLOWEST = 30.0
"""How long the next piece of a request is waited for [s]."""
MOST_JSON = 4_000_000
"""Bytes."""
LINGER, SILENT = 10.0, 1.0
"""How long the rest of a request is taken that is refused in its middle, and its next piece waited for [s]: many
clients hear no answer before they have said all, and take a connection that closes before for a server that is gone."""
SAFE = {
    "x-content-type-options": "nosniff",
    "referrer-policy": "no-referrer",
    "cross-origin-resource-policy": "same-origin",
    "content-security-policy": "default-src 'self'; img-src 'self' blob: data:; media-src 'self' blob:; "
    "frame-ancestors 'none'; base-uri 'none'; form-action 'self'",
}
"""Headers of every answer."""


class Guard:
    """Stands before an application."""

    def __init__(self, app: ASGIApp, options: ServerOptions, sessions: Sessions) -> None:
        self._app, self._options, self._sessions = app, options, sessions

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        """Answer a request, or have it answered."""
        if scope["type"] == "websocket":
            await self._socket(scope, receive, send)
            return
        if scope["type"] != "http":
            await self._app(scope, receive, send)
            return

        body = _Body(receive, patient="expect" not in Headers(scope=scope))

        async def sent(message: Message) -> None:
            if message["type"] == "http.response.start":
                if message["status"] >= 400:
                    await body.rest()
                headers = MutableHeaders(scope=message)
                for name, value in SAFE.items():
                    headers.setdefault(name, value)
            await send(message)

        try:
            self._check(scope)
            body.most = self._most(Headers(scope=scope))
        except Problem as problem:
            await problem.response()(scope, receive, sent)
            return
        await self._app(scope, body.receive, sent)

    async def _socket(self, scope: Scope, receive: Receive, send: Send) -> None:
        """The same for a socket: one that may not be opened is closed at once."""
        try:
            self._check(scope)
        except Problem:
            await receive()
            await send({"type": "websocket.close", "code": 1008})
            return
        await self._app(scope, receive, send)

    def _check(self, scope: Scope) -> None:
        headers = Headers(scope=scope)
        self._check_host(headers)
        self._check_origin(headers, scope["path"])
        self._check_key(headers, scope["path"])

    def _check_host(self, headers: Headers) -> None:
        """A name that anybody may point at us is none of ours: by it a page of theirs could read the answers."""
        host = _host(headers.get("host", ""))
        if host not in ("localhost", *self._options.hosts) and not _is_address(host):
            raise Problem(421, f"this server is not called {host[:60]!r}; start it with --allow-host {host[:60]}")

    def _check_origin(self, headers: Headers, path: str) -> None:
        """A page of another origin may not drive this server, though it runs beside it."""
        origin, site = headers.get("origin"), headers.get("sec-fetch-site")
        foreign = origin is not None and _netloc(origin) != headers.get("host", "").lower()
        if foreign or (site in ("cross-site", "same-site") and path.startswith("/v1")):
            raise Problem(403, f"a page of {(origin or 'another site')[:100]} may not use this server")

    def _check_key(self, headers: Headers, path: str) -> None:
        if not self._options.keys or not (path.startswith("/v1") or path == "/metrics"):
            return
        if path != PATH and self._sessions.holds(cookie_parser(headers.get("cookie", "")).get(COOKIE, "")):
            return
        scheme, _, given = headers.get("authorization", "").partition(" ")
        known = [hmac.compare_digest(given.strip().encode(), key.encode()) for key in self._options.keys]  # all of them
        if scheme.lower() != "bearer" or not any(known):
            challenge = {"WWW-Authenticate": 'Bearer realm="dicetalk"'}
            raise Problem(401, "no key, or a wrong one; send Authorization: Bearer KEY", challenge)

    def _most(self, headers: Headers) -> int:
        """Bytes that may come."""
        most = int(self._options.most_mb * 1e6)
        if headers.get("content-type", "").partition(";")[0].strip().lower() == "application/json":
            most = min(most, MOST_JSON)
        told = headers.get("content-length", "0")
        if not told.isascii() or not told.isdigit() or len(told) > 15 or int(told) > most:
            raise too_large(most)
        return most


def too_large(most: int) -> Problem:
    """A request that holds too much."""
    return Problem(413, f"the request is larger than {most / 1e6:g} MB; send less", kind="MediaError")


class _Body:
    """The body of a request on its way in.

    Attributes:
        most: bytes that may come.
    """

    def __init__(self, receive: Receive, *, patient: bool) -> None:
        """Of a request, whose rest is taken if it is refused in its middle and its client is `patient` to send it."""
        self.most, self._receive, self._patient = 0, receive, patient
        self._came, self._is_over = 0, False

    async def receive(self) -> Message:
        """The next piece.

        Raises:
            Problem: it does not come, or it is one too many.
        """
        if self._is_over:
            return await self._receive()
        try:
            message = await asyncio.wait_for(self._next(), SLOWEST)
        except TimeoutError:
            self._patient = False
            raise Problem(408, f"nothing came for {SLOWEST:g} s; send it again", {"Connection": "close"}) from None
        if self._came > self.most:
            raise too_large(self.most)
        return message

    async def _next(self) -> Message:
        message = await self._receive()
        self._came += len(message.get("body", b""))
        self._is_over = not message.get("more_body", False)
        return message

    async def rest(self) -> None:
        """Take what still comes, for a while, and forget it."""
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(LINGER):
                while self._patient and not self._is_over:
                    await asyncio.wait_for(self._next(), SILENT)


def _host(text: str) -> str:
    """The name in a `Host`, without its port."""
    found = re.fullmatch(r"(\[[0-9A-Fa-f:.]+\]|[^:\s/@]+)(:\d{1,5})?", text.strip())
    return found[1].strip("[]").lower() if found else text


def _netloc(origin: str) -> str | None:
    """The host and port of an origin; None where it has none that can be read."""
    try:
        return urlsplit(origin).netloc.lower()
    except ValueError:
        return None


def _is_address(host: str) -> bool:
    try:
        ipaddress.ip_address(host)
    except ValueError:
        return False
    return True
