"""Whatever is given in Python, wrong types are told in one line of ours; and what was given may change later."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from PIL import Image

import dicetalk
from dicetalk import DiceTalk, DiceTalkError, Feeling, SvdOptions, Timeline, mix
from dicetalk.jobs import Job
from dicetalk.media import Picture, Sound, read_sound, read_video
from dicetalk.motion.space import Motion

ODD: list[Any] = [5, 1.5, b"x", [], {}, object(), np.zeros(3), np.zeros((2, 2)), Image.new("RGB", (9, 9)), print]
"""Nothing of all this is a path, text, a picture, a feeling, a number of a face, a truth value."""

ARGUMENTS: dict[str, list[Any]] = {
    "portrait": [None, True, *ODD, np.zeros((9, 9)), np.zeros((64, 64, 3)), np.zeros((64, 64, 4), np.uint8)],
    "speech": [True, *ODD],
    "emotion": [None, True, *ODD],
    "as_strong_as": [True, "1", 0, -1, 2, float("nan"), float("inf"), *ODD],
    "seed": [None, True, "1", -1, 2**70, 1.0, *ODD[1:]],
    "face": [True, "1", 0, -1, 1.0, *ODD[1:]],
    "size": [None, True, "x", -1, 63, 10**9, 512.0, *ODD[1:]],
    "crop": [None, "yes", 1, *ODD],
    "anyway": [None, "yes", 1, *ODD],
    "head": [None, True, "1", -1, 2, float("nan"), *ODD],
    "blink": [None, True, "1", -1, 2, float("nan"), *ODD],
    "gaze": [True, "up", *ODD],
    "fps": [None, True, "25", 26, 25.0, *ODD],
    "ease": [None, "yes", 1, *ODD],
    "idle": [True, "1", -1, float("nan"), float("inf"), 1e300, *ODD[2:]],
    "motion_in": [True, *ODD],
    "voice_emotion": [True, "hapy", *ODD],
}


@pytest.fixture(scope="module")
def talk() -> DiceTalk:
    return dicetalk.load()


def refused(call: Callable[[], object]) -> None:
    with pytest.raises(DiceTalkError) as caught:
        call()
    assert "\n" not in str(caught.value) and len(str(caught.value)) < 400


@pytest.mark.parametrize("name", ARGUMENTS)
def test_a_call(name: str, talk: DiceTalk, hopper_picture: Picture, speech: Path) -> None:
    given: dict[str, Any] = {"portrait": hopper_picture, "speech": speech}
    if name in ("idle", "motion_in"):
        del given["speech"]
    for value in ARGUMENTS[name]:
        refused(lambda value=value: talk(**{**given, name: value}))  # type: ignore[misc]


@pytest.mark.parametrize("value", [None, True, *ODD])
def test_loading(value: Any) -> None:
    refused(lambda: dicetalk.load(value))
    if value is not None:
        refused(lambda: dicetalk.load("rules", value))


NUMBERS = [None, "x", True, *ODD[2:]]
NAMED: dict[str, Callable[[Any], object]] = {
    "weights": lambda value: Feeling(value),
    "a weight": lambda value: Feeling((value, *[0.0] * 7)),
    "intensity": lambda value: Feeling(intensity=value),
    "confidence": lambda value: Feeling(confidence=value),
    "strengths": lambda value: Feeling.of(value),
    "a pair": lambda value: Feeling.of([value]),
    "a strength": lambda value: Feeling.of([("happy", value)]),
    "a strength by name": lambda value: mix(happy=value),
    "keys": lambda value: Timeline(value),
    "a key": lambda value: Timeline([value]),
    "a time": lambda value: Timeline([(value, "happy")]),
    "a feeling": lambda value: Timeline([(0.0, value)]),
    "a fade": lambda value: Timeline([(0.0, "happy")], fade=value),
    "a timeline's file": lambda value: Timeline.read(value),
    "guidance": lambda value: SvdOptions(speech_scale=value),
    "steps": lambda value: SvdOptions(short_side=value),
    "a preset": lambda value: SvdOptions(preset=value),
    "a device": lambda value: SvdOptions(device=5 if isinstance(value, str) else value),  # type: ignore[arg-type]
    "compile": lambda value: SvdOptions(compile=value if value is not True else 1),  # type: ignore[arg-type]
}


@pytest.mark.parametrize("what", NAMED)
def test_what_is_made(what: str) -> None:
    for value in NUMBERS:
        if isinstance(value, list | np.ndarray | dict) and what in ("strengths", "keys"):
            continue  # a list of none is none, and rows of an array may be pairs
        refused(lambda value=value: NAMED[what](value))  # type: ignore[misc]


def test_saving(talk: DiceTalk, hopper_picture: Picture, speech: Path, tmp_path: Path) -> None:
    video = talk(hopper_picture, speech, size=64)
    for value in (None, "", "x.mp4/", "x", *ODD):
        refused(lambda value=value: video.save(value))  # type: ignore[misc]
    refused(lambda: video.save_motion(""))
    refused(lambda: video.save(tmp_path / "a.mp4", progress=5))  # type: ignore[arg-type]
    refused(lambda: video.save(tmp_path / "a.mp4", watch="x"))  # type: ignore[arg-type]
    for value in (None, "x", 10**400, float("nan"), *ODD[2:]):
        refused(lambda value=value: video.save(tmp_path / "a.mp4", quality=value))  # type: ignore[misc]
        refused(lambda value=value: video.save(tmp_path / "a.mp4", replace=value))  # type: ignore[misc]
        refused(lambda value=value: next(video.stream(alpha=value)))  # type: ignore[misc]
    assert not list(tmp_path.iterdir())


@pytest.mark.parametrize("value", [None, True, "x", {"x"}, ["portrait"], *ODD])
def test_a_job(value: Any) -> None:
    refused(lambda: Job.from_json(value))


def test_numbers_of_numpy_are_numbers(talk: DiceTalk, hopper_picture: Picture, speech: Path) -> None:
    video = talk(hopper_picture, speech, seed=np.int64(3), size=np.int32(64), crop=np.bool_(True), face=np.uint8(1))  # type: ignore[arg-type]
    assert video.conditions.seed == 3 and (video.width, video.height) == (64, 64)


def test_what_was_given_may_change_and_go(
    talk: DiceTalk, hopper_picture: Picture, speech: Path, tmp_path: Path
) -> None:
    portrait, path = hopper_picture.copy(), Path(shutil.copy(speech, tmp_path / "own.wav"))
    motion = Motion.still(25)
    played = talk(portrait, path, motion_in=motion, size=64)
    asked = talk(portrait, path, size=64)
    motion.shapes[:] = 1
    portrait[:] = 0
    path.unlink()
    same = talk(hopper_picture, speech, size=64)
    for one, other in zip(asked.stream(), same.stream(), strict=True):
        np.testing.assert_array_equal(one, other)
    assert played.conditions.motion is not None and not played.conditions.motion.shapes.any()
    asked.save(tmp_path / "out.mp4")
    assert len(read_sound(tmp_path / "out.mp4").waveform) > 16_000 and next(read_video(tmp_path / "out.mp4")).any()


def test_a_waveform_that_was_given_may_change(talk: DiceTalk, hopper_picture: Picture, speech: Path) -> None:
    found = read_sound(speech)
    given = Sound(found.path, found.rate, found.channels, found.waveform.copy())
    video, before = talk(hopper_picture, given, size=64), found.waveform
    given.waveform[:] = 0
    np.testing.assert_array_equal(video.conditions.speech.waveform, before)
