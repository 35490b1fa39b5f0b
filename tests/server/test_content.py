from __future__ import annotations

import asyncio
import json
import sqlite3
from pathlib import Path
from types import SimpleNamespace
from typing import Any

import pytest
from bare_server import Asking, asking, heard
from starlette.types import Message

from dicetalk.server.content import Stored
from dicetalk.server.places import Places
from dicetalk.server.problems import MEDIA_TYPE
from dicetalk.server.queue import Queue
from dicetalk.server.request import PREVIEW, WORDS


def answered(path: Path, gone_at_start: bool = False, range: str | None = None) -> list[Message]:
    """What is sent of a file, which may go between the head of the answer and its body."""
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)
        if gone_at_start:
            path.unlink(missing_ok=True)

    async def receive() -> Message:
        return {"type": "http.request"}

    headers = [] if range is None else [(b"range", range.encode())]
    scope: dict[str, Any] = {"type": "http", "method": "GET", "headers": headers, "asgi": {"spec_version": "2.4"}}
    asyncio.run(Stored(path)(scope, receive, send))
    return sent


def test_a_file_is_sent(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(b"film")
    begun, *body = answered(tmp_path / "a.mp4")
    assert begun["status"] == 200 and b"".join(part["body"] for part in body) == b"film"


def test_a_file_that_was_removed_is_not_found(tmp_path: Path) -> None:
    assert answered(tmp_path / "a.mp4")[0]["status"] == 404


def test_a_file_that_goes_just_then_has_no_end(tmp_path: Path) -> None:
    (tmp_path / "a.mp4").write_bytes(b"film")
    sent = answered(tmp_path / "a.mp4", gone_at_start=True)
    assert sent[0]["status"] == 200 and not any("body" in message for message in sent)


@pytest.mark.parametrize(
    ("range", "status"), [("bytes=9-", 416), ("bytes=3-1", 400), ("bytes=x", 400), ("metres=0-1", 400)]
)
def test_a_range_that_cannot_be_given_is_a_problem(tmp_path: Path, range: str, status: int) -> None:
    (tmp_path / "a.mp4").write_bytes(b"film")
    begun, body = answered(tmp_path / "a.mp4", range=range)
    head = {name.decode(): value.decode() for name, value in begun["headers"]}
    assert begun["status"] == status and head["content-type"] == MEDIA_TYPE
    assert "Range" in json.loads(body["body"])["detail"]
    assert head.get("content-range") == ("bytes */4" if status == 416 else None)


@pytest.mark.parametrize(("told", "status"), [("webm", 200), ("mp4", 404), ("webm, not signed", 404)])
def test_credentials_that_lie_beside(tmp_path: Path, told: str, status: int) -> None:
    places = Places(tmp_path)
    places.make()
    queue = Queue(places.database)
    queue.add("job", {"format": told.split(",")[0]}, None, set(), 9)
    with asking(queue=queue, places=places, keep_s=60) as ask:
        assert ask("GET", "/v1/videos/job/credentials").status_code == 409
        queue.claim("somebody-0")
        places.video("somebody-0").mkdir()
        (places.video("somebody-0") / "video.c2pa").write_bytes(b"signed")
        queue.finish("somebody-0", {"curves": False, "marks": "plain" if "not" in told else "signed"}, None)
        answer = ask("GET", "/v1/videos/job/credentials")
        link = ask("GET", "/v1/videos/job").json()["links"]["credentials"]
        assert answer.status_code == status and (link is not None) == (status == 200)
        assert status != 200 or (answer.content == b"signed" and answer.headers["content-type"] == "application/c2pa")


@pytest.mark.parametrize(("words", "status"), [(True, 200), (False, 404), (None, 404)])
def test_words_that_lie_beside(tmp_path: Path, words: bool | None, status: int) -> None:
    places = Places(tmp_path)
    places.make()
    queue = Queue(places.database)
    queue.add("job", {}, None, set(), 9)
    with asking(queue=queue, places=places, keep_s=60) as ask:
        assert ask("GET", "/v1/videos/job/words").status_code == 409
        queue.claim("somebody-0")
        places.video("somebody-0").mkdir()
        (places.video("somebody-0") / WORDS).write_text("WEBVTT\n")
        noted = {} if words is None else {"words": words}  # jobs of an older version have no such note
        queue.finish("somebody-0", {"curves": False, **noted}, None)
        answer, told = ask("GET", "/v1/videos/job/words"), ask("GET", "/v1/videos/job").json()
        assert answer.status_code == status and (told["links"]["words"] is not None) == (status == 200)
        assert "words" not in told["result"]
        assert status == 200 or "which words" in answer.json()["detail"]


@pytest.mark.parametrize(
    ("error", "status"), [(sqlite3.OperationalError("full"), 503), (OSError(28, "full"), 503), (KeyError("x"), 500)]
)
def test_whatever_goes_wrong_is_told_as_a_problem(error: Exception, status: int) -> None:
    def find(id: str) -> None:
        raise error

    with asking(queue=SimpleNamespace(find=find)) as ask:
        ask.client._transport.raise_app_exceptions = False  # type: ignore[attr-defined]
        answer = ask("GET", "/v1/videos/job")
    assert answer.status_code == status and answer.headers["content-type"] == MEDIA_TYPE


def test_a_preview_while_it_is_denoised(tmp_path: Path) -> None:
    places = Places(tmp_path)
    places.make()
    queue = Queue(places.database)
    queue.add("job", {}, None, set(), 9)
    with asking(queue=queue, places=places) as ask:
        assert ask("GET", "/v1/videos/job/preview").status_code == 409
        queue.claim("somebody-0")
        places.video("somebody-0").mkdir()
        assert ask("GET", "/v1/videos/job/preview").status_code == 404
        (places.video("somebody-0") / PREVIEW).write_bytes(b"picture")
        answer = ask("GET", "/v1/videos/job/preview")
        assert answer.content == b"picture" and answer.headers["content-type"] == "image/png"
        queue.cancel("job")
        assert ask("GET", "/v1/videos/job/preview").status_code == 409


def test_a_head_is_that_of_the_answer_without_its_body(tmp_path: Path) -> None:
    places = Places(tmp_path)
    places.make()
    queue = Queue(places.database)
    queue.add("job", {"format": "mp4"}, None, set(), 9)
    queue.claim("somebody-0")
    places.video("somebody-0").mkdir()
    for name in ("video.mp4", "motion.csv"):
        (places.video("somebody-0") / name).write_bytes(b"film")
    queue.finish("somebody-0", {"curves": True, "marks": "plain"}, None)
    with asking(queue=queue, places=places, keep_s=60, crew=SimpleNamespace(alive=1)) as ask:
        told = ask("GET", "/openapi.json").json()["paths"]
        paths = [path.format(id="job") for path, methods in told.items() if "get" in methods]
        assert "/healthz" in paths and "/v1/videos/job" in paths
        for path in ("/", "/openapi.json", *(path for path in paths if path != "/metrics")):
            got, body = asked(ask, "GET", path)
            head, none = asked(ask, "HEAD", path)
            assert head == got and body and none == b"", path
        assert ("HEAD", "/v1/videos/{id}", 200) in [told[:3] for told in ask.counted]
        film = asked(ask, "HEAD", "/v1/videos/job/content")[0]
        assert {"content-length: 4", "accept-ranges: bytes"} <= film and "http/1.1 200 ok" in film
        assert "http/1.1 404 not found" in asked(ask, "HEAD", "/v1/videos/nobody")[0]


def test_a_head_of_a_video_that_is_made_is_told_at_once(tmp_path: Path) -> None:
    places = Places(tmp_path)
    places.make()
    queue = Queue(places.database)
    queue.add("job", {"format": "mp4"}, None, set(), 9)
    with asking(queue=queue, places=places) as ask:
        head, body = asked(ask, "HEAD", "/v1/videos/job/content")  # GET would wait for the video
    assert {"http/1.1 200 ok", "content-type: video/mp4", "accept-ranges: none"} <= head and body == b""


def asked(ask: Asking, method: str, path: str) -> tuple[set[str], bytes]:
    """The lines of the head of an answer, as they are sent, but for its date; and its body."""
    sent = heard(f"{method} {path} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode(), app=ask.app)
    head, _, body = sent.partition(b"\r\n\r\n")
    return {line for line in head.decode().lower().split("\r\n") if not line.startswith("date:")}, body
