"""`dicetalk evaluate VIDEOS [REFERENCE]` as it is typed: table, JSON, page; what goes wrong is one line."""

from __future__ import annotations

import json
import shlex
import shutil
import sys
from pathlib import Path

import pytest
from command_line import dicetalk
from recordings import picture_only

pytest.importorskip("matplotlib")

CONTROLS = ("videos, a mouth that follows loudness", "videos, a still face")


@pytest.fixture
def videos(talking: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Two takes, one with the record of its job, and a video without sound."""
    folder = tmp_path / "videos"
    folder.mkdir()
    shutil.copy(talking, folder / "hopper_0.mp4")
    shutil.copy(talking, folder / "hopper_1.mp4")
    heard = {"keys": [{"time": 0, "emotion": {"happy": 0.8}}]}
    (folder / "hopper_0.json").write_text(json.dumps({"seconds": 1.2, "heard": heard}))
    picture_only(folder / "silent.mp4")
    monkeypatch.chdir(tmp_path)
    return folder


def test_a_table_and_a_line_for_what_is_left_out(videos: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert dicetalk("evaluate", "videos/") == 0
    out, err = capsys.readouterr()
    assert out.splitlines()[0] == f"| figure | videos | {' | '.join(CONTROLS)} | of |"
    assert "| emotion read as meant, our own judge | 1.00, 1 |" in out
    assert err == "left out: silent.mp4: videos/silent.mp4 has no sound; give videos with both\n"
    assert not (videos.parent / "evaluation.md").exists()


@pytest.mark.slow
def test_a_reference_a_judge_and_a_folder(videos: Path, capsys: pytest.CaptureFixture[str]) -> None:
    shutil.copytree(videos, "real")
    Path("judge.py").write_text('import sys; print(\'{"happy": 1, "sad": 2}\')')
    Path("wanted.csv").write_text("clip,emotion\nhopper_0,happy\nhopper_1,sad\n")
    judge = shlex.join([sys.executable, "judge.py", "{frames}"])
    words = ("evaluate", "videos", "real", "-o", "out", "--json", "-q", "--emotions", "wanted.csv", "--judge", judge)
    assert dicetalk(*words, "--seam-every", "0.4") == 0
    out, err = capsys.readouterr()
    assert err == ""
    told = json.loads(out)
    assert list(told["sets"]) == ["videos", *CONTROLS, "reference"]
    assert told["sets"]["videos"]["figures"]["emotion_judge"]["value"] == 0.5
    assert told["sets"]["videos"]["figures"]["emotion_own"]["clips"] == 2
    assert told["sets"]["videos"]["figures"]["seams"]["count"] == 4
    assert json.loads(Path("out/evaluation.json").read_text()) == told
    assert Path("out/emotions-judge.png").is_file()


def test_one_file_is_enough_and_options_may_come_first(videos: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert dicetalk("evaluate", "--json", "videos/hopper_0.mp4") == 0
    assert list(json.loads(capsys.readouterr().out)["sets"]["videos"]["clips"]) == ["hopper_0"]


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (("gone",), "there is no gone; expected a folder of videos, or one"),
        (("videos/silent.mp4",), "none of 1 videos can be measured (videos/silent.mp4 has no sound"),
        (("videos", "gone"), "there is no gone"),
        (("videos", "--judge", "python judge.py"), "is not told where the frames are"),
        (("videos", "--judge", "false {frames}"), "the judge false ended with code 1"),
        (("videos", "--emotions", "gone.csv"), "gone.csv cannot be read"),
        (("videos", "--face-network", "gone.onnx"), "gone.onnx cannot be opened"),
        (("videos", "-o", "videos/hopper_0.json"), "cannot be written"),
        (("videos", "--threshold", "2"), "not in the range"),
    ],
)
def test_what_goes_wrong_is_one_line(
    videos: Path, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], message: str
) -> None:
    assert dicetalk("evaluate", "-q", *words) == 2
    out, err = capsys.readouterr()
    assert out == "" and message in err and err.strip().splitlines()[-1].lower().startswith("error: ")


def test_help_tells_of_videos_and_of_the_other_commands(capsys: pytest.CaptureFixture[str]) -> None:
    assert dicetalk("evaluate", "--help") == 0
    out = capsys.readouterr().out
    assert "evaluate [OPTIONS] VIDEOS [REFERENCE]" in out
    assert "--seam-every" in out and "embedder" in out and "clips" in out
    assert dicetalk("evaluate", "clips", "--help") == 0
    assert "clips [OPTIONS] FOLDER" in capsys.readouterr().out
