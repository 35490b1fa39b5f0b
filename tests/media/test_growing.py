"""A video that can be played while it is written."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np
import pytest

import dicetalk
from dicetalk.errors import InputError
from dicetalk.marks.marks import Marks
from dicetalk.marks.verdict import verify
from dicetalk.media import VideoWriter, read_sound


def counts(path: Path) -> tuple[int, int]:
    """Frames of pictures and samples of sound."""
    with av.open(str(path), mode="r") as film:
        pictures = len(list(film.decode(video=0)))
    with av.open(str(path), mode="r") as film:
        return pictures, sum(block.samples for block in film.decode(audio=0))


def times(path: Path) -> tuple[float | None, float | None]:
    """When the first picture and the first sound come [s]: a piece that forgot an offset would shift the lips."""
    with av.open(str(path), mode="r") as film:
        picture = next(film.decode(video=0)).time
    with av.open(str(path), mode="r") as film:
        return picture, next(film.decode(audio=0)).time


def test_it_holds_what_the_video_holds(tmp_path: Path, hopper: Path, speech: Path) -> None:
    whole, grown = tmp_path / "whole.mp4", tmp_path / "grown.mp4"
    video = dicetalk.load()(hopper, speech, size=96, crop=True)
    video.save(whole, growing=grown, marks=Marks(consent="Grace agreed"))
    assert counts(grown) == counts(whole) and times(grown) == times(whole)
    marks = verify(grown)
    assert (marks.state, marks.signed) == ("intact", False)
    assert marks.origin == video.origin.to_json() | {"consent": "Grace agreed"}
    grown.write_bytes(grown.read_bytes()[:-3000])
    assert verify(grown).state == "unmarked"  # whoever leaves early has no mark


def test_it_has_no_mark_where_none_is_wanted(tmp_path: Path, hopper: Path, speech: Path) -> None:
    grown, none = tmp_path / "grown.mp4", Marks(which="none")
    dicetalk.load()(hopper, speech, size=96, crop=True).save(tmp_path / "whole.mp4", growing=grown, marks=none)
    assert verify(grown).state == "unmarked"


def test_it_can_be_read_before_the_video_is_finished(tmp_path: Path, speech: Path) -> None:
    grown, picture = tmp_path / "grown.mp4", np.zeros((64, 64, 3), np.uint8)
    sound = read_sound(speech)
    with VideoWriter(tmp_path / "whole.mp4", width=64, height=64, speech=sound, growing=grown) as video:
        for grey in range(120):
            video.write(picture + np.uint8(grey))
        early = tmp_path / "early.mp4"
        early.write_bytes(grown.read_bytes())
    content = early.read_bytes()
    assert content[4:8] == b"ftyp" and b"moof" in content
    assert 25 <= counts(early)[0] < 120
    assert counts(grown)[0] == 120


def test_it_begins_soon(tmp_path: Path, speech: Path) -> None:
    grown = tmp_path / "grown.mp4"
    with VideoWriter(tmp_path / "whole.mp4", width=64, height=64, speech=read_sound(speech), growing=grown) as video:
        video.write(np.zeros((12, 64, 64, 3), np.uint8))
        (tmp_path / "early.mp4").write_bytes(grown.read_bytes())
    assert counts(tmp_path / "early.mp4")[0] >= 1


def test_it_stays_where_the_video_fails(tmp_path: Path) -> None:
    grown, whole = tmp_path / "grown.mp4", tmp_path / "whole.mp4"
    with pytest.raises(RuntimeError), VideoWriter(whole, width=64, height=64, growing=grown) as video:
        for _ in range(80):
            video.write(np.zeros((64, 64, 3), np.uint8))
        raise RuntimeError
    assert grown.is_file() and not whole.exists() and {path.name for path in tmp_path.iterdir()} == {"grown.mp4"}


def test_only_an_mp4_grows(tmp_path: Path, hopper: Path, speech: Path) -> None:
    video = dicetalk.load()(hopper, speech, size=96, crop=True)
    for name in ("out.webm", "out.mov", "frames/"):
        with pytest.raises(InputError, match=r"only an \.mp4"):
            video.save(f"{tmp_path}/{name}", growing=tmp_path / "grown.mp4")
    assert {path.name for path in tmp_path.iterdir()} <= {"speech.wav"}
