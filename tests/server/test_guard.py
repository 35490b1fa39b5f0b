from __future__ import annotations

from pathlib import Path

import anyio
import httpx
import pytest
from starlette.types import Message, Receive, Scope, Send

from dicetalk.server.guard import Guard
from dicetalk.server.options import ServerOptions
from dicetalk.server.problems import Problem
from dicetalk.server.session import LASTS, Sessions

KEY = "k" * 20


ISSUED = Sessions(lambda: 0.0)


def sessions(now: float) -> Sessions:
    """Those of the same server at another time [s]."""
    later = Sessions(lambda: now)
    later._secret = ISSUED._secret
    return later


async def echo(scope: Scope, receive: Receive, send: Send) -> None:
    while (await receive()).get("more_body"):
        pass
    await send({"type": "http.response.start", "status": 200, "headers": []})
    await send({"type": "http.response.body", "body": b""})


def asked(
    path: str = "/v1/videos", host: str = "127.0.0.1:8000", keys: tuple[str, ...] = (), now: float = 0, **more: str
) -> httpx.Response:
    """What a guard answers to a request with some headers."""
    guard = Guard(
        echo, ServerOptions(data=Path("data"), keys=keys, hosts=("talk.example.org",), most_mb=0.001), sessions(now)
    )
    headers = {"host": host, **{name.replace("_", "-"): value for name, value in more.items()}}

    async def ask() -> httpx.Response:
        transport = httpx.ASGITransport(app=guard)
        async with httpx.AsyncClient(transport=transport, base_url="http://127.0.0.1:8000") as client:
            return await client.get(path, headers=headers)

    return anyio.run(ask)


@pytest.mark.parametrize("host", ["127.0.0.1:8000", "localhost", "[::1]:80", "192.168.1.5:9000", "talk.example.org"])
def test_our_names(host: str) -> None:
    assert asked(host=host).status_code == 200


@pytest.mark.parametrize("host", ["evil.example.org", "localhost.evil.org", "127.0.0.1.nip.io", "x@localhost", "a b"])
def test_a_name_that_somebody_points_at_us(host: str) -> None:
    answer = asked(host=host)
    assert answer.status_code == 421 and answer.headers["content-type"] == "application/problem+json"


@pytest.mark.parametrize(
    "origin", ["http://evil.example.org", "http://127.0.0.1:9999", "null", "http://localhost:8000", "http://["]
)
def test_a_page_of_another_origin(origin: str) -> None:
    assert asked(origin=origin).status_code == 403
    assert asked(path="/", origin=origin).status_code == 403


def test_our_own_page_may_ask_and_another_site_s_picture_may_not() -> None:
    assert asked(origin="http://127.0.0.1:8000", sec_fetch_site="same-origin").status_code == 200
    assert asked(sec_fetch_site="cross-site").status_code == 403
    assert asked(path="/", sec_fetch_site="cross-site").status_code == 200  # a link to the page


def test_keys() -> None:
    assert asked(keys=(KEY,)).status_code == 401
    assert asked(keys=(KEY,), authorization="Bearer nearly" + KEY).status_code == 401
    assert asked(keys=(KEY,), authorization=f"Basic {KEY}").status_code == 401
    assert asked(keys=("other" * 4, KEY), authorization=f"Bearer {KEY}").status_code == 200
    assert asked("/metrics", keys=(KEY,)).status_code == 401
    assert asked("/healthz", keys=(KEY,)).status_code == 200
    assert asked("/", keys=(KEY,)).status_code == 200


def test_a_cookie_stands_for_a_key_for_an_hour() -> None:
    cookie = f"other=1; dicetalk={ISSUED.new()}"
    assert asked(keys=(KEY,), cookie=cookie).status_code == 200
    assert asked(keys=(KEY,), cookie=cookie, now=LASTS - 1).status_code == 200
    assert asked(keys=(KEY,), cookie=cookie, now=LASTS).status_code == 401
    assert asked("/v1/session", keys=(KEY,), cookie=cookie).status_code == 401  # else it would last for ever
    assert asked(keys=(KEY,), cookie=cookie, origin="http://evil.example.org").status_code == 403


@pytest.mark.parametrize(
    "value",
    ["", ".", "x.y", "9999999999", f"9999999999.{'0' * 64}", "9" * 5000 + ".0",
     pytest.param(Sessions(lambda: 0.0).new(), id="another secret")],
)  # fmt: skip
def test_a_cookie_of_somebody_else(value: str) -> None:
    assert asked(keys=(KEY,), cookie=f"dicetalk={value}").status_code == 401


def test_a_cookie_that_was_changed() -> None:
    ends, _, signature = ISSUED.new().partition(".")
    assert asked(keys=(KEY,), cookie=f"dicetalk={int(ends) + 1}.{signature}").status_code == 401


@pytest.mark.parametrize("length", ["5000", "-1", "1e3", "9" * 400])
def test_a_length_that_is_too_much_or_none(length: str) -> None:
    assert asked(content_length=length).status_code in (400, 413)


def test_every_answer_says_that_browsers_must_not_guess() -> None:
    for answer in (asked(), asked(host="evil.example.org")):
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "access-control-allow-origin" not in answer.headers


def test_what_comes_without_a_length_is_counted() -> None:
    guard = Guard(_reads, ServerOptions(data=Path("data"), most_mb=0.001), Sessions())
    came: list[int] = []

    async def ask() -> None:
        async def receive() -> Message:
            came.append(1)
            return {"type": "http.request", "body": b"x" * 400, "more_body": True}

        async def send(message: object) -> None:
            raise AssertionError("nothing is answered here")

        scope = {"type": "http", "path": "/", "headers": [(b"host", b"localhost")], "method": "POST"}
        await guard(scope, receive, send)

    with pytest.raises(Exception, match=r"larger than 0\.001 MB"):
        anyio.run(ask)
    assert len(came) == 3


@pytest.mark.parametrize(("expect", "taken"), [([], 5), ([(b"expect", b"100-continue")], 0)])
def test_what_is_refused_is_taken_to_its_end_before_the_answer(expect: list[tuple[bytes, bytes]], taken: int) -> None:
    """Clients that send all before they listen would else find the connection closed, and no answer."""
    guard = Guard(_reads, ServerOptions(data=Path("data"), most_mb=0.001), Sessions())
    came: list[int] = []

    async def receive() -> Message:
        came.append(1)
        return {"type": "http.request", "body": b"x" * 400, "more_body": len(came) < 5}

    async def send(message: Message) -> None:
        if message["type"] == "http.response.start":
            assert message["status"] == 413 and len(came) == taken

    headers = [(b"host", b"localhost"), (b"content-length", b"2000"), *expect]
    scope: Scope = {"type": "http", "path": "/", "headers": headers, "method": "POST"}

    async def ask() -> None:
        await guard(scope, receive, send)

    anyio.run(ask)
    assert len(came) == taken


def test_who_sends_nothing_more_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dicetalk.server.guard.SLOWEST", 0.01)
    guard = Guard(_reads, ServerOptions(data=Path("data")), Sessions())

    async def ask() -> None:
        async def receive() -> dict[str, object]:
            await anyio.sleep_forever()
            raise AssertionError("nobody comes back from there")

        async def send(message: object) -> None:
            raise AssertionError("nothing is answered here")

        scope = {"type": "http", "path": "/", "headers": [(b"host", b"localhost")], "method": "POST"}
        await guard(scope, receive, send)

    with pytest.raises(Problem, match=r"nothing came for 0\.01 s; send it again") as told:
        anyio.run(ask)
    assert told.value.status == 408


async def _reads(scope: Scope, receive: Receive, send: Send) -> None:
    while (await receive()).get("more_body"):
        pass
