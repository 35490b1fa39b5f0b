"""Work spread over processes: in order, and no process outlives the one that started it."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest
from command_line import names

from dicetalk.data.workers import spread
from dicetalk.errors import DiceTalkError

if sys.platform != "linux":
    pytest.skip("looks into /proc", allow_module_level=True)


def process_of(seconds: float) -> int:
    """Wait, and tell which process did."""
    time.sleep(seconds)
    return os.getpid()


def runs(process: int) -> bool:
    try:
        os.kill(process, 0)
    except ProcessLookupError:
        return False
    return True


def until(true: Callable[[], bool], seconds: float = 60.0) -> bool:
    """Whether it becomes true."""
    end = time.monotonic() + seconds
    while not true() and time.monotonic() < end:
        time.sleep(0.02)
    return true()


def test_all_is_done_in_order() -> None:
    assert list(spread(abs, range(-20, 0), 2)) == list(range(20, 0, -1))


def test_who_stops_early_need_not_wait() -> None:
    done = spread(process_of, [0.0] * 4 + [600.0] * 20, 2)
    process = next(done)
    done.close()
    assert not runs(process)


def kill_yourself(number: int) -> None:
    os.kill(os.getpid(), signal.SIGKILL)


def test_a_worker_that_is_killed_is_told() -> None:
    with pytest.raises(DiceTalkError, match=r"one of 2 processes was killed .*; run the same again"):
        list(spread(kill_yourself, range(40), 2))


@pytest.fixture(scope="module")
def source(tmp_path_factory: pytest.TempPathFactory, speech: Path) -> Path:
    """A corpus of sixteen clips."""
    folder = tmp_path_factory.mktemp("corpus")
    lines = ["file,identity,emotion"]
    for number in range(16):
        shutil.copy(speech, folder / f"{number:02}.wav")
        lines.append(f"{number:02}.wav,{'ab'[number % 2]},happy")
    (folder / "clips.csv").write_text("\n".join(lines))
    return folder


def preparing(source: Path, out: Path) -> subprocess.Popen[str]:
    """A command in a group of its own, as a terminal has one; deaf to nothing, even where the tests are."""
    command = [sys.executable, "-m", "dicetalk", "prepare", "folder", str(source), str(out), "--workers", "2", "-q"]
    options = ["--voices", "0", "--faces", "1"]
    heard = "import os, signal, sys; signal.signal(signal.SIGINT, signal.SIG_DFL); os.execv(sys.argv[1], sys.argv[1:])"
    command = [sys.executable, "-c", heard, *command, *options]
    return subprocess.Popen(command, stderr=subprocess.PIPE, text=True, start_new_session=True)


def group_of(leader: int) -> list[str]:
    """Processes of a group that still run."""
    found = []
    for file in Path("/proc").glob("[0-9]*/stat"):
        with suppress(OSError):  # it has ended meanwhile
            state, _, group, *_ = file.read_text().rpartition(")")[2].split()
            if int(group) == leader and state != "Z":
                found.append(file.parent.name)
    return found


OFTEN = ((signal.SIGINT, True),)
"""Ctrl-C at work; the other moments are slow tests."""


def moment(number: signal.Signals, late: bool) -> Any:
    marks = [] if (number, late) in OFTEN else [pytest.mark.slow]
    return pytest.param(number, late, marks=marks, id=f"{number.name} while {'they work' if late else 'workers start'}")


@pytest.mark.parametrize(
    ("number", "late"),
    [
        moment(number, late)
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP, signal.SIGKILL)
        for late in (False, True)
    ],
)
def test_a_signal_ends_all_of_it(source: Path, tmp_path: Path, number: signal.Signals, late: bool) -> None:
    out = tmp_path / "out"
    process = preparing(source, out)
    clips = out / "clips"
    assert until(lambda: len(names(clips)) > 0 if late and clips.is_dir() else not late and clips.is_dir())
    if number == signal.SIGKILL:
        process.kill()  # alone: what the kernel does to who takes too much memory
    else:
        os.killpg(process.pid, number)
    _, told = process.communicate(timeout=60)
    assert process.returncode == (-number if number == signal.SIGKILL else 128 + number)
    assert until(lambda: not group_of(process.pid))
    if number == signal.SIGKILL:  # a worker that was being started when nobody was left to start it is Python's own
        assert not late or "Traceback" not in told  # Python says that it cleaned up
    else:
        assert told == "error: stopped; nothing unfinished is left behind\n"
        assert not [name for name in names(clips) if name.startswith(".")]
    before = {name: (clips / name).stat().st_mtime_ns for name in names(clips) if not name.startswith(".")}
    again = preparing(source, out)
    assert again.communicate(timeout=100)[1] == "" and again.returncode == 0
    assert names(clips) == [f"{number:02}.safetensors" for number in range(16)]
    assert all((clips / name).stat().st_mtime_ns == there for name, there in before.items())
