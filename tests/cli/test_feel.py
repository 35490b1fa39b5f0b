"""`dicetalk feel`, and what `dicetalk generate` reads in a text."""

from __future__ import annotations

import json
import re
import shlex
from pathlib import Path

import pytest
from command_line import dicetalk, names
from places import ROOT

from dicetalk.assets import speech as demo_speech
from dicetalk.emotion.timeline import Timeline
from dicetalk.emotion.vocabulary import NAMES

SAID = (
    "Hello! I am only a picture, but maybe you can help me speak. Pick a mood, press a button, and watch my face. "
    "Isn't that simply remarkable?"
)


def test_a_table_and_json(capsys: pytest.CaptureFixture[str]) -> None:
    assert dicetalk("feel", "I lost my dog.") == 0
    assert "sad" in capsys.readouterr().out
    assert dicetalk("feel", "I lost my dog. The train leaves at nine.", "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert [moment["text"] for moment in told["moments"]] == ["I lost my dog.", "The train leaves at nine."]
    assert told["moments"][1]["weights"]["neutral"] > 0.5


def test_a_line_gets_an_object(capsys: pytest.CaptureFixture[str], tmp_path: Path) -> None:
    lines = ["I lost my dog.", "", "  Ünïcode 🙂 ", "x" * 50_000, '"quoted" \\ and \u2028 more']
    file = tmp_path / "lines.txt"
    file.write_text("\n".join(lines), encoding="utf-8")
    assert dicetalk("feel", "--lines", str(file), "--json") == 0
    told = [json.loads(line) for line in capsys.readouterr().out.splitlines()]
    assert [one["text"] for one in told] == lines
    for one in told:
        assert list(one) == ["text", "fine", "weights", "intensity", "confidence", "why"]
        assert len(one["fine"]) == 32
        assert tuple(one["weights"]) == NAMES


@pytest.mark.parametrize(
    ("content", "error"),
    [
        (b"", "is empty"),
        (b" \n\n", "the text is empty"),
        (b"\x00\x01\x02", "is no text"),
        (b"fine\n\xff\xff", "is no UTF-8 text"),
    ],
)
def test_what_is_no_text(content: bytes, error: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    file = tmp_path / "script.txt"
    file.write_bytes(content)
    assert dicetalk("feel", str(file), "-o", str(tmp_path / "mood.json")) == 2
    told = capsys.readouterr()
    assert error in told.err and told.err.count("\n") == 1 and not told.out
    assert names(tmp_path) == ["script.txt"]


@pytest.mark.parametrize("words", [[], ["a", "--lines", "b"], ["--lines", "b", "--plot", "c.png"]])
def test_what_does_not_go_together(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert dicetalk("feel", *words) == 2
    assert "--lines" in capsys.readouterr().err


def test_a_timeline_and_a_picture(tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    mood, picture = tmp_path / "mood.json", tmp_path / "course.png"
    assert dicetalk("feel", "I lost my dog. [happy:0.7] He is back!", "-o", str(mood), "--plot", str(picture)) == 0
    assert Timeline.read(mood).keys[-2][1].strengths == pytest.approx({"happy": 0.7})
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_a_script_is_felt_when_it_is_said(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (desk / "script.txt").write_text(f"[sad] {SAID}", encoding="utf-8")
    out = ["-e", "text", "--text", "script.txt", "--words", "words.vtt", "--feelings", "felt.json", "-o", "out.mp4"]
    assert dicetalk("generate", "face.jpg", str(demo_speech()), *out, "--size", "64", "--json") == 0
    heard = json.loads(capsys.readouterr().out)["heard"]["keys"]
    assert heard == json.loads((desk / "felt.json").read_text())["keys"]
    assert heard[0]["emotion"] == {"sad": 0.8}
    assert heard[0]["why"] == "typed: sad"
    starts = {key["why"]: key["time"] for key in heard if key["why"]}
    assert len(starts) == 4
    words = (desk / "words.vtt").read_text().split("\n\n")
    assert words[0] == "WEBVTT"
    assert [cue.splitlines()[-1] for cue in words[1:4]] == ["Hello", "I", "am"]
    assert words[-1].startswith("00:00:08.") and words[-1].splitlines()[-1] == "remarkable"
    assert Timeline.read(desk / "felt.json").keys


@pytest.mark.parametrize(
    ("options", "error"),
    [
        (["-e", "text"], "text needs what is said"),
        (["-e", "text", "--text", "nowhere.txt"], "nowhere.txt"),
        (["-e", "happy", "--text", "Hello"], "nothing is asked of the text"),
        (["-e", "happy", "--words", "out.vtt"], "when words are said is known of a text"),
        (["-e", "text", "--text", "Hello " * 2000], "cannot be said in"),
        (["-e", "text", "--text", "..."], "the text holds no words"),
    ],
)
def test_errors_leave_nothing(options: list[str], error: str, desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    before = names(desk)
    assert dicetalk("generate", "face.jpg", "speech.wav", *options, "-o", "out.mp4", "--size", "64") == 2
    assert error in capsys.readouterr().err
    assert names(desk) == before


COMMANDS = [
    line
    for block in re.findall(r"^```sh\n(.*?)^```", (ROOT / "docs" / "feelings.md").read_text("utf-8"), re.S | re.M)
    for line in block.splitlines()
    if "dialogue" not in line and ("feel " in line or "-e " in line or "--emotion scene" in line)
]
OTHERS = ("--detector", "reply", "--wheel")
"""Of commands that other tests run."""


@pytest.mark.slow
def test_the_commands_of_the_page_run(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (desk / "face.png").write_bytes((desk / "face.jpg").read_bytes())
    (desk / "script.txt").write_text("I lost my dog.\nHe is back!", encoding="utf-8")
    (desk / "lines.txt").write_text("I lost my dog.\n\nHe is back!\n", encoding="utf-8")
    (desk / "turns.csv").write_text("start,end,speaker,text\n0,0.5,anna,How wonderful!\n0.5,1.1,ben,Oh no.\n")
    (desk / "talk.wav").write_bytes((desk / "speech.wav").read_bytes())
    (desk / "backdrop.jpg").write_bytes((desk / "face.jpg").read_bytes())
    (desk / "storyboard").mkdir()
    (desk / "storyboard" / "1.jpg").write_bytes((desk / "face.jpg").read_bytes())
    for command in COMMANDS:
        if any(word in command for word in OTHERS):
            continue
        words = shlex.split(command, comments=True)[1:]
        small = ["--size", "64"] if words[0] == "generate" else []
        assert dicetalk(*words, *small) == 0, capsys.readouterr().err
    assert len(COMMANDS) > 3
    assert {"mood.json", "words.vtt", "felt.json", "out.mp4"} <= set(names(desk))
