"""`dicetalk feel --source scene`: a picture, a storyboard, a detector; and what cannot be used."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from command_line import dicetalk

from dicetalk.emotion.timeline import Timeline
from dicetalk.media import write_picture
from dicetalk.sources import scene as scenes


@pytest.fixture(autouse=True)
def no_faces(monkeypatch: pytest.MonkeyPatch) -> None:
    """Plain cards have none; looking for one takes long."""
    monkeypatch.setattr(scenes, "_face_in", lambda path: None)


@pytest.fixture
def frames(tmp_path: Path) -> Path:
    folder = tmp_path / "frames"
    folder.mkdir()
    for number, colour in enumerate(((8, 8, 10), (250, 220, 60))):
        write_picture(folder / f"{number}.png", np.full((60, 80, 3), colour, np.uint8))
    return folder


def test_a_storyboard_is_written_as_a_timeline(frames: Path, capsys: pytest.CaptureFixture[str]) -> None:
    draft = frames.parent / "draft.json"
    assert dicetalk("feel", "--source", "scene", str(frames), "-o", str(draft), "--json") == 0
    told = json.loads(capsys.readouterr().out)["moments"]
    assert [moment["picture"] for moment in told] == ["0.png", "1.png"]
    assert all(moment["confidence"] < 0.5 and "never checked" in moment["why"] for moment in told)
    timeline = Timeline.read(draft)
    assert "sad" in timeline.keys[0][1].strengths and "happy" in timeline.keys[1][1].strengths


def test_a_picture_is_told_in_a_table(frames: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert dicetalk("feel", "--source", "scene", str(frames / "0.png")) == 0
    assert "sad" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (["none.png"], "none.png"),
        ([""], "is empty"),
        (["x" * 5000], "xxx"),
        (["a\0b"], "no name of a file"),
        (["{}/frames", "-o", "{}/none/draft.json"], "none"),
        (["{}/frames", "--plot", "{}/frames/1.png"], "is an input"),
        (["I lost my dog.", "--encoder", "bert"], "no use"),
        (["{}"], "holds no picture"),
        (["{}/frames/0.png", "--detector", "d.onnx"], "belong together"),
        (["{}/frames/0.png", "--detector", "d.onnx", "--detector-names", "n.txt"], "n.txt"),
    ],
)
def test_what_cannot_be_used_is_one_line(
    given: list[str], told: str, frames: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert dicetalk("feel", "--source", "scene", *(text.format(frames.parent) for text in given)) == 2
    out, err = capsys.readouterr()
    assert out == "" and told in err and "Traceback" not in err
    assert "error" not in err or len(err.splitlines()) == 1
