"""Hostile recordings at the commands that take a voice alone: exit code 0 and one JSON object, or 2 and one line."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import numpy as np
import pytest
from command_line import dicetalk
from hostile.cases import Door
from hostile.doors import assert_told, temporary
from hostile.made import put, riff, spoken, wav
from hostile.sounds import SOUNDS
from hostile.table import CASES
from hostile.targets import linked
from hostile.watch import files, modest

from dicetalk.rates import SPEECH_RATE

DOOR: Door = "command line"
"""Whose words they say, too."""
pytestmark = [pytest.mark.timeout(300), pytest.mark.skipif(sys.platform == "win32", reason="pipes and links of POSIX")]
COMMANDS = {"read": ["--json", "--output"], "voice": ["--json", "--emotion", "happy:0.8", "--output"]}
MADE = {"read": "made.csv", "voice": "made.wav"}


@pytest.mark.parametrize("command", COMMANDS)
def test_a_sound(
    command: str, name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    desk, case = tmp_path / "desk", SOUNDS[name]
    desk.mkdir()
    made = {"channel": None, **case.make(desk)}
    assert set(made) == {"channel", "speech"}
    kept = temporary(monkeypatch, tmp_path / "temporary")
    before, output = files(tmp_path), desk / MADE[command]
    with modest():
        code = dicetalk(command, *COMMANDS[command], str(output), "--", str(made["speech"]))
    out, err = capsys.readouterr()
    assert err == "" and out.count("\n") == 1 and not files(kept)
    told = json.loads(out)
    if case.said_at(DOOR):
        assert code == 2, out
        assert_told(case, DOOR, told["error"], told["kind"])
        assert files(tmp_path) == before
    else:
        assert code == 0, out
        assert files(tmp_path) == before | {output}
        assert all(np.isfinite(number) for number in numbers(told))


def numbers(told: object) -> list[float]:
    """All that are in JSON."""
    if isinstance(told, dict | list):
        inner = told.values() if isinstance(told, dict) else told
        return [number for one in inner for number in numbers(one)]
    return [told] if isinstance(told, float | int) else []


def said(capsys: pytest.CaptureFixture[str], *words: str | Path) -> str:
    """The one line of a refusal."""
    assert dicetalk(*map(str, words), "--json") == 2
    error: str = json.loads(capsys.readouterr().out)["error"]
    assert "\n" not in error and "Traceback" not in error
    return error


@pytest.fixture
def good(tmp_path: Path) -> str:
    return str(put(tmp_path, "good.wav", wav()))


EMOTIONS = {
    "hapy": "did you mean 'happy'",
    "": "no emotion name",
    "happy:2": "0 to 1",
    "happy:nan": "0 to 1|not a number",
    "same": "as a face, and there is none",
    "timeline": "as a face, and there is none",
    "/dev/zero.json": "cannot be opened|there is no",
    '{"keys": []}': "keys",
}


@pytest.mark.parametrize("emotion", EMOTIONS)
def test_emotions(emotion: str, good: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    import re

    error = said(capsys, "voice", good, f"--emotion={emotion}", "-o", tmp_path / "a.wav")
    assert re.search(EMOTIONS[emotion], error), error
    assert not (tmp_path / "a.wav").exists()


@pytest.mark.parametrize("command", COMMANDS)
def test_places(command: str, good: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    words = [command, good, *COMMANDS[command][1:-1], "--output"]
    assert "end the output name in" in said(capsys, *words, tmp_path / "a.exe")
    assert "does not exist" in said(capsys, *words, tmp_path / "no" / MADE[command])
    assert "is a link" in said(capsys, *words, linked(tmp_path, "/dev/full", MADE[command]))
    assert "is a device" in said(capsys, command, "/dev/zero", *words[2:], tmp_path / f"b{Path(MADE[command]).suffix}")
    assert files(tmp_path) == {Path(good), tmp_path / MADE[command]}


@pytest.mark.parametrize(("window", "hop"), [("0", "1"), ("nan", "1"), ("3", "-1"), ("3", "0.0001"), ("3", "inf")])
def test_windows(window: str, hop: str, good: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert "expected 0.1 to 3600 s" in said(capsys, "read", good, "--window", window, "--hop", hop)


NO_VOICE = {
    "a hum": lambda: np.sin(np.arange(SPEECH_RATE * 3) * 0.02) * 9000,
    "noise": lambda: np.random.default_rng(0).standard_normal(SPEECH_RATE * 3) * 3000,
    "clicks": lambda: np.where(np.arange(SPEECH_RATE * 3) % 4000 == 0, 20000, 0),
    "a voice behind ten seconds of silence": lambda: np.concatenate([np.zeros(SPEECH_RATE * 10), spoken(3.0)]),
}


@pytest.mark.slow
@pytest.mark.parametrize("name", NO_VOICE)
def test_what_is_hardly_a_voice(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    sound = str(put(tmp_path, "a.wav", riff(NO_VOICE[name]().astype(np.int16))))
    for command in COMMANDS:
        assert dicetalk(command, *COMMANDS[command], str(tmp_path / MADE[command]), sound) == 0
        told = json.loads(capsys.readouterr().out)
        assert all(np.isfinite(number) for number in numbers(told))


def test_every_sound_is_at_some_door() -> None:
    assert set(SOUNDS) <= set(CASES)
