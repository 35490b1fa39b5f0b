from __future__ import annotations

import json

import pytest
from bare_server import heard, silent
from starlette.types import Receive, Scope, Send


async def empty(scope: Scope, receive: Receive, send: Send) -> None:
    """An app that answers without a body."""
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"0")]})
    await send({"type": "http.response.body", "body": b""})


async def early(scope: Scope, receive: Receive, send: Send) -> None:
    """An app that begins its answer before it has read anything."""
    await send({"type": "http.response.start", "status": 200, "headers": [(b"content-length", b"9")]})
    await send({"type": "http.response.body", "body": b"one", "more_body": True})
    await silent(scope, receive, send)


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


BROKEN = b"Host: a\r\nTransfer-Encoding: chunked\r\n\r\nzz\r\n"


def test_a_broken_request_for_a_head_is_told_no_body() -> None:
    whole = heard(b"POST / HTTP/1.1\r\n" + BROKEN).partition(b"\r\n\r\n")[0]
    head, _, body = heard(b"HEAD / HTTP/1.1\r\n" + BROKEN).partition(b"\r\n\r\n")
    assert head == whole and body == b""


def test_nonsense_after_a_head_is_told_with_its_body() -> None:
    """The head that was asked for before is answered."""
    answers = heard(b"HEAD / HTTP/1.1\r\nHost: a\r\n\r\n", b"nonsense\r\n\r\n", app=empty)
    assert json.loads(answers.rpartition(b"\r\n\r\n")[2])["status"] == 400


def test_a_request_that_breaks_after_its_answer_has_begun_is_left() -> None:
    begun, broken = BROKEN[:-4], BROKEN[-4:]
    head, _, body = heard(b"POST / HTTP/1.1\r\n" + begun, broken, app=early).partition(b"\r\n\r\n")
    assert head.startswith(b"HTTP/1.1 200") and body == b"one"
