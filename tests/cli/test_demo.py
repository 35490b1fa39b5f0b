"""The demo needs no input: a video, and a sheet of its faces with what they feel."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from command_line import dicetalk, names

from dicetalk.media import probe, read_picture


@pytest.fixture
def desk(desk: Path, speech: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """The folder to work in, and a demo of 1.2 s."""
    monkeypatch.setattr("dicetalk.assets.speech", lambda: speech)
    return desk


def test_demo_writes_a_video_and_a_contact_sheet(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert dicetalk("demo", "-o", "d.mp4") == 0
    out, err = capsys.readouterr()
    assert out == ""
    assert [line.partition(":")[0] for line in err.splitlines()] == ["wrote d.mp4", "wrote d.png"]
    assert read_picture(desk / "d.png").shape == (2 * 350, 4 * 320, 3)
    assert probe(desk / "d.mp4")[0] is not None


def test_json_is_one_object_and_the_sheet_takes_the_name_of_the_video(
    desk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = names(desk)
    assert dicetalk("demo", "-o", "calm.mov", "-e", "sad", "--seed", "2", "--json") == 0
    out, err = capsys.readouterr()
    record = json.loads(out)
    assert err == "" and (record["output"], record["emotion"], record["seed"]) == ("calm.mov", "sad", 2)
    assert names(desk) == sorted([*before, "calm.mov", "calm.png"])


@pytest.mark.slow
def test_the_sheet_says_what_is_felt(desk: Path, capsys: pytest.CaptureFixture[str]) -> None:
    """Another emotion has another caption; the same demo again has the same sheet. Quiet, nothing is said."""
    sheets = {}
    for name, emotion, given in (("a", "happy", ("-o", "a.mp4")), ("b", "sad", ("-o", "b.mp4")), ("demo", "happy", ())):
        assert dicetalk("demo", *given, "-e", emotion, "-q") == 0
        assert capsys.readouterr() == ("", "")
        sheets[name] = read_picture(desk / f"{name}.png")
    assert (desk / "demo.mp4").is_file()
    captions = {name: sheet.reshape(2, 350, 4 * 320, 3)[:, 320:] for name, sheet in sheets.items()}
    assert (captions["a"] != captions["b"]).any()
    np.testing.assert_array_equal(sheets["a"], sheets["demo"])
    assert all(caption.min() < 60 < 200 < np.median(caption) for caption in captions.values())  # black on white


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (("-o", "no/demo.mp4"), "the folder no does not exist"),
        (("-o", "demo.avi"), "demo.avi ends in '.avi'"),
        (("-o", "demo.png"), "demo.png ends in '.png'"),
        (("-e", "hapy"), "unknown emotion 'hapy'; did you mean 'happy'?"),
        (("--seed", "-1"), "the seed is -1"),
    ],
)
def test_words_that_are_refused_leave_nothing(
    words: tuple[str, ...], says: str, desk: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    before = names(desk)
    assert dicetalk("demo", *words) == 2
    err = capsys.readouterr().err
    assert err.startswith("error: ") and says in err and err.count("\n") == 1
    assert names(desk) == before


def test_what_cannot_be_written_is_known_before_any_work(
    desk: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("dicetalk.making.load_backbone", lambda *_: pytest.fail("work began"))
    (desk / "demo.png").mkdir()
    before = names(desk)
    assert dicetalk("demo", "-o", "no/demo.mp4") == 2
    assert "the folder no does not exist" in capsys.readouterr().err
    assert dicetalk("demo") == 2
    assert "demo.png is a folder" in capsys.readouterr().err and names(desk) == before
