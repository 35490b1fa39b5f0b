"""Sets of videos: found below a folder, measured each once; a bad one is told and left out."""

from __future__ import annotations

import shutil
import sys
from pathlib import Path

import numpy as np
import pytest
from recordings import picture_only

from dicetalk.arrays import Picture
from dicetalk.commands import Command
from dicetalk.data.clip import Dropped
from dicetalk.errors import InputError, MediaError
from dicetalk.evaluation.clip_set import Options, find_videos, measure_set
from dicetalk.evaluation.footage import Footage
from dicetalk.evaluation.wanted import Part


def test_videos_are_found_by_name_and_hidden_ones_are_not(tmp_path: Path) -> None:
    for name in ("b.mp4", "a.MOV", "sub/c.mkv", "sub/same.mp4", "sub/same.webm", ".hidden.mp4", ".git/d.mp4", "e.txt"):
        (tmp_path / name).parent.mkdir(exist_ok=True)
        (tmp_path / name).touch()
    assert list(find_videos(tmp_path)) == ["a", "b", "sub/c", "sub/same.mp4", "sub/same.webm"]
    assert find_videos(tmp_path / "b.mp4") == {"b": tmp_path / "b.mp4"}


def test_no_videos_are_said_to_be_none(tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"holds no video; expected files that end in \.mp4"):
        find_videos(tmp_path)
    with pytest.raises(InputError, match=r"there is no .*gone; expected a folder of videos, or one"):
        find_videos(tmp_path / "gone")


@pytest.mark.parametrize("workers", [pytest.param(1, marks=pytest.mark.slow), 2])
def test_a_bad_clip_is_left_out_and_the_rest_goes_on(talking: Path, tmp_path: Path, workers: int) -> None:
    shutil.copy(talking, tmp_path / "good.mp4")
    (tmp_path / "bad.mp4").write_bytes(b"nothing")
    picture_only(tmp_path / "silent.mp4")
    told: list[Dropped] = []
    count: list[None] = []
    options = Options(workers=workers)
    videos = find_videos(tmp_path)
    parts = {"good": (Part(0.0, 1.0, "happy"), Part(60.0, 62.0, "sad"))}
    (found,) = measure_set(videos, {"good": "happy"}, options, lambda: count.append(None), told.append, parts)
    assert (found.name, found.wanted, list(found.readings), len(count)) == ("good", "happy", ["own"], 3)
    assert [part.name for part, _ in found.parts] == ["happy"]  # the other begins after its end
    assert [drop.file.name for drop in told] == ["bad.mp4", "silent.mp4"]
    assert "has no sound" in told[1].reason


def test_a_clip_that_judges_cannot_be_shown_is_told_and_the_rest_goes_on(
    talking: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    for name in ("gone.mp4", "here.mp4"):
        shutil.copy(talking, tmp_path / name)

    def frames_of(footage: Footage, count: int) -> list[Picture]:
        if footage.name == "gone":
            raise MediaError(f"{footage.path} cannot be opened")
        return [np.zeros((8, 8, 3), np.uint8)] * count

    monkeypatch.setattr("dicetalk.evaluation.clip_set.frames_of", frames_of)
    judge = Command("judge", (sys.executable, "-c", "print('{\"sad\": 1}')", "{frames}"))
    told: list[Dropped] = []
    gone, here = measure_set(find_videos(tmp_path), {}, Options(judges=(judge,)), lambda: None, told.append)
    assert list(gone.readings) == ["own"] and here.readings[judge.name] == {"sad": 1.0}
    assert [(drop.file.name, drop.reason) for drop in told] == [("gone.mp4", f"{gone.footage.path} cannot be opened")]


def test_none_left_is_an_error(tmp_path: Path) -> None:
    (tmp_path / "bad.mp4").write_bytes(b"nothing")
    told: list[Dropped] = []
    with pytest.raises(InputError, match=r"none of 1 videos can be measured \(.*bad.mp4"):
        measure_set(find_videos(tmp_path), {}, Options(), lambda: None, told.append)
    assert len(told) == 1


def test_judges_of_one_name_are_numbered() -> None:
    fer, other = Command("judge", ("fer.py", "{frames}")), Command("judge", ("net", "{frames}"))
    assert Options(judges=(fer, other)).judge_names == ["own", "fer", "net"]
    assert Options(judges=(fer, other, fer)).judge_names == ["own", "fer 1", "net", "fer 3"]
    assert Options(judges=(Command("judge", ("own", "{frames}")),)).judge_names == ["own", "own 1"]
