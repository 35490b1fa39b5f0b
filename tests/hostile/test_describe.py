"""Odd and hostile recordings given to `dicetalk describe`: one right reading, or one clear line and exit code 2."""

from __future__ import annotations

import json
import re
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from command_line import dicetalk
from hostile.doors import LONGEST_LINE
from hostile.made import HEIGHT, WIDTH, encoded, portrait, put, riff, spoken, wav, written
from hostile.sounds import seconds
from hostile.targets import fifo, linked
from hostile.watch import files, modest
from PIL import Image

from dicetalk.arrays import Picture, Waveform
from dicetalk.media import VideoWriter, read_sound
from dicetalk.rates import FPS, SPEECH_RATE

pytestmark = [pytest.mark.timeout(300), pytest.mark.skipif(sys.platform == "win32", reason="pipes and links of POSIX")]

Make = Callable[[Path], str]
"""Makes a recording in a folder; gives its path as it is typed."""


def face() -> Picture:
    return np.asarray(portrait())


def wall() -> Picture:
    down, across = np.mgrid[0:HEIGHT, 0:WIDTH]
    return np.stack([down, across, HEIGHT - down], axis=2).astype(np.uint8)


def crowd() -> Picture:
    return np.hstack([face(), face()])


def film(picture: Callable[[], Picture], seconds: float, sound: Waveform | None = None) -> Make:
    """A picture held for some time, with a sound."""

    def make(folder: Path) -> str:
        frame = picture()
        speech = None if sound is None else read_sound(put(folder, "sound.wav", riff(sound)))
        height, width = frame.shape[:2]
        with VideoWriter(folder / "film.mp4", width=width, height=height, speech=speech) as video:
            for _ in range(max(1, round(seconds * FPS))):
                video.write(frame)
        return str(folder / "film.mp4")

    return make


def file(name: str, content: bytes) -> Make:
    return lambda folder: put(folder, name, content)


def times(seconds: float) -> np.ndarray:
    return np.arange(round(seconds * SPEECH_RATE)) / SPEECH_RATE


def music(seconds: float = 1.6) -> Waveform:
    """Four chords, each of three notes with their overtones."""
    at = times(seconds)
    roots = 220 * 2 ** (np.array([0, 5, 7, 0])[(at * 4 / seconds).astype(int)] / 12)
    notes = [np.sin(2 * np.pi * k * root * at) / k for root in (roots, 1.26 * roots, 1.5 * roots) for k in (1, 2, 3)]
    return np.asarray(2500 * sum(notes), np.int16)


def silence(seconds: float, click: int = 400) -> Waveform:
    """Nothing but a click, without which no film is made."""
    waveform = np.zeros(round(seconds * SPEECH_RATE), np.int16)
    waveform[len(waveform) // 2] = click
    return waveform


def torn(folder: Path) -> str:
    """The first half of a film, whose table of frames was never written."""
    whole = Path(film(face, 0.6)(folder)).read_bytes()
    return put(folder, "torn.mp4", whole[: len(whole) // 2])


def with_record(folder: Path) -> str:
    """A film beside which a record lies that is nothing of the kind."""
    path = film(face, 0.2)(folder)
    put(folder, "film.json", b'{"heard": {"keys": ' + b"[" * 5000 + b"]" * 5000 + b"}}")
    return path


READ: dict[str, tuple[Make, dict[str, Any]]] = {
    "a face without a voice": (film(face, 0.4), {"voice": None, "lacks": "has no sound", "windows": 1}),
    "a face and silence": (film(face, 1.6, silence(1.6)), {"voice": None, "lacks": "silent|of speech", "windows": 2}),
    "a face and music": (film(face, 1.6, music()), {"voice": None, "lacks": "noise or music", "windows": 2}),
    "a fifth of a second": (film(face, 0.2), {"windows": 1}),
    "one frame": (film(face, 0.04), {"windows": 1}),
    "two faces": (film(crowd, 0.2), {"windows": 1, "warns": "2 faces; the largest one is read"}),
    "a voice without a face": (film(wall, 1.4, spoken(1.4)), {"face": None, "lacks": "shows no face", "windows": 1}),
    "a voice that goes on after the face": (film(face, 0.4, spoken(2.4)), {"lacks": "", "windows": 2}),
    "a photo": (file("face.png", encoded("PNG")), {"voice": None, "lacks": "has no voice", "windows": 1}),
    "a record of nonsense beside it": (with_record, {"asked": None, "windows": 1}),
}
REFUSED: dict[str, tuple[Make, str]] = {
    "neither": (film(wall, 0.4, silence(0.4)), "neither face nor voice"),
    "a wall": (film(wall, 0.2), r"neither face nor voice .* shows no face .*has no sound"),
    "half a second of a voice": (file("voice.wav", wav()), "neither face nor voice .* too little"),
    "silence alone": (file("silence.wav", riff(silence(2, 0))), "silent|neither face nor voice"),
    "music alone": (file("music.wav", riff(music())), "neither face nor voice .* noise or music"),
    "a photo of a wall": (file("wall.png", written(Image.fromarray(wall()), "PNG")), r"wall\.png: no face found"),
    "a damaged photo": (file("face.bmp", b"BM" + bytes(60)), "face.bmp"),
    "a film that was torn": (torn, "torn.mp4"),
    "text": (file("text.mp4", b"no film"), "text.mp4"),
    "nothing": (file("empty.mp4", b""), "empty"),
    "zeros": (file("zeros.mp4", bytes(100_000)), "zeros.mp4"),
    "not there": (lambda folder: str(folder / "gone.mp4"), "cannot be opened"),
    "a folder": (str, "is a folder"),
    "a pipe": (lambda folder: str(fifo(folder)), "is a pipe"),
    "a device": (lambda folder: "/dev/zero", "is a device"),
    "a link to itself": (lambda folder: str(linked(folder, "link.png")), "cannot be opened"),
    "a name of nothing": (lambda folder: "", "empty"),
    "an address": (lambda folder: "http://127.0.0.1:9/a.mp4", "cannot be opened"),
}


@pytest.mark.parametrize("name", READ)
def test_what_is_there_is_read(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make, expected = READ[name]
    path = make(tmp_path)
    before = files(tmp_path)
    with modest():
        code = dicetalk("describe", "--json", "--", path)
    out, err = capsys.readouterr()
    told = json.loads(out)
    assert code == 0 and err == "" and out.count("\n") == 1, out
    assert len(told["windows"]) == expected.pop("windows") and told["windows"][-1]["end"] == told["seconds"]
    assert re.search(expected.pop("warns", "^$"), "; ".join(told["warnings"])), told["warnings"]
    lacks = expected.pop("lacks", None)
    assert lacks is None or re.search(lacks or "^$", told["lacks"]), told["lacks"]
    assert {field: told[field] for field in expected} == expected
    assert told["caption"] and files(tmp_path) == before


@pytest.mark.parametrize("name", REFUSED)
def test_the_rest_is_one_line(name: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    make, says = REFUSED[name]
    path = make(tmp_path)
    before = files(tmp_path)
    with modest():
        code = dicetalk("describe", "-o", str(tmp_path / "reading.json"), "--plot", str(tmp_path / "a.png"), "--", path)
    out, err = capsys.readouterr()
    assert code == 2 and out == "" and err.startswith("error: ") and err.count("\n") == 1, err
    assert re.search(says, err) and len(err) < LONGEST_LINE and "a fault of DiceTalk" not in err, err
    assert files(tmp_path) == before


@pytest.mark.slow
def test_an_hour_takes_no_more_memory_than_a_minute(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = put(tmp_path, "hour.wav", seconds(3600))
    with modest():
        assert dicetalk("describe", "--json", "--", path) == 0
    assert len(json.loads(capsys.readouterr().out)["windows"]) == 3600
