"""The public surface, pinned: whoever changes it changes this file, the docs and the changelog."""

from __future__ import annotations

import dataclasses
import inspect
import subprocess
import sys

import pytest

import dicetalk
from dicetalk import errors

NAMES = [
    "CheckpointError",
    "ConfigError",
    "DiceTalk",
    "DiceTalkError",
    "EmotionError",
    "Feeling",
    "InputError",
    "LiveVideo",
    "MediaError",
    "MissingExtraError",
    "NoFaceError",
    "Speaker",
    "SvdOptions",
    "Timeline",
    "Video",
    "load",
    "mix",
]


def test_the_public_names() -> None:
    assert dicetalk.__all__ == NAMES
    assert dir(dicetalk) == NAMES
    for name in NAMES:
        assert getattr(dicetalk, name).__name__ == name
        assert getattr(dicetalk, name).__doc__


def test_an_unknown_name_is_no_attribute() -> None:
    with pytest.raises(AttributeError, match="no attribute 'generate'"):
        _ = dicetalk.generate


def test_what_a_talk_takes() -> None:
    parameters = inspect.signature(dicetalk.DiceTalk.__call__).parameters
    controls = {"head": 1.0, "blink": 1.0, "gaze": None, "fps": 25, "ease": False, "idle": None, "motion_in": None}
    usual: dict[str, object] = {"emotion": "neutral", "as_strong_as": None, "seed": 0, "face": None, "size": 1024}
    usual |= {"crop": False, "channel": None, "anyway": False, **controls, "speakers": (), "voice_emotion": None}
    assert list(parameters) == ["self", "portrait", "speech", *usual]
    assert [p.name for p in parameters.values() if p.kind is p.KEYWORD_ONLY] == [*parameters][3:]
    defaults = {p.name: p.default for p in parameters.values() if p.kind is p.KEYWORD_ONLY}
    assert defaults == usual


def test_how_a_talk_is_kept() -> None:
    for name, taken in (("from_pretrained", ["name", "options"]), ("save_pretrained", ["self", "folder"])):
        assert list(inspect.signature(getattr(dicetalk.DiceTalk, name)).parameters) == taken


def test_what_a_live_talk_takes() -> None:
    parameters = inspect.signature(dicetalk.DiceTalk.live).parameters
    usual = {"emotion": "neutral", "as_strong_as": None, "fade": 0.6, "rate": 16_000, "patience": None, "seed": 0}
    usual |= {"face": None, "size": 1024, "crop": False, "anyway": False}
    usual |= {"head": 1.0, "blink": 1.0, "gaze": None, "wanted": None}
    assert list(parameters) == ["self", "portrait", "sounds", *usual]
    assert {p.name: p.default for p in parameters.values() if p.kind is p.KEYWORD_ONLY} == usual


def test_what_a_live_video_offers() -> None:
    public = {name for name in vars(dicetalk.LiveVideo) if not name.startswith("_")}
    assert {"hear", "finish", "close", "emotion", "warnings", "fps", "width", "height", "frames", "filled"} <= public
    fields = {field.name for field in dataclasses.fields(dicetalk.LiveVideo) if not field.name.startswith("_")}
    told = {"sitting", "speaking", "feelings", "portions", "sounds", "patience", "behind", "seen"}
    assert fields == {*told, "frames", "filled"}


def test_what_load_takes() -> None:
    parameters = inspect.signature(dicetalk.load).parameters
    assert {p.name: p.default for p in parameters.values()} == {"name": "rules", "options": None}
    with pytest.raises(dicetalk.ConfigError, match="the rules backbone has none"):
        dicetalk.load("rules", dicetalk.SvdOptions(preset="fast"))


def test_what_a_video_offers() -> None:
    public = {name for name in vars(dicetalk.Video) if not name.startswith("_")}
    fields = {field.name for field in dataclasses.fields(dicetalk.Video)}
    assert fields == {
        "conditions",
        "backbone",
        "sound",
        "heard",
        "warnings",
        "others",
        "others_heard",
        "inputs",
        "voice",
    }
    shape = {"frames", "fps", "width", "height", "seconds", "has_alpha"}
    assert public == {*shape, "warnings", "others", "others_heard", "voice", "origin", "stream", "save", "save_motion"}
    told = (("stream", ["watch", "alpha"]), ("save", ["progress", "watch", "replace", "quality", "marks", "growing"]))
    for name, keywords in told:
        parameters = inspect.signature(getattr(dicetalk.Video, name)).parameters.values()
        assert [p.name for p in parameters if p.kind is p.KEYWORD_ONLY] == keywords


def test_what_a_feeling_and_a_timeline_hold() -> None:
    held = {field.name for field in dataclasses.fields(dicetalk.Feeling)}
    assert held == {"weights", "intensity", "confidence", "why", "prior", "space"}
    assert {field.name for field in dataclasses.fields(dicetalk.Timeline)} == {"keys", "fade", "lacks", "warnings"}


def test_the_tree_of_errors() -> None:
    tree = {
        "InputError": "DiceTalkError",
        "MediaError": "InputError",
        "TooLargeError": "MediaError",
        "NoFaceError": "InputError",
        "EmotionError": "InputError",
        "ConfigError": "DiceTalkError",
        "CheckpointError": "DiceTalkError",
        "MissingExtraError": "DiceTalkError",
    }
    raised = {name: value for name, value in vars(errors).items() if inspect.isclass(value)}
    assert {name: value.__bases__[0].__name__ for name, value in raised.items()} == {
        "DiceTalkError": "Exception",
        **tree,
    }
    assert all(name in (errors.__doc__ or "") for name in raised)


def test_importing_is_light_and_silent() -> None:
    program = "import sys, dicetalk; print(*sorted({name.partition('.')[0] for name in sys.modules}))"
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=True)
    heavy = {"numpy", "cv2", "av", "onnxruntime", "numba", "scipy", "PIL", "torch", "rich", "click"}
    assert heavy.isdisjoint(done.stdout.split())
    assert done.stderr == ""
