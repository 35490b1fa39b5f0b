"""A video, described by the command."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from command_line import dicetalk

from dicetalk.media import read_picture
from dicetalk.reading.caption import LONGEST_ALT
from dicetalk.reading.reading import from_json


def test_what_is_shown_is_told_and_drawn(talking: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plot, output = tmp_path / "track.png", tmp_path / "reading.json"
    assert dicetalk("describe", str(talking), "--json", "--plot", str(plot), "-o", str(output)) == 0
    told = json.loads(capsys.readouterr().out)
    assert told == json.loads(output.read_text()) and from_json(told).overall.name == "happy"
    assert set(told["windows"][0]) == {"start", "end", "weights", "strength", "clarity", "confidence"}
    assert told["compared"]["agree"] and isinstance(told["caption"], str)
    assert set(told["votes"]) >= {"face"} and isinstance(told["advice"], str) and told["stretches"]
    assert read_picture(plot).shape[2] == 3


def test_captions_are_written(talking: Path, tmp_path: Path) -> None:
    assert dicetalk("describe", str(talking), "-o", str(tmp_path / "words.vtt"), "-q") == 0
    assert (tmp_path / "words.vtt").read_text().startswith("WEBVTT")


def test_an_alt_text_is_one_short_line(talking: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert dicetalk("describe", str(talking), "--alt", "-q") == 0
    out, err = capsys.readouterr()
    assert out.startswith("A ") and "happy" in out and out.count("\n") == 1 and len(out) <= LONGEST_ALT and not err
    assert dicetalk("describe", str(talking), "--alt", "--json") == 2
    assert "leave --alt out" in capsys.readouterr().out


def test_a_table_and_what_was_asked(talking: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert dicetalk("describe", str(talking), "--quiet") == 0
    out, err = capsys.readouterr()
    assert "happy" in out and "raised" in out and "asked happy" in out and "viewers, sound off: " in out and not err


@pytest.mark.parametrize(("option", "name"), [("--plot", "track.jpg"), ("-o", "reading.txt")])
def test_a_wrong_name_is_told_before_any_work(
    talking: Path, tmp_path: Path, option: str, name: str, capsys: pytest.CaptureFixture[str]
) -> None:
    assert dicetalk("describe", str(talking), option, str(tmp_path / name)) == 2
    assert capsys.readouterr().err.count("\n") == 1 and not (tmp_path / name).exists()


def test_what_is_no_video_is_one_line(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "text.mp4").write_text("no video")
    assert dicetalk("describe", str(tmp_path / "text.mp4"), "--json") == 2
    out, err = capsys.readouterr()
    assert (out + err).count("\n") == 1
