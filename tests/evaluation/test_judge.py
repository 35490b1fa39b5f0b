"""Judges: ours reads a face; other programs are asked without a shell, and what they answer is checked."""

from __future__ import annotations

import os
import shlex
import sys
import tracemalloc
from pathlib import Path

import numpy as np
import pytest

from dicetalk.commands import Command
from dicetalk.emotion.vocabulary import NAMES
from dicetalk.errors import ConfigError, InputError
from dicetalk.evaluation.judge import ask, judge_of, own_reading, strongest_of
from dicetalk.tracking.tracker import watch

FRAMES = [np.full((8, 8, 3), value, np.uint8) for value in (0, 120, 240)]


def saying(folder: Path, code: str) -> Command:
    """A judge that runs some Python, with the folder of frames as its argument."""
    script = folder / "judge.py"
    script.write_text(f"import json, sys, pathlib\n{code}\n")
    return judge_of(shlex.join([sys.executable, str(script), "{frames}"]))


def test_our_own_judge_sees_the_joy_of_our_own_video(talking: Path) -> None:
    reading = own_reading(watch(talking).motion)
    assert set(reading) == set(NAMES)
    assert sum(reading.values()) == pytest.approx(1, abs=1e-4)
    assert strongest_of(reading) == "happy"


def test_a_judge_gets_the_frames_and_its_names_are_understood(tmp_path: Path) -> None:
    code = (
        "names = sorted(p.name for p in pathlib.Path(sys.argv[1]).iterdir())\n"
        "assert names == ['frame_00000.png', 'frame_00001.png', 'frame_00002.png'], names\n"
        "print(json.dumps({'Happiness': 3, 'sadness': 1, 'bored': 0}))"
    )
    judge = saying(tmp_path, code)
    assert judge.name == "judge"
    assert ask(judge, FRAMES) == {"happy": 0.75, "sad": 0.25, "bored": 0.0}


def test_no_shell_ever_sees_the_command(tmp_path: Path) -> None:
    judge = judge_of(f"{sys.executable} -c 'print(\"{{}}\")' {{frames}} ; touch {tmp_path / 'touched'} $(id)")
    with pytest.raises(InputError):
        ask(judge, FRAMES)
    assert not (tmp_path / "touched").exists()


@pytest.mark.parametrize(
    ("code", "message"),
    [
        ("print('happy')", "answered b'happy"),
        ("print('[0.5]')", "expected a JSON object of probabilities"),
        ("print('{}')", "expected a JSON object"),
        ("pass", "answered b''"),
        ("print(json.dumps({'happy': 'yes'}))", "something else than numbers from 0"),
        ("print(json.dumps({'happy': -1, 'sad': 2}))", "something else than numbers from 0"),
        ("print('{\"happy\": NaN}')", "something else than numbers from 0"),
        ("print('{\"happy\": Infinity}')", "something else than numbers from 0"),
        ("print('{\"happy\": true}')", "something else than numbers from 0"),
        ("print(json.dumps({'happy': 0}))", "add up to 0"),
        ("print('[' * 100000)", "expected a JSON object"),
        ("print('9' * 2000000)", "expected a JSON object"),
        ("sys.exit('no face\\nin there')", r"ended with code 1 \(in there\)"),
        ("sys.exit(3)", r"ended with code 3 \(it said nothing\)"),
    ],
)
def test_answers_that_are_refused(tmp_path: Path, code: str, message: str) -> None:
    with pytest.raises(InputError, match=message) as raised:
        ask(saying(tmp_path, code), FRAMES)
    assert "\n" not in str(raised.value) and len(str(raised.value)) < 300


@pytest.mark.parametrize("code", ["", "sys.exit('a long complaint\\nno face')"])
def test_of_what_a_judge_prints_without_end_little_is_read(tmp_path: Path, code: str) -> None:
    """Both files are holes of 200 MB, which take no room on the disk."""
    much = 200_000_000
    holes = f"import os\n[(os.ftruncate(at, {much}), os.lseek(at, {much}, os.SEEK_SET)) for at in (1, 2)]\n"
    judge = saying(tmp_path, holes + code)
    tracemalloc.start()
    try:
        with pytest.raises(InputError, match=r"code 1 \(.*no face\)" if code else "expected a JSON object"):
            ask(judge, FRAMES)
        assert tracemalloc.get_traced_memory()[1] < much / 10
    finally:
        tracemalloc.stop()


@pytest.mark.skipif(sys.platform == "win32", reason="there a suffix says what runs a file")
@pytest.mark.parametrize("content", [b"print('{}')\n", b"\x7fELF of another machine"])
def test_a_program_that_cannot_be_started_is_told_in_one_line(tmp_path: Path, content: bytes) -> None:
    program = tmp_path / "judge"
    program.write_bytes(content)
    program.chmod(0o755)
    with pytest.raises(ConfigError, match=r"cannot be started \(Exec format error\); .*name its interpreter") as raised:
        ask(judge_of(shlex.join([str(program), "{frames}"])), FRAMES)
    assert "\n" not in str(raised.value)


@pytest.mark.skipif(not hasattr(os, "mkfifo"), reason="needs a named pipe")
def test_one_that_takes_too_long_is_ended_with_all_that_it_started(tmp_path: Path) -> None:
    os.mkfifo(tmp_path / "alive")
    held = os.open(tmp_path / "alive", os.O_RDONLY | os.O_NONBLOCK)
    code = (
        "import subprocess, time\n"
        f"code = \"import time; held = open({str(tmp_path / 'alive')!r}, 'w'); time.sleep(600)\"\n"
        "subprocess.Popen([sys.executable, '-c', code])\n"
        "time.sleep(600)"
    )
    with pytest.raises(InputError, match="took more than 1 s for a clip"):
        ask(saying(tmp_path, code), FRAMES, patience=1.0)
    os.set_blocking(held, True)
    assert os.read(held, 1) == b""  # else it waits for whoever still holds the other end
    os.close(held)


@pytest.mark.parametrize(
    ("command", "message"),
    [
        ("python judge.py", r"is not told where the frames are; write \{frames\}"),
        ("'python {frames}", "is no command line"),
        ("no-such-judge-anywhere {frames}", "program 'no-such-judge-anywhere' is not found"),
    ],
)
def test_commands_that_are_refused_before_any_work(command: str, message: str) -> None:
    with pytest.raises(ConfigError, match=message):
        judge_of(command)
