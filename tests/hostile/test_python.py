"""Hostile input in Python: a video, or an exception of the package's own."""

from __future__ import annotations

import sys
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from hostile.cases import Door
from hostile.doors import assert_right, assert_shown, assert_told, fields_of, temporary, with_paths
from hostile.made import encoded, put
from hostile.sounds import hour
from hostile.table import CASES
from hostile.watch import files, modest

import dicetalk
from dicetalk.errors import DiceTalkError
from dicetalk.marks.marks import Marks

DOOR: Door = "Python"
pytestmark = [pytest.mark.timeout(300), pytest.mark.skipif(sys.platform == "win32", reason="pipes and links of POSIX")]


def make(fields: dict[str, Any]) -> tuple[dicetalk.Video, dict[str, Any]]:
    """A video as a program makes it, and its record."""
    told = with_paths(fields)
    marking = {name: told.pop(name) for name in ("consent", "visible_mark") if name in told}
    marks = Marks(which=told.pop("marks", None), **marking)
    output, curves, quality = told.pop("output"), told.pop("motion_out", None), told.pop("quality", "high")
    talk = dicetalk.load(told.pop("backbone")) if "backbone" in told else dicetalk.load()
    video = talk(told.pop("portrait"), told.pop("speech", None), **told)
    if curves is not None:
        video.save_motion(curves)
    video.save(output, quality=quality, marks=marks)
    return video, {"warnings": video.warnings, "frames": video.frames, "width": video.width, "height": video.height}


def test_a_case(name: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    case, fields = CASES[name], fields_of(CASES[name], tmp_path / "desk")
    kept = temporary(monkeypatch, tmp_path / "temporary")
    monkeypatch.chdir(tmp_path / "desk")
    output = Path(fields.setdefault("output", str(tmp_path / "desk" / "made.mp4")))
    before = files(tmp_path)
    with modest():
        if case.said_at(DOOR):
            with pytest.raises(DiceTalkError) as raised:
                make(fields)
            assert_told(case, DOOR, str(raised.value), type(raised.value).__name__)
            assert files(tmp_path) == before
        else:
            _, record = make(fields)
            assert_right(case, record)
            assert_shown(output, record)
            assert files(tmp_path) == before | {output}
    assert not files(kept)


@pytest.mark.slow
def test_an_hour(tmp_path: Path) -> None:
    """All of it is listened to, and its first frames come, within the memory that a minute takes."""
    with modest():
        video = dicetalk.load()(
            put(tmp_path, "face.png", encoded("PNG")), put(tmp_path, "hour.wav", hour()), size=64, crop=True
        )
        assert video.frames == 90_000 and video.warnings == ()
        stream = video.stream()
        assert sum(len(chunk) for chunk in islice(stream, 3)) > 0
        stream.close()


@pytest.mark.parametrize(
    "portrait",
    [
        np.zeros((64, 64), np.uint8), np.zeros((64, 64, 4), np.uint8), np.zeros((0, 0, 3), np.uint8),
        np.zeros((64, 64, 3), np.float32), np.full((64, 64, 3), np.nan), np.zeros((1, 1, 3), np.uint8),
        np.zeros((64, 64, 3), object), b"bytes", 7, None, [], {}, object(),
    ],
)  # fmt: skip
def test_arrays_and_things_that_are_no_portrait(portrait: Any, speech: Path) -> None:
    with pytest.raises(DiceTalkError) as raised:
        dicetalk.load()(portrait, speech)
    assert "\n" not in str(raised.value)
