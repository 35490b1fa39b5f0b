"""Hostile input to a server: a job that is done, or a problem that says why; and the server goes on."""

from __future__ import annotations

import hashlib
import io
import json
import socket
import sys
import time
from collections.abc import Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import httpx
import pytest
from hostile.cases import Door
from hostile.doors import INPUTS, assert_right, assert_shown, assert_told, fields_of
from hostile.made import encoded, put, wav
from hostile.table import CASES
from hostile.watch import assert_modest, family, files, until_gone
from served import Served, serving

DOOR: Door = "REST"
pytestmark = [pytest.mark.timeout(300), pytest.mark.skipif(sys.platform == "win32", reason="pipes and links of POSIX")]


@pytest.fixture(scope="module")
def data(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("data")


@pytest.fixture(scope="module")
def server(data: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    with pytest.MonkeyPatch.context() as patch:
        temporary = tmp_path_factory.mktemp("temporary")
        patch.setenv("TMPDIR", str(temporary))
        with serving(data, "--workers", "1") as served:
            yield served
            assert_modest(family(served.process.pid))
            assert not files(temporary)


def ask(server: Served, fields: dict[str, Any], files: dict[str, Path]) -> httpx.Response:
    """Ask for a video: by a form with files where the case has some, else by JSON."""
    if files:
        told = {name: value if isinstance(value, str | list) else str(value).lower() for name, value in fields.items()}
        sent = {name: (path.name, path.read_bytes()) for name, path in files.items()}
        return server.asks.post("/v1/videos", data=told, files=sent)
    content = json.dumps(fields).encode()
    return server.asks.post("/v1/videos", content=content, headers={"content-type": "application/json"})


@pytest.fixture(scope="module")
def good(server: Served, tmp_path_factory: pytest.TempPathFactory) -> dict[str, str]:
    """The ids of a good portrait and speech."""
    folder = tmp_path_factory.mktemp("good")
    return {
        "portrait": server.send(Path(put(folder, "face.png", encoded("PNG")))),
        "speech": server.send(Path(put(folder, "speech.wav", wav()))),
    }


def test_a_case(name: str, server: Served, good: dict[str, str], data: Path, tmp_path: Path) -> None:
    case, fields = CASES[name], fields_of(CASES[name], tmp_path / "desk")
    own = {field: Path(fields.pop(field)) for field in INPUTS if field in fields and not _is_good(fields[field])}
    told = {field: good.get(field, value) for field, value in fields.items()}
    if "emotion_file" in own:
        told["emotion"] = told["emotion"].replace("{file}", "file")
    before = files(data / "uploads", data / "videos")
    answer = ask(server, told, own)
    record = wait(server, answer.json()["id"]) if answer.status_code == 202 else problem(answer)
    if case.said_at(DOOR):
        assert record.get("status") != "done", record
        error = record["error"] if record["status"] == "failed" else {"error": record["detail"], "kind": "a problem"}
        assert_told(case, DOOR, error["error"], error["kind"])
        assert str(data) not in error["error"] and "temporary/" not in error["error"]
    else:
        assert record["status"] == "done", record
        assert_right(case, record["result"])
        film = server.asks.get(record["links"]["content"])
        assert_shown(io.BytesIO(film.content), record["result"])
    if answer.status_code == 202:
        assert server.asks.delete(answer.headers["location"]).status_code == 204
    until_gone(data / "temporary")
    until_gone(data / "videos")
    accepted = set(_kept(data, own.values()) if answer.status_code in (202, 422) else ())
    assert files(data / "uploads", data / "videos") - before <= accepted
    assert server.process.poll() is None
    assert_modest(family(server.process.pid))


def _is_good(path: str) -> bool:
    return Path(path).name in ("good.png", "good.wav")


def _kept(data: Path, sent: Any) -> list[Path]:
    """Where files lie that were taken: they stay for requests that name them, until they expire."""
    stems = {hashlib.sha256(path.read_bytes()).hexdigest() for path in sent}
    return [path for path in (data / "uploads").iterdir() if path.stem in stems]


def problem(answer: httpx.Response) -> dict[str, Any]:
    """A problem document about what a client did."""
    assert 400 <= answer.status_code < 500, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    told: dict[str, Any] = answer.json()
    assert told["status"] == answer.status_code
    return told


def wait(server: Served, id: str) -> dict[str, Any]:
    end = time.monotonic() + 200
    while (told := server.job(id))["status"] in ("queued", "running"):
        assert time.monotonic() < end, told
        time.sleep(0.03)
    return told


# ---- what only a client on a line can do


def line(server: Served) -> socket.socket:
    host, port = server.url.removeprefix("http://").split(":")
    return socket.create_connection((host, int(port)), timeout=60)


HEAD = b"POST /v1/uploads HTTP/1.1\r\nHost: localhost\r\n"
RAW: dict[str, tuple[bytes, bytes]] = {
    "no request": (b"\0\1\2\3\r\n\r\n", b"400"),
    "a head without end": (b"GET / HTTP/1.1\r\nHost: localhost\r\nX: " + b"x" * 200_000 + b"\r\n\r\n", b""),
    "a length that is none": (HEAD + b"Content-Length: ten\r\n\r\n", b"400"),
    "less than no length": (HEAD + b"Content-Length: -1\r\n\r\n", b"400"),
    "a length beyond all": (HEAD + b"Content-Length: 99999999999999999999\r\n\r\n", b"4"),
    "a length of two minds": (HEAD + b"Content-Length: 3\r\nContent-Length: 5\r\n\r\nabcde", b"400"),
    "chunks that are none": (HEAD + b"Transfer-Encoding: chunked\r\n\r\nzz\r\nabc\r\n", b"400"),
    "no host": (b"GET /healthz HTTP/1.1\r\n\r\n", b"4"),
    "a host of another": (b"GET /healthz HTTP/1.1\r\nHost: evil.example\r\n\r\n", b"421"),
    "out of the page's folder": (b"GET /../../../../etc/passwd HTTP/1.1\r\nHost: localhost\r\n\r\n", b"404"),
    "out of it, disguised": (b"GET /%2e%2e/%2e%2e/%2e%2e/etc/passwd HTTP/1.1\r\nHost: localhost\r\n\r\n", b"404"),
    "out of it, with nulls": (b"GET /%00/etc/passwd HTTP/1.1\r\nHost: localhost\r\n\r\n", b"404"),
    "a job of path parts": (b"GET /v1/videos/..%2f..%2fetc HTTP/1.1\r\nHost: localhost\r\n\r\n", b"404"),
    "a job of a null": (b"GET /v1/videos/%00 HTTP/1.1\r\nHost: localhost\r\n\r\n", b"404"),
    "a limit of digits": (b"GET /v1/videos?limit=" + b"9" * 5000 + b" HTTP/1.1\r\nHost: localhost\r\n\r\n", b"422"),
}  # fmt: skip


@pytest.mark.parametrize("name", RAW)
def test_bytes_on_the_line(name: str, server: Served) -> None:
    sent, status = RAW[name]
    answer = b""
    with line(server) as raw, suppress(ConnectionError):  # a server may cut off who goes on talking
        raw.sendall(sent)
        answer = raw.recv(65536)
    assert answer[9:12].startswith(status), answer[:300]
    assert b"root:" not in answer and b"Traceback" not in answer
    assert server.asks.get("/healthz").status_code == 200


def test_a_chunk_beyond_all_is_not_waited_for_by_others(server: Served, data: Path) -> None:
    """How long the server itself waits for it, the tests of the guard say."""
    with line(server) as raw:
        raw.sendall(HEAD + b"Transfer-Encoding: chunked\r\n\r\nffffffffffffffff1\r\n" + b"x" * 100)
        assert server.asks.get("/healthz", timeout=10).status_code == 200
    until_gone(data / "temporary")
    assert server.asks.get("/healthz").status_code == 200


def test_uploads_that_are_slow_or_break_off(server: Served, data: Path) -> None:
    """Those who send a byte now and then hold nobody up; those who leave leave nothing."""
    lines = [line(server) for _ in range(40)]
    for raw in lines:
        raw.sendall(HEAD + b"Content-Length: 100000\r\n\r\n" + b"x" * 10)
    for raw in lines:
        raw.sendall(b"x")
    assert server.asks.get("/healthz", timeout=10).status_code == 200
    for raw in lines[:10]:
        raw.close()
    for raw in lines[10:]:
        raw.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, b"\1\0\0\0\0\0\0\0")  # cut off: a reset
        raw.close()
    until_gone(data / "temporary")
    assert server.asks.get("/healthz").status_code == 200


JSON: dict[str, tuple[bytes, int]] = {
    "deep lists": (b"[" * 100_000, 400),
    "deep objects": (b'{"a":' * 100_000, 400),
    "a deep value": (b'{"portrait": ' + b"[" * 50_000 + b"]" * 50_000 + b"}", 400),
    "a number of a million digits": (b'{"seed": ' + b"9" * 1_000_000 + b"}", 400),
    "no number": (b'{"head": NaN}', 400),
    "no JSON": (b"{portrait: 1}", 400),
    "no text": (b"\xff\xfe\x00", 400),
    "half a letter": (b'{"emotion": "\xf0\x9f"}', 400),
    "half a pair": (b'{"emotion": "\\ud83d"}', 400),
    "a list": (b"[1, 2]", 400),
    "a word": (b'"portrait"', 400),
    "nothing": (b"null", 400),
    "a hundred thousand fields": (b"{" + b",".join(b'"f%d": 1' % n for n in range(100_000)) + b"}", 422),
    "a field of a million letters": (b'{"' + b"x" * 1_000_000 + b'": 1}', 422),
    "a text of three million letters": (b'{"emotion": "' + b"x" * 3_000_000 + b'"}', 422),
    "more than is taken": (b'{"emotion": "' + b"x" * 5_000_000 + b'"}', 413),
    "an emotion of an object of objects": (b'{"emotion": {"keys": {"a": {"b": {}}}}}', 422),
    "a portrait of an object": (b'{"portrait": {}}', 422),
    "a portrait of a path": (b'{"portrait": "/etc/passwd"}', 422),
    "a portrait of path parts": (b'{"portrait": "../../../../../../../../etc/passwd"}', 422),
}  # fmt: skip


@pytest.mark.parametrize("way", ["/v1/videos", "/v1/faces", "/v1/preview"])
@pytest.mark.parametrize("name", JSON)
def test_json_that_means_nothing(name: str, way: str, server: Served) -> None:
    content, status = JSON[name]
    told = problem(server.asks.post(way, content=content, headers={"content-type": "application/json"}))
    assert told["status"] == status and "\n" not in told["detail"] and len(told["detail"]) < 700, told
