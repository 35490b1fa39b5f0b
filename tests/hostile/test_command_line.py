"""Hostile input at the command line: exit code 0 and a video, or 2 and one line."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from command_line import dicetalk
from hostile.cases import Door
from hostile.doors import assert_right, assert_shown, assert_told, command, environment, fields_of, temporary, words_of
from hostile.table import CASES
from hostile.watch import files, modest

DOOR: Door = "command line"
pytestmark = [pytest.mark.timeout(300), pytest.mark.skipif(sys.platform == "win32", reason="pipes and links of POSIX")]


def test_a_case(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    case, fields = CASES[name], fields_of(CASES[name], tmp_path / "desk")
    kept = temporary(monkeypatch, tmp_path / "temporary")
    monkeypatch.chdir(tmp_path / "desk")
    output = Path(fields.setdefault("output", str(tmp_path / "desk" / "made.mp4")))
    before = files(tmp_path)
    with modest():
        code = dicetalk(*words_of(fields))
    out, err = capsys.readouterr()
    assert err == "" and out.count("\n") == 1 and not files(kept)
    record = json.loads(out)
    if case.said_at(DOOR):
        assert code == 2, out
        assert_told(case, DOOR, record["error"], record["kind"])
        assert files(tmp_path) == before
    else:
        assert code == 0, out
        assert_right(case, record)
        assert_shown(output, record)
        assert files(tmp_path) == before | {output}


SAMPLE = (
    "a WebP",
    "a pipe as portrait",
    "notes that unpack to 300 MB",
    "an emotion that moves the cursor",
    "a full device",
)
MORE = ("a megabyte of zeros", "a sample that is no number", "half of a HEIC", "a name of many scripts")


@pytest.mark.parametrize("name", [*SAMPLE, *(pytest.param(name, marks=pytest.mark.slow) for name in MORE)])
def test_a_case_in_a_process(name: str, tmp_path: Path) -> None:
    case, fields = CASES[name], fields_of(CASES[name], tmp_path / "desk")
    output = Path(fields.setdefault("output", str(tmp_path / "desk" / "made.mp4")))
    before, around = files(tmp_path), environment(tmp_path / "temporary")
    words = [word for word in words_of(fields) if word != "--json"]
    done = subprocess.run(command(*words), env=around, cwd=tmp_path, capture_output=True, text=True, check=False)
    assert done.stdout == "" and "Traceback" not in done.stderr
    if case.says:
        assert done.returncode == 2 and done.stderr.startswith("error: ") and done.stderr.count("\n") == 1, done.stderr
        assert_told(case, DOOR, done.stderr.strip(), "one of ours")
        assert files(tmp_path) == before
    else:
        assert done.returncode == 0, done.stderr
        assert files(tmp_path) == before | {output}
