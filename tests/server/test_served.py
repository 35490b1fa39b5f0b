"""The server as people run it: a process of its own, its workers, its folder."""

from __future__ import annotations

import importlib.util
import io
import json
import os
import re
import signal
import socket
import subprocess
import sys
import time
import zlib
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import av
import httpx
import numpy as np
import pytest
from PIL import Image
from places import ROOT
from served import Served, serving

from dicetalk import assets
from dicetalk.marks.verdict import verify

pytestmark = [pytest.mark.timeout(300), pytest.mark.skipif(sys.platform == "win32", reason="signals of POSIX")]


@pytest.fixture(scope="module")
def server(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Served]:
    options = ("--queue", "3", "--most-seconds", "20", "--most-megapixels", "1")
    with serving(tmp_path_factory.mktemp("served"), *options) as served:
        yield served


@pytest.fixture(scope="module")
def portrait(server: Served, hopper: Path) -> str:
    return server.send(hopper)


@pytest.fixture(scope="module")
def said(server: Served, speech: Path) -> str:
    return server.send(speech)


@pytest.fixture(scope="module")
def made(server: Served, portrait: str, said: str) -> dict[str, Any]:
    """A job that is done: 30 frames of 128 x 128."""
    told = {"emotion": "happy", "text": "Hello! I am.", "consent": "Grace agreed"}
    id = server.begin(portrait=portrait, speech=said, size=128, crop=True, **told)
    return server.wait(id, "done")


def problem(answer: httpx.Response, status: int) -> dict[str, Any]:
    assert answer.status_code == status, answer.text
    assert answer.headers["content-type"] == "application/problem+json"
    told: dict[str, Any] = answer.json()
    assert told["status"] == status and "\n" not in told["detail"]
    assert "/uploads/" not in answer.text and "/temporary/" not in answer.text
    return told


def frames(content: bytes) -> int:
    with av.open(io.BytesIO(content), mode="r") as film:
        return len(list(film.decode(video=0)))


def test_health_and_figures(server: Served) -> None:
    assert server.asks.get("/healthz").json()["status"] == "ok"
    assert 'dicetalk_jobs{status="queued"}' in server.asks.get("/metrics").text
    assert server.asks.get("/").headers["content-type"].startswith("text/html")
    assert server.asks.get("/v1/emotions").json()["names"][0]["name"] == "neutral"


def test_a_job_that_is_done_says_what_was_made(server: Served, made: dict[str, Any]) -> None:
    assert (made["result"]["frames"], made["result"]["width"]) == (30, 128)
    assert made["consent"] == "Grace agreed" and made["request"]["emotion"] == "happy"
    assert made["expires"] > made["ended"] > made["started"] >= made["created"]
    listed = server.asks.get("/v1/videos", params={"status": "done"}).json()["videos"]
    assert made["id"] in [job["id"] for job in listed]


def marks_of(content: bytes, path: Path) -> dict[str, Any]:
    """What the marks tell of what a client has kept in a file."""
    path.write_bytes(content)
    found = verify(path)
    assert found.state == "intact" and found.origin is not None
    return found.origin


def test_the_video_comes_whole_and_in_ranges(server: Served, made: dict[str, Any], tmp_path: Path) -> None:
    whole = server.asks.get(made["links"]["content"])
    assert whole.headers["content-type"] == "video/mp4" and frames(whole.content) == 30
    part = server.asks.get(made["links"]["content"], headers={"Range": "bytes=10-19"})
    assert part.status_code == 206 and part.content == whole.content[10:20]
    assert server.asks.get(made["links"]["content"], headers={"Range": "bytes=99999999-"}).status_code == 416
    head = server.asks.head(made["links"]["content"])
    assert int(head.headers["content-length"]) == len(whole.content) and not head.content
    saved = server.asks.get(made["links"]["content"], params={"download": "1"})
    assert re.match(r'attachment; filename="dicetalk-\d+\.mp4"', saved.headers["content-disposition"])
    marks = marks_of(whole.content, tmp_path / "saved.mp4")
    assert (marks["consent"], marks["portrait_sha256"]) == ("Grace agreed", made["request"]["portrait"])


def test_the_curves(server: Served, made: dict[str, Any]) -> None:
    rows = server.asks.get(made["links"]["motion"]).text.splitlines()
    assert rows[0].startswith("Timecode,BlendShapeCount") and len(rows) == 31


def test_the_words(server: Served, made: dict[str, Any]) -> None:
    answer = server.asks.get(made["links"]["words"])
    assert answer.headers["content-type"] == "text/vtt; charset=utf-8" and "words" not in made["result"]
    assert answer.text.startswith("WEBVTT\n") and answer.text.split("\n")[3::3] == ["Hello", "I", "am"]


def test_a_video_is_watched_while_it_is_made(server: Served, portrait: str, tmp_path: Path) -> None:
    spoken = server.send(Path(assets.speech()))
    id = server.begin(portrait=portrait, speech=spoken, size=128, crop=True)
    came, early = bytearray(), False
    with server.asks.stream("GET", f"/v1/videos/{id}/content") as answer:
        assert answer.status_code == 200 and "content-length" not in answer.headers
        for portion in answer.iter_bytes():
            came += portion
            early = early or server.job(id)["status"] == "running"
    assert early and b"moof" in came and frames(bytes(came)) == 232
    assert server.wait(id, "done")["result"]["frames"] == 232
    assert marks_of(bytes(came), tmp_path / "came.mp4")["portrait_sha256"] == portrait


def test_a_form_with_files_and_a_timeline(server: Served, hopper: Path, speech: Path) -> None:
    timeline = json.dumps({"keys": [{"time": 0, "emotion": "sad"}, {"time": 0.5, "emotion": "happy:0.5"}]})
    answer = server.asks.post(
        "/v1/videos",
        data={"emotion": timeline, "size": "96", "crop": "true", "format": "webm", "seed": "2"},
        files={"portrait": ("../../etc/passwd", hopper.read_bytes(), "text/html"), "speech": speech.read_bytes()},
    )
    assert answer.status_code == 202, answer.text
    job = server.wait(answer.json()["id"], "done")
    assert len(job["result"]["heard"]["keys"]) == 2
    content = server.asks.get(job["links"]["content"])
    assert content.headers["content-type"] == "video/webm" and frames(content.content) == 30


def test_a_webm_is_not_watched_while_it_is_made(server: Served, portrait: str) -> None:
    id = server.begin(portrait=portrait, idle=15, size=512, format="webm")
    server.wait(id, "running")
    assert "come again when" in problem(server.asks.get(f"/v1/videos/{id}/content"), 409)["detail"]
    assert problem(server.asks.get(f"/v1/videos/{id}/preview"), 404)
    assert server.asks.delete(f"/v1/videos/{id}").status_code == 204


def test_deleting_while_it_is_watched_or_fetched_fails_nothing_and_frees_the_file(
    server: Served, portrait: str, said: str
) -> None:
    id = server.begin(portrait=portrait, idle=15, size=512)
    with server.asks.stream("GET", f"/v1/videos/{id}/content") as answer:
        portions = answer.iter_raw()
        next(portions)
        assert server.asks.delete(f"/v1/videos/{id}").status_code == 204
        with pytest.raises(httpx.RemoteProtocolError):  # without an end, so that nobody takes it for whole
            list(portions)
    done = server.begin(portrait=portrait, speech=said, size=128, crop=True, marks="none", quality=100)
    size = int(server.asks.head(server.wait(done, "done")["links"]["content"]).headers["content-length"])
    with server.asks.stream("GET", f"/v1/videos/{done}/content") as answer:
        assert server.asks.delete(f"/v1/videos/{done}").status_code == 204
        assert len(answer.read()) == size  # what was begun is sent to its end
    problem(server.asks.get(f"/v1/videos/{done}/content"), 404)


def test_what_it_would_cost(server: Served) -> None:
    told = server.asks.get("/v1/forecast", params={"backbone": "rules", "seconds": 3}).json()
    assert told == {"backbone": "rules", "problem": None, "forecast": None}
    problem(server.asks.get("/v1/forecast", params={"backbone": "/tmp"}), 422)
    problem(server.asks.get("/v1/forecast", params={"backbone": "svd", "seconds": "1e9"}), 422)
    problem(server.asks.get("/v1/forecast", params={"backbone": "svd", "seconds": "nan"}), 422)


def test_deleting_stops_a_job_and_then_removes_it(server: Served, portrait: str) -> None:
    id = server.begin(portrait=portrait, idle=15, size=512)
    server.wait(id, "running")
    assert server.asks.delete(f"/v1/videos/{id}").status_code == 204
    assert server.job(id)["status"] == "cancelled"
    problem(server.asks.get(f"/v1/videos/{id}/content"), 409)
    assert server.asks.delete(f"/v1/videos/{id}").status_code == 204
    problem(server.asks.get(f"/v1/videos/{id}"), 404)
    problem(server.asks.delete(f"/v1/videos/{id}"), 404)


def test_a_full_queue_says_when_to_come_again(server: Served, portrait: str) -> None:
    answers = [server.asks.post("/v1/videos", json={"portrait": portrait, "idle": 15}) for _ in range(5)]
    full = next(answer for answer in answers if answer.status_code != 202)
    assert "Retry-After" in full.headers and problem(full, 429)
    ids = [answer.json()["id"] for answer in answers if answer.status_code == 202]
    assert [server.job(id)["place"] for id in ids[-3:]] == [1, 2, 3]
    for id in ids:
        assert server.asks.delete(f"/v1/videos/{id}").status_code == 204


def test_a_job_that_fails_says_why(server: Served, no_face: np.ndarray[Any, Any], portrait: str, said: str) -> None:
    content = io.BytesIO()
    Image.fromarray(no_face).save(content, "PNG")
    sent = server.asks.post("/v1/uploads", content=content.getvalue()).json()["id"]
    job = server.wait(server.begin(portrait=sent, speech=said), "failed")
    assert job["error"]["kind"] == "NoFaceError" and "no face found" in job["error"]["error"]
    assert job["error"]["field"] == "portrait"
    like = {"emotion": "like:file", "emotion_file": sent}
    error = server.wait(server.begin(portrait=portrait, speech=said, **like), "failed")["error"]
    assert error["kind"] == "NoFaceError" and error["field"] == "emotion" and "the emotion file" in error["error"]
    told = problem(server.asks.post("/v1/preview", json={"portrait": sent}), 422)
    assert told["kind"] == "NoFaceError" and told["field"] == "portrait"
    assert server.asks.post("/v1/faces", json={"portrait": sent}).json()["faces"] == []


def test_faces_and_stills(server: Served, portrait: str, tmp_path: Path) -> None:
    seen = server.asks.post("/v1/faces", json={"portrait": portrait}).json()
    (face,) = seen["faces"]
    left, top, right, bottom = face["box"]
    assert face["usable"] and 0 <= left < right <= seen["width"] == 512 and 0 <= top < bottom <= seen["height"] == 600
    stills = []
    for emotion in ("neutral", "happy:0.4", "happy:1"):
        answer = server.asks.post("/v1/preview", json={"portrait": portrait, "emotion": emotion, "size": 256})
        assert answer.status_code == 200 and answer.headers["content-type"] == "image/jpeg"
        stills.append(np.asarray(Image.open(io.BytesIO(answer.content)), float))
        told = marks_of(answer.content, tmp_path / "still.jpg")
        assert (told["emotion"], told["portrait_sha256"]) == (emotion, portrait)
    assert max(stills[0].shape) == 256
    weak, strong = (np.abs(still - stills[0]).mean() for still in stills[1:])
    assert 0 < weak < strong


BAD: dict[str, tuple[bytes, int]] = {
    "nothing": (b"", 422),
    "text": (b"hello, I am a picture", 415),
    "a picture cut short": (b"\x89PNG\r\n\x1a\n", 415),
    "bytes": (bytes(range(256)) * 40, 415),
    "a script": (b"#!/bin/sh\nrm -rf /\n", 415),
    "a playlist": (b"#EXTM3U\n#EXTINF:1,\nfile:///etc/passwd\n", 415),
    "deep JSON": (b"[" * 100_000, 415),
    "own emotions in a timeline": (b'{"keys": [{"time": 0, "emotion": "/x.safetensor\\u0073:a"}]}', 415),
}


@pytest.mark.parametrize("name", BAD)
def test_files_that_are_none(server: Served, name: str) -> None:
    content, status = BAD[name]
    problem(server.asks.post("/v1/uploads", content=content), status)


def test_files_that_are_too_large(server: Served) -> None:
    content = io.BytesIO()
    Image.new("L", (1200, 1000)).save(content, "PNG")
    assert "megapixels" in problem(server.asks.post("/v1/uploads", content=content.getvalue()), 413)["detail"]
    head = b"IHDR" + (60_000).to_bytes(4) + (50_000).to_bytes(4) + bytes([8, 0, 0, 0, 0])
    bomb = content.getvalue()[:12] + head + zlib.crc32(head).to_bytes(4) + content.getvalue()[33:]
    problem(server.asks.post("/v1/uploads", content=bomb), 413)
    problem(server.asks.post("/v1/uploads", content=b"{" + b" " * 17_000_000), 413)
    head = b"RIFF" + (36 + 320_000).to_bytes(4, "little") + b"WAVEfmt " + bytes([16, 0, 0, 0, 1, 0, 1, 0])
    head += (8000).to_bytes(4, "little") + (8000).to_bytes(4, "little") + bytes([1, 0, 8, 0])
    wave = head + b"data" + (320_000).to_bytes(4, "little") + b"\x80" * 320_000
    assert "lasts 40 s" in problem(server.asks.post("/v1/uploads", content=wave), 413)["detail"]


def test_a_request_beyond_all_size_is_answered_and_not_cut_off(server: Served) -> None:
    """By a client that listens when it has sent all, as browsers do."""
    told = problem(server.asks.post("/v1/uploads", content=b"x" * 210_000_000), 413)
    assert told["detail"] == "the request is larger than 200 MB; send less"


def test_requests_that_mean_nothing(server: Served, portrait: str, said: str) -> None:
    both = {"portrait": portrait, "speech": said}
    bad: list[tuple[dict[str, Any], int, str | None]] = [
        ({}, 422, "portrait"),
        ({"portrait": portrait}, 422, "speech"),
        ({**both, "emotion": "hapy"}, 422, "emotion"),
        ({**both, "emotion": "like:/etc/passwd"}, 422, "emotion"),
        ({**both, "seed": -1}, 422, "seed"),
        ({**both, "seed": "1"}, 422, "seed"),
        ({**both, "size": 1e300}, 422, "size"),
        ({**both, "face": 0}, 422, "face"),
        ({**both, "head": 2}, 422, "head"),
        ({**both, "fps": 23}, 422, "fps"),
        ({**both, "idle": 3}, 422, "idle"),
        ({**both, "quality": "best"}, 422, "quality"),
        ({**both, "text": 3}, 422, "text"),
        ({**both, "text": " "}, 422, "text"),
        ({**both, "text": "/etc/motd.txt"}, 422, "text"),
        ({**both, "text": "[happy]"}, 422, "text"),
        ({**both, "text": "\0"}, 422, "text"),
        ({**both, "emotion": "text:[happy]"}, 422, "emotion"),
        ({"portrait": portrait, "idle": 2, "text": "Hello!"}, 422, "text"),
        ({**both, "speakers": ["1:left:happy", "1:right:sad"]}, 422, "speakers"),
        ({**both, "options": {"preset": "fast"}}, 422, "options"),
        ({**both, "output": "/tmp/x.mp4"}, 422, "output"),
        ({**both, "backbone": "/tmp"}, 422, "backbone"),
        ({"portrait": said, "speech": portrait}, 422, "portrait"),
        ({"portrait": "0" * 64, "speech": said}, 422, "portrait"),
        ({"portrait": portrait, "idle": 21}, 413, "idle"),
    ]
    for fields, status, field in bad:
        assert problem(server.asks.post("/v1/videos", json=fields), status).get("field") == field, fields
    problem(server.asks.post("/v1/videos", content=b"{", headers={"content-type": "application/json"}), 400)
    problem(server.asks.post("/v1/videos", content=b"x", headers={"content-type": "multipart/form-data"}), 400)
    problem(server.asks.post("/v1/videos", content=b"x"), 415)
    problem(server.asks.get("/v1/videos", params={"limit": "many"}), 422)
    problem(server.asks.get("/v1/nothing"), 404)
    problem(server.asks.put("/v1/videos"), 405)


def test_a_file_of_the_wrong_kind_is_told_at_its_field(server: Served, speech: Path, portrait: str) -> None:
    files = {"portrait": speech.read_bytes()}
    assert problem(server.asks.post("/v1/faces", files=files), 415)["field"] == "portrait"
    told = problem(server.asks.post("/v1/videos", data={"portrait": portrait}, files={"seed": b"3"}), 422)
    assert told["field"] == "seed"


def test_a_connection_that_breaks_off_leaves_nothing(tmp_path: Path) -> None:
    with serving(tmp_path) as server:
        host, port = server.url.removeprefix("http://").split(":")
        with socket.create_connection((host, int(port))) as line:
            line.sendall(b"POST /v1/uploads HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1000\r\n\r\n" + b"x" * 10)
            wait_until(lambda: any((tmp_path / "temporary").iterdir()))
        wait_until(lambda: not any((tmp_path / "temporary").iterdir()))
        assert server.asks.get("/healthz").status_code == 200 and not any((tmp_path / "uploads").iterdir())


def wait_until(holds: Callable[[], bool]) -> None:
    end = time.monotonic() + 20
    while not holds():
        assert time.monotonic() < end
        time.sleep(0.02)


@pytest.mark.slow
def test_two_servers_do_not_share_a_folder(tmp_path: Path) -> None:
    with serving(tmp_path):
        words = [sys.executable, "-m", "dicetalk", "serve", "--port", "0", "--data", str(tmp_path)]
        second = subprocess.run(words, capture_output=True, text=True, timeout=100, check=False)
        assert second.returncode == 2 and "another server works in" in second.stderr


@pytest.mark.slow
def test_killed_at_any_moment_it_goes_on_where_it_was(tmp_path: Path, hopper: Path, speech: Path) -> None:
    with serving(tmp_path) as first:
        portrait, said = first.send(hopper), first.send(speech)
        fields = {"portrait": portrait, "speech": said, "size": 96, "crop": True}
        ids = [first.begin(**fields, seed=seed) for seed in range(4)]
        first.wait(ids[0], "done")
        first.wait(ids[1], "running", "done")
        (tmp_path / "temporary" / "left").write_bytes(b"x")
        first.process.send_signal(signal.SIGKILL)
        first.process.wait()
    with serving(tmp_path) as second:
        for id in ids:
            job = second.wait(id, "done")
            assert frames(second.asks.get(job["links"]["content"]).content) == 30
        claims = {path.name for path in (tmp_path / "videos").iterdir()}
        assert len(claims) == len(ids) and not list((tmp_path / "temporary").iterdir())
        names = {path.name for folder in (tmp_path / "videos").iterdir() for path in folder.iterdir()}
        assert names == {"video.mp4", "motion.csv"}


def workers_of(server: Served) -> list[int]:
    """The processes of a server that have its work as their own: those that were spawned."""
    children = Path(f"/proc/{server.process.pid}/task/{server.process.pid}/children").read_text().split()
    return [int(child) for child in children]


@pytest.mark.slow
@pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="needs /proc")
def test_a_worker_that_is_killed_loses_no_job_and_none_outlives_its_server(
    tmp_path: Path, hopper: Path, speech: Path
) -> None:
    with serving(tmp_path) as server:
        id = server.begin(portrait=server.send(hopper), speech=server.send(speech), size=96, crop=True)
        server.wait(id, "running")
        for child in workers_of(server):
            if "resource_tracker" not in Path(f"/proc/{child}/cmdline").read_text():
                os.kill(child, signal.SIGKILL)
        job = server.wait(id, "done")
        assert frames(server.asks.get(job["links"]["content"]).content) == 30
        left = workers_of(server)
        server.process.send_signal(signal.SIGKILL)
        server.process.wait()
    end = time.monotonic() + 10
    while time.monotonic() < end and any(Path(f"/proc/{child}").is_dir() for child in left):
        time.sleep(0.1)
    assert not [child for child in left if Path(f"/proc/{child}").is_dir()]


def test_the_page_of_the_interface_is_written_anew() -> None:
    spec = importlib.util.spec_from_file_location("write_openapi", ROOT / "tools" / "write_openapi.py")
    assert spec is not None and spec.loader is not None
    tool = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(tool)
    assert tool.PAGE.read_text(encoding="utf-8") == tool.page(), "run `make docs`"
