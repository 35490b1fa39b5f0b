from __future__ import annotations

import asyncio
import io
import json
import os
import signal
from collections.abc import Iterator
from multiprocessing import Pipe
from pathlib import Path
from typing import Any, cast

import numpy as np
import pytest
from fastapi import WebSocket, WebSocketDisconnect
from PIL import Image
from served import Served, serving
from websockets.exceptions import ConnectionClosed, InvalidStatus
from websockets.sync.client import ClientConnection, connect

from dicetalk.errors import InputError
from dicetalk.media import read_sound
from dicetalk.server.live import _end, _show
from dicetalk.server.sitting import Line

pytestmark = pytest.mark.timeout(300)


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with serving(tmp_path_factory.mktemp("live")) as served:
        yield served


@pytest.fixture(scope="module")
def portrait(server: Served, hopper: Path) -> str:
    return server.send(hopper)


def opened(server: Served, **headers: str) -> ClientConnection:
    url = server.url.replace("http", "ws") + "/v1/live"
    return connect(url, additional_headers=headers, proxy=None, open_timeout=60, close_timeout=60)


def told(socket: ClientConnection) -> dict[str, Any]:
    answer: dict[str, Any] = json.loads(socket.recv(timeout=100))
    return answer


def test_frames_come_while_it_is_spoken(server: Served, portrait: str, speech: Path) -> None:
    samples = read_sound(speech).waveform
    for _ in range(2):  # the second talk finds the process ready
        with opened(server) as socket:
            socket.send(
                json.dumps(
                    {"portrait": portrait, "size": 128, "crop": True, "emotion": "happy:0.3", "drop": False}
                    | {"as_strong_as": 0.7}
                )
            )
            ready = told(socket)["ready"]
            assert (ready["width"], ready["height"], ready["fps"]) == (128, 128, 25)
            for portion in np.array_split(samples[: len(samples) // 2], 10):
                socket.send(portion.tobytes())
            first = socket.recv(timeout=100)
            assert isinstance(first, bytes) and first[:4] == bytes(4)  # before the rest was said
            socket.send(json.dumps({"emotion": "surprised:0.2"}))
            socket.send(samples[len(samples) // 2 :].tobytes())
            socket.send(json.dumps({"finish": True}))
            numbers, last = [0], b""
            texts: list[dict[str, Any]] = []
            while not (texts and "done" in texts[-1]):
                if isinstance(shown := socket.recv(timeout=100), bytes):
                    numbers.append(int.from_bytes(shown[:4], "little"))
                    last = shown[4:]
                else:
                    texts.append(json.loads(shown))
            assert numbers == list(range(30)) and texts[1:] == [{"done": {"frames": 30, "dropped": 0}}]
            changed = texts[0]["changed"]
            assert changed["emotion"] == "surprised:0.2" and "no audience was asked" in changed["warnings"][0]
            assert Image.open(io.BytesIO(last)).size == (128, 128)


@pytest.mark.parametrize(
    ("first", "says"),
    [
        (b"sound", "sound came before it was wanted"),
        ("{", "no JSON"),
        ("[]", "expected an object"),
        ("{}", "there is no portrait"),
        ('{"portrait": "/etc/passwd"}', "its id"),
        ('{"portrait": "PORTRAIT", "emotion": "like:/etc/passwd"}', "send it as emotion_file"),
        ('{"portrait": "PORTRAIT", "emotion": "auto"}', "auto"),
        ('{"portrait": "PORTRAIT", "size": 7}', "size is 7"),
        ('{"portrait": "PORTRAIT", "rate": "fast"}', "fast"),
        ('{"portrait": "PORTRAIT", "drop": "some"}', "drop is"),
        ('{"portrait": "PORTRAIT", "output": "x"}', "no field"),
    ],
)
def test_what_cannot_begin_says_why(server: Served, portrait: str, first: str | bytes, says: str) -> None:
    with opened(server) as socket:
        socket.send(first if isinstance(first, bytes) else first.replace("PORTRAIT", portrait))
        assert says in told(socket)["error"]
        with pytest.raises(ConnectionClosed):
            socket.recv(timeout=60)


def test_one_speaks_at_a_time_and_who_leaves_makes_room(server: Served, portrait: str) -> None:
    begin = json.dumps({"portrait": portrait, "size": 128, "crop": True})
    with opened(server) as socket:
        socket.send(begin)
        assert "ready" in told(socket)
        with opened(server) as other:
            other.send(begin)
            assert told(other)["kind"] == "Busy"
        socket.send("nonsense")
        assert "no JSON" in told(socket)["error"]
    with opened(server) as third:
        third.send(begin)
        assert "ready" in told(third)


class Socket:
    """Notes what is sent."""

    def __init__(self) -> None:
        self.sent: list[Any] = []

    async def send_json(self, told: dict[str, Any]) -> None:
        self.sent.append(told)

    async def send_bytes(self, frame: bytes) -> None:
        self.sent.append(frame)

    async def close(self, code: int) -> None:
        self.sent.append(code)


def test_a_word_on_being_late_ends_nothing() -> None:
    ours, theirs = Pipe()
    said = [{"ready": {}}, b"1", {"late": {"seconds": 0.2}}, b"2", {"done": {"frames": 9}}]
    for one in said:
        theirs.send(one)
    socket = Socket()
    asyncio.run(_show(cast(WebSocket, socket), Line(ours)))
    assert socket.sent == [*said, 1000]


@pytest.mark.parametrize("gone", [WebSocketDisconnect(1006), RuntimeError("after close")])
def test_who_has_left_is_told_nothing(gone: Exception) -> None:
    class Gone(Socket):
        async def send_json(self, told: dict[str, Any]) -> None:
            raise gone

    socket = Gone()
    asyncio.run(_end(cast(WebSocket, socket), {"error": "busy"}, 1013))
    assert not socket.sent


@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="needs /proc")
def test_a_process_that_is_lost_is_told_and_replaced(server: Served, portrait: str) -> None:
    begin = json.dumps({"portrait": portrait, "size": 128, "crop": True})
    before = children(server)
    with opened(server) as socket:
        socket.send(begin)
        assert "ready" in told(socket)
        for process in children(server) - before or children(server):  # another talk may have begun it
            if b"resource_tracker" not in Path(f"/proc/{process}/cmdline").read_bytes():
                os.kill(process, signal.SIGKILL)
        socket.send(bytes(1280))
        assert "was lost" in told(socket)["error"]
    with opened(server) as again:
        again.send(begin)
        assert "ready" in told(again)


def children(server: Served) -> set[int]:
    tasks = Path(f"/proc/{server.process.pid}/task").iterdir()
    return {int(child) for task in tasks for child in (task / "children").read_text().split()}


def test_what_is_said_to_a_lost_process_is_no_fault_of_ours() -> None:
    ours, theirs = Pipe()
    theirs.close()
    with pytest.raises(InputError, match="was lost"):
        Line(ours).say(b"sound")


def test_a_page_of_another_origin_hears_nothing(server: Served) -> None:
    with pytest.raises(InvalidStatus, match="403"):
        opened(server, Origin="http://evil.example.org")
