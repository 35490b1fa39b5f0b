"""Batches as they are typed: made once, resumed, reported; whatever is killed in the middle."""

from __future__ import annotations

import csv
import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import pytest
from command_line import dicetalk, names, typed

from dicetalk.batch.records import Record, key_of
from dicetalk.files import HIDDEN
from dicetalk.jobs import Job
from dicetalk.media import Picture, read_video, write_picture

if sys.platform != "linux":
    pytest.skip("looks into /proc", allow_module_level=True)
pytestmark = pytest.mark.timeout(300)  # processes are started and killed, on machines that may have much else to do

HEAD = "portrait,speech,emotion,output,size,motion-out\n"


@pytest.fixture
def desk(tmp_path: Path, hopper: Path, speech: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to work in, with a portrait and a speech in it."""
    (tmp_path / "face.jpg").symlink_to(hopper)
    (tmp_path / "speech.wav").write_bytes(speech.read_bytes())
    monkeypatch.chdir(tmp_path)
    return tmp_path


def manifest(*rows: str) -> str:
    Path("jobs.csv").write_text(HEAD + "".join(f"{row}\n" for row in rows))
    return "jobs.csv"


def report() -> dict[str, dict[str, str]]:
    """The rows of the report by their number."""
    with Path("out/report.csv").open(newline="") as file:
        return {row["row"]: row for row in csv.DictReader(file)}


def states() -> list[str]:
    return [row["state"] for row in report().values()]


def unfinished() -> list[Path]:
    return list(Path().rglob(f"{HIDDEN}*"))


def frames(name: str) -> int:
    return sum(1 for _ in read_video(name))


def test_every_row_is_made_or_told_why_not(desk: Path, no_face: Picture, capfd: pytest.CaptureFixture[str]) -> None:
    write_picture(desk / "no_face.png", no_face)
    jobs = manifest(
        "face.jpg,speech.wav,happy,a.mp4,64,",
        "face.jpg,speech.wav,=bogus,b.mp4,64,",
        "face.jpg,nobody.wav,sad,c.mp4,64,",
        "face.jpg,speech.wav,sad,a.mp4,64,",
        "face.jpg,speech.wav,sad,../d.mp4,64,",
        'face.jpg,"speech.wav,sad,e.mp4,64,',
        "face.jpg,speech.wav,sad,frames/,64,curves/c.csv",
        "no_face.png,speech.wav,sad,empty/a/,64,more/c.csv",
    )
    assert dicetalk("batch", jobs, "-o", "out") == 2
    assert states() == ["made", *["failed"] * 5, "made", "failed"]
    told = report()
    assert "unknown emotion" in told["3"]["error"] and told["3"]["emotion"] == "'=bogus"
    assert "nobody.wav cannot be opened" in told["4"]["error"]
    assert "written by row 2" in told["5"]["error"] and "leads out of" in told["6"]["error"]
    assert names(Path("out")) == [".batch", "a.mp4", "curves", "frames", "report.csv", "report.html"]
    assert frames("out/a.mp4") == 30 and len(names(Path("out/frames"))) == 30
    page = Path("out/report.html").read_text()
    assert page.count("<img") == 2 and page.count('<article class="failed"') == 6 and "&#x27;../d.mp4&#x27;" in page
    assert "row 4: nobody.wav cannot be opened" in capfd.readouterr().err and not unfinished()


@pytest.mark.slow
def test_only_what_has_changed_is_made_again(desk: Path, capfd: pytest.CaptureFixture[str]) -> None:
    row, other = "face.jpg,speech.wav,happy,a.mp4,64,", "face.jpg,speech.wav,mood.json,frames/,64,"
    Path("mood.json").write_text('{"keys": [{"time": 0, "emotion": "sad"}]}')
    assert dicetalk("batch", manifest(row, other), "-o", "out", "-q") == 0
    before = Path("out/a.mp4").stat().st_mtime_ns
    Path("copy.wav").write_bytes(Path("speech.wav").read_bytes())  # the same content under another name

    moved = manifest(other, row.replace("speech.wav", "copy.wav"))
    assert dicetalk("batch", moved, "-o", "out", "-q") == 0
    assert states() == ["kept", "kept"] and Path("out/a.mp4").stat().st_mtime_ns == before
    assert Path("out/report.html").read_text().count("<img") == 2

    Path("mood.json").write_text('{"keys": [{"time": 0, "emotion": "angry"}]}')
    Path("out/a.mp4").write_bytes(b"damaged")
    assert dicetalk("batch", moved, "-o", "out", "--json") == 0
    told = json.loads(capfd.readouterr().out)
    assert told["made"] == 2 and told["kept"] == 0 and [row["state"] for row in told["rows"]] == ["made", "made"]
    assert frames("out/a.mp4") == 30


def test_no_video_takes_the_place_of_an_input(desk: Path) -> None:
    row = "face.jpg,speech.wav,happy,{},64,"
    Path("clip.mp4").write_bytes(b"somebody's")
    jobs = manifest(row.format("clip.mp4"), row.format("b.mp4").replace("speech.wav", "clip.mp4"))
    assert dicetalk("batch", jobs, "-o", ".", "-q") == 2
    assert Path("clip.mp4").read_bytes() == b"somebody's"


def test_no_file_that_a_batch_reads_is_overwritten(desk: Path) -> None:
    Path("out").mkdir()
    Path("mood.json").write_text('{"keys": [{"time": 0, "emotion": "sad"}]}')
    for name in ("report.csv", "jobs.csv"):
        Path(name).write_text(HEAD + "face.jpg,speech.wav,=bogus,a.mp4,64,jobs.csv\n")
        before = Path(name).read_text()
        assert dicetalk("batch", name, "-o", ".", "-q") == 2
        assert Path(name).read_text() == before
    Path("out/like.mp4").write_bytes(b"somebody's")
    jobs = manifest("face.jpg,speech.wav,like:out/like.mp4,b.mp4,64,", "face.jpg,speech.wav,sad,like.mp4,64,")
    assert dicetalk("batch", jobs, "-o", "out", "-q") == 2
    assert "is an input of this batch" in report()["3"]["error"]
    assert Path("out/like.mp4").read_bytes() == b"somebody's"


def test_what_is_signed_by_another_is_made_again(desk: Path) -> None:
    pytest.importorskip("c2pa")
    Path("a.pem").write_text("one")
    Path("b.pem").write_text("other")
    job = Job(portrait=Path("face.jpg"), speech=Path("speech.wav"), output=Path("out/a.webm"))
    keys = [key_of(replace(job, sign_key=Path(name), sign_certificate=Path(name))) for name in ("a.pem", "b.pem")]
    assert len({key_of(job), *keys}) == 3
    Path("out/.batch").mkdir(parents=True)
    record = Record.of(Path("out"), job.output)
    for name in ("a.webm", "a.c2pa"):
        Path("out", name).write_bytes(b"made")
    record.finish("key", job, {"made": True})
    assert record.made("key", job) == {"made": True}
    Path("out/a.c2pa").unlink()
    assert record.made("key", job) is None


def test_frames_of_somebody_else_stay(desk: Path) -> None:
    Path("out/frames").mkdir(parents=True)
    Path("out/frames/frame_00003.png").write_bytes(b"somebody's")
    jobs = manifest("face.jpg,speech.wav,happy,frames/,64,")
    for _ in range(2):
        assert dicetalk("batch", jobs, "-o", "out", "-q") == 2
        assert names(Path("out/frames")) == ["frame_00003.png"]


@pytest.mark.parametrize(
    ("arguments", "why"),
    [
        (("nothing.csv", "-o", "out"), "cannot be opened"),
        (("jobs.csv", "-o", "out", "--ray", "nowhere"), "HOST:PORT"),
        (("jobs.csv", "-o", "out", "--ray", "127.0.0.1:1"), "nobody answers"),
        (("jobs.csv", "-o", "speech.wav/out"), "cannot be written"),
    ],
)
def test_what_cannot_begin(desk: Path, arguments: tuple[str, ...], why: str, capfd: pytest.CaptureFixture[str]) -> None:
    if "--ray" in arguments:
        pytest.importorskip("ray", reason="needs ray, which `make develop` installs")
    manifest("face.jpg,speech.wav,happy,a.mp4,64,")
    assert dicetalk("batch", *arguments) == 2
    error = capfd.readouterr().err
    assert why in error and error.count("\n") == 1 and not Path("out").exists()


# ---- killed


def started(*arguments: str) -> subprocess.Popen[bytes]:
    environment = {**os.environ, "OMP_NUM_THREADS": "1"}
    return subprocess.Popen(typed("batch", *arguments), env=environment)


def until(true: Callable[[], object], seconds: float = 200) -> None:
    end = time.monotonic() + seconds
    while not true():
        assert time.monotonic() < end
        time.sleep(0.01)


def workers() -> list[int]:
    """The processes that are making videos: the hidden files which they write are named after them."""
    return [int(path.name.split("-")[1]) for path in unfinished() if path.suffix == ".mp4" and runs(path)]


def runs(path: Path) -> bool:
    return Path(f"/proc/{path.name.split('-')[1]}").exists()


MANY = tuple(f"face.jpg,speech.wav,happy,{number}.mp4,64," for number in range(12))


@pytest.mark.parametrize("number", [signal.SIGINT, pytest.param(signal.SIGKILL, marks=pytest.mark.slow)])
def test_a_batch_that_is_stopped_goes_on(desk: Path, number: signal.Signals) -> None:
    jobs = manifest(*MANY)
    process = started(jobs, "-o", "out", "-q")
    until(lambda: Path("out/1.mp4").exists() and workers())
    process.send_signal(number)
    assert process.wait() == (130 if number == signal.SIGINT else -number)
    until(lambda: not workers())  # which end with it, a little later
    whole = [name for name in names(Path("out")) if name.endswith(".mp4") and not name.startswith(HIDDEN)]
    assert "0.mp4" in whole and all(frames(f"out/{name}") == 30 for name in whole)
    if number == signal.SIGINT:
        assert not unfinished() and set(states()) <= {"made", "left"} and "left" in states()
    assert dicetalk("batch", manifest(*MANY[: len(whole) + 1]), "-o", "out", "-q") == 0
    made = states()
    assert made[0] == "kept" and made[-1] == "made" and not unfinished()
    assert set(made[1:-1]) <= {"kept", "made"}  # one whose record was not written yet is made again


@pytest.mark.slow
def test_a_worker_that_is_killed_loses_nothing(desk: Path) -> None:
    process = started(manifest(*MANY[:2]), "-o", "out", "-q")
    until(lambda: workers())
    os.kill(workers()[0], signal.SIGKILL)
    assert process.wait() == 0
    assert states() == ["made", "made"] and not unfinished()


@pytest.mark.slow
def test_a_worker_that_is_killed_each_time_is_told(desk: Path) -> None:
    process = started(manifest(*MANY[:1]), "-o", "out", "-q")
    killed = set[int]()
    while process.poll() is None:
        for worker in set(workers()) - killed:
            os.kill(worker, signal.SIGKILL)
            killed.add(worker)
        time.sleep(0.005)
    assert process.wait() == 2 and len(killed) == 3
    assert "was killed 3 times" in report()["2"]["error"] and not unfinished()


def test_two_batches_in_one_folder(desk: Path, capfd: pytest.CaptureFixture[str]) -> None:
    jobs = manifest(*MANY)
    process = started(jobs, "-o", "out", "-q")
    try:
        until(lambda: Path("out/.batch/lock").exists() and workers())
        assert dicetalk("batch", jobs, "-o", "out") == 2
        assert "another batch is writing into out" in capfd.readouterr().err
    finally:
        process.terminate()
        assert process.wait() == 143
