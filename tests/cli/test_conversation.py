"""`feel --source conversation`, `reply` and `egs` as they are typed."""

from __future__ import annotations

import json
import shutil
from pathlib import Path

import pytest
from chat_services import endless, serving
from command_line import dicetalk, names

CSV = "start,end,speaker,text\n0,1.5,anna,How wonderful!\n2,3.5,ben,Leave me alone.\n"


@pytest.fixture
def chat(tmp_path: Path) -> Path:
    path = tmp_path / "chat.json"
    path.write_text('[{"role": "user", "content": "I passed the exam."}]')
    return path


def test_a_conversation_is_felt(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    turns = tmp_path / "turns.csv"
    turns.write_text(CSV)
    mood = tmp_path / "mood.json"
    command = ["feel", "--source", "conversation", str(turns), "--json", "--speaker", "ben", "-o", str(mood)]
    assert dicetalk(*command) == 0
    told = json.loads(capsys.readouterr().out)
    assert [moment["speaker"] for moment in told["moments"]] == ["anna", "ben"]
    keys = json.loads(mood.read_text())["keys"]
    assert keys[0]["time"] == 0.0 and keys[0]["emotion"] == "neutral"  # until ben speaks
    assert keys[1]["time"] == 2.0


def test_what_is_wrong_is_one_line_and_leaves_nothing(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    turns = tmp_path / "turns.csv"
    turns.write_text("start,end,speaker\n-1,2,anna\n")
    assert dicetalk("feel", "--source", "conversation", str(turns), "-o", str(tmp_path / "mood.json")) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1
    assert "negative" in said.err
    assert names(tmp_path) == ["turns.csv"]


@pytest.mark.skipif(shutil.which("espeak-ng") is None, reason="espeak-ng is not installed")
def test_a_reply_is_spoken_with_its_beats(tmp_path: Path, chat: Path, capsys: pytest.CaptureFixture[str]) -> None:
    speech, mood = tmp_path / "line.wav", tmp_path / "mood.json"
    spoken = ["--tts", "espeak-ng -w {output} {text}", "--speech", str(speech), "-o", str(mood)]
    assert dicetalk("reply", "--history", str(chat), "--llm", "fake", "--json", *spoken) == 0
    told = json.loads(capsys.readouterr().out)
    keys = json.loads(mood.read_text())["keys"]
    assert [key["time"] for key in keys[:2]] == [beat["start"] for beat in told["beats"]]
    assert names(tmp_path) == ["chat.json", "line.wav", "mood.json"]


def test_a_reply_is_shown(chat: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert dicetalk("reply", "--history", str(chat), "--llm", "fake") == 0
    assert "happy:0.7: I am glad" in capsys.readouterr().out


def test_an_endpoint_that_fails_leaves_nothing(tmp_path: Path, chat: Path, capsys: pytest.CaptureFixture[str]) -> None:
    with serving(endless) as service:
        command = ["reply", "--history", str(chat), "--llm", service.address, "-o", str(tmp_path / "mood.json")]
        assert dicetalk(*command) == 2
    said = capsys.readouterr()
    assert said.out == ""
    assert said.err.count("\n") == 1
    assert not any(secret in said.err for secret in ("127.0.0.1", "exam"))
    assert names(tmp_path) == ["chat.json"]


def test_speech_needs_a_program(chat: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert dicetalk("reply", "--history", str(chat), "--llm", "fake", "--speech", "a.wav") == 2
    assert "belong together" in capsys.readouterr().err


def test_candidates_are_judged(tmp_path: Path, chat: Path, capsys: pytest.CaptureFixture[str]) -> None:
    candidates = tmp_path / "candidates.json"
    candidates.write_text('[{"reply": "How good!", "planned": "happy:0.8"}, {"reply": "So what."}]')
    command = ["egs", "--history", str(chat), "--candidates", str(candidates), "--llm", "fake", "--llm", "fake"]
    assert dicetalk(*command, "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["judgements"] == 6
    assert told["candidates"][0]["egs"] == {"mean": 28.0, "reach": 0.0}
    assert dicetalk(*command) == 0
    assert "28.0" in capsys.readouterr().out
