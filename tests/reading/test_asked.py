"""What a video says was asked of it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from dicetalk.emotion.timeline import Timeline
from dicetalk.emotion.timeline_file import to_json
from dicetalk.marks.marks import mark_plainly
from dicetalk.reading.asked import asked_of

TOLD = {"version": "0", "backbone": "rules", "emotion": "happy 0.56, neutral 0.44", "seed": 0}


@pytest.fixture
def video(tmp_path: Path, talking: Path) -> Path:
    """A video without marks or record."""
    path = tmp_path / "clip.mp4"
    path.write_bytes(talking.read_bytes().split(b"<?xpacket")[0])
    return path


def test_nobody_knows(video: Path) -> None:
    assert asked_of(video) is None


def test_marks_tell_how_much(video: Path) -> None:
    mark_plainly(video, TOLD)
    found = asked_of(video)
    assert found is not None and str(found.keys[0][1]) == "happy:0.56"


def test_our_own_videos_tell_it(talking: Path) -> None:
    found = asked_of(talking)
    assert found is not None and found.keys[0][1].strengths == pytest.approx({"happy": 0.8}, abs=0.01)


def test_the_record_tells_when_and_wins(video: Path) -> None:
    mark_plainly(video, TOLD)
    heard = to_json(Timeline([(0.0, "neutral"), (2.0, "angry:0.8")]))
    video.with_suffix(".json").write_text(json.dumps({"heard": heard, "seconds": 4.0}))
    found = asked_of(video)
    assert found is not None and [(time, str(felt)) for time, felt in found.keys] == [
        (0.0, "neutral"),
        (2.0, "angry:0.8"),
    ]


@pytest.mark.parametrize(
    "text", ["", "[]", "{}", '{"heard": 3}', '{"heard": {"keys": []}}', "\xff", '{"speakers": []}']
)
def test_a_file_of_somebody_else_is_passed_over(video: Path, text: str) -> None:
    video.with_suffix(".json").write_text(text, encoding="latin-1")
    assert asked_of(video) is None


@pytest.mark.parametrize("emotion", ["", "tender 0.5", "happy", "happy 2.0, sad 3", "1: happy 0.8; 2: sad 0.5"])
def test_marks_that_say_something_else_are_passed_over(video: Path, emotion: str) -> None:
    mark_plainly(video, {**TOLD, "emotion": emotion})
    assert asked_of(video) is None
