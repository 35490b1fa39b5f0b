from __future__ import annotations

import asyncio
from pathlib import Path
from typing import Any

from bare_server import asking
from starlette.types import Message

from dicetalk.server.content import Stored
from dicetalk.server.places import Places
from dicetalk.server.queue import Queue
from dicetalk.server.request import PREVIEW


def answered(path: Path, gone_at_start: bool = False) -> list[Message]:
    """What is sent of a file, which may go between the head of the answer and its body."""
    sent: list[Message] = []

    async def send(message: Message) -> None:
        sent.append(message)
        if gone_at_start:
            path.unlink(missing_ok=True)

    async def receive() -> Message:
        return {"type": "http.request"}

    scope: dict[str, Any] = {"type": "http", "method": "GET", "headers": [], "asgi": {"spec_version": "2.4"}}
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
