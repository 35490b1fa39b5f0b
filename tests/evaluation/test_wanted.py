"""Which emotion a clip was meant to show: a table says so, or the record of the job that made it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from dicetalk.emotion.feeling import mix
from dicetalk.emotion.timeline import Timeline
from dicetalk.errors import InputError
from dicetalk.evaluation.wanted import Part, parts_of, strongest, wanted_emotions, wanted_parts


def record(path: Path, *emotions: object, **more: object) -> None:
    keys = [{"time": 2.0 * n, "emotion": emotion, "confidence": 1.0, "why": ""} for n, emotion in enumerate(emotions)]
    told = {"output": "x.mp4", "seconds": 3.0, "heard": {"keys": keys, "fade": 0.6, "lacks": ""}, **more}
    path.write_text(json.dumps(told))


@pytest.fixture
def videos(tmp_path: Path) -> dict[str, Path]:
    return {name: tmp_path / f"{name}.mp4" for name in ("a", "b", "c")}


def test_a_table_names_clips_with_or_without_suffix(tmp_path: Path, videos: dict[str, Path]) -> None:
    table = tmp_path / "wanted.csv"
    table.write_text("\ufeffclip,emotion\na,joy\nb.mp4,Sad\nc,\nd,angry\n", encoding="utf-8")
    assert wanted_emotions(videos, table, tmp_path) == {"a": "happy", "b": "sad"}


def test_clips_csv_beside_them_is_found(tmp_path: Path, videos: dict[str, Path]) -> None:
    (tmp_path / "clips.csv").write_text("file,identity,emotion\na.mp4,ann,fear\n")
    assert wanted_emotions(videos, None, tmp_path) == {"a": "fear"}
    assert wanted_emotions(videos, None, None) == {}


def test_records_say_what_was_felt_most(tmp_path: Path, videos: dict[str, Path]) -> None:
    record(tmp_path / "a.json", {"happy": 0.3, "surprised": 0.5})
    record(tmp_path / "b.json", "neutral")
    record(tmp_path / "c.json", {"sad": 0.6}, {"angry": 0.9})  # 2 s and 1 s
    assert wanted_emotions(videos, None, None) == {"a": "surprised", "b": "neutral", "c": "sad"}


def test_a_table_outweighs_records(tmp_path: Path, videos: dict[str, Path]) -> None:
    record(tmp_path / "a.json", {"happy": 0.8})
    record(tmp_path / "b.json", {"happy": 0.8})
    (tmp_path / "t.csv").write_text("clip,emotion\na,sad\n")
    assert wanted_emotions(videos, tmp_path / "t.csv", None) == {"a": "sad", "b": "happy"}


def test_what_changes_has_parts(tmp_path: Path, videos: dict[str, Path]) -> None:
    record(tmp_path / "a.json", {"sad": 0.6}, {"angry": 0.9})  # 2 s and 1 s, faded in the 0.6 s before
    record(tmp_path / "b.json", {"happy": 0.8})
    assert wanted_parts(videos, None, None) == {"a": (Part(0.0, 1.64, "sad"), Part(1.64, 3.0, "angry"))}
    (tmp_path / "clips.csv").write_text("file,emotion\na.mp4,fear\n")
    assert wanted_parts(videos, None, tmp_path) == {}  # a table has said what it is
    (tmp_path / "b.json").write_text('{"heard": {"keys": [{"time": 0, "emotion": "sad"}]}, "seconds": 1e999}')
    assert wanted_parts(videos, None, tmp_path) == {}


def test_what_is_short_or_weak_is_no_part() -> None:
    turns = Timeline([(0.0, "happy"), (4.0, "angry"), (4.5, "happy"), (8.0, "sad:0.3"), (10.0, "sad:0.4")], fade=0)
    parts = parts_of(turns, 12.0)
    assert [part.name for part in parts] == ["happy", "happy", "neutral", "sad"]
    assert (parts[-1].start, parts[-1].end) == (10.0, 12.0)


@pytest.mark.parametrize("text", ["", "[1]", "{", '{"heard": 3}', '{"heard": {"keys": []}, "seconds": 3}', "\xff"])
def test_other_files_of_such_a_name_say_nothing(videos: dict[str, Path], tmp_path: Path, text: str) -> None:
    (tmp_path / "a.json").write_text(text, encoding="latin-1")
    assert wanted_emotions(videos, None, None) == {}


def test_several_speakers_have_no_one_emotion(videos: dict[str, Path], tmp_path: Path) -> None:
    record(tmp_path / "a.json", {"happy": 0.8}, speakers=[])
    assert wanted_emotions(videos, None, None) == {}


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name,feeling\na,happy\n", "has no columns clip and emotion"),
        ("clip,emotion\na,hapy\n", r"line 2: unknown emotion 'hapy'; did you mean 'happy'\?"),
        ("clip,emotion\nz,happy\n", "names no emotion of these clips; expected names such as 'a'"),
    ],
)
def test_tables_that_are_refused(tmp_path: Path, videos: dict[str, Path], text: str, message: str) -> None:
    (tmp_path / "t.csv").write_text(text)
    with pytest.raises(InputError, match=message):
        wanted_emotions(videos, tmp_path / "t.csv", None)


def test_a_table_that_is_not_there(tmp_path: Path, videos: dict[str, Path]) -> None:
    with pytest.raises(InputError, match="cannot be read"):
        wanted_emotions(videos, tmp_path / "gone.csv", None)


def test_a_key_behind_the_end_counts_for_nothing() -> None:
    timeline = Timeline([(0.0, mix(happy=0.2)), (9.0, mix(sad=1.0))])
    assert strongest(timeline, 3.0) == "happy"
