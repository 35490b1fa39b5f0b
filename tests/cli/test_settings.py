"""Settings of the page on the command line."""

from __future__ import annotations

import hashlib
import json
import shutil
from pathlib import Path
from typing import Any

import pytest
from command_line import dicetalk

MOOD = {"keys": [{"time": 0, "emotion": "sad:0.5"}, {"time": 0.5, "emotion": {"happy": 0.4}}]}


def _settings(folder: Path, portrait: Path, speech: Path, **fields: Any) -> str:
    files = {}
    for what, path in (("portrait", portrait), ("speech", speech)):
        shutil.copy(path, folder)
        files[what] = {"name": path.name, "sha256": hashlib.sha256(path.read_bytes()).hexdigest()}
    (folder / "settings.json").write_text(json.dumps({"dicetalk_settings": 1, "files": files, **fields}))
    return str(folder / "settings.json")


def test_they_stand_in_for_all_that_is_not_typed(
    hopper: Path, speech: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = _settings(tmp_path, hopper, speech, emotion=MOOD, seed=7, size=64, crop=True, blink=0.5, quality=40)
    assert dicetalk("generate", "--settings", path, "--seed", "3", "-o", str(tmp_path / "out.mp4"), "--json") == 0
    told = json.loads(capsys.readouterr().out)
    assert told["seed"] == 3 and told["width"] == 64
    assert [key["emotion"] for key in told["heard"]["keys"]] == [{"sad": 0.5}, {"happy": 0.4}]


def test_another_file_of_the_name_is_refused_unless_it_is_typed(
    hopper: Path, speech: Path, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = _settings(tmp_path, hopper, speech, size=64, crop=True)
    shutil.copy(speech, tmp_path / hopper.name)
    assert dicetalk("generate", "--settings", path, "-o", str(tmp_path / "out.mp4")) == 2
    assert "hopper.jpg is another file than the portrait" in capsys.readouterr().err
    (tmp_path / hopper.name).unlink()
    assert dicetalk("generate", "--settings", path, "-o", str(tmp_path / "out.mp4")) == 2
    assert "is not beside them" in capsys.readouterr().err
    assert dicetalk("generate", "--settings", path, str(hopper), "-o", str(tmp_path / "out.mp4")) == 0


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("nothing", ".json: this is no JSON"),
        (r'{"a": "\ud800"}', ".json: a text holds half a character"),
        ("[1]", "holds no settings"),
        ("{}", "holds no settings"),
        ('{"dicetalk_settings": 2}', "another version"),
        ('{"dicetalk_settings": 1, "sead": 7}', "no field 'sead'"),
        ('{"dicetalk_settings": 1, "consent": "me"}', "no field 'consent'"),
        ('{"dicetalk_settings": 1, "seed": "7"}', "expected a whole number"),
        ('{"dicetalk_settings": 1, "emotion": 3}', "expected text or an object"),
        ('{"dicetalk_settings": 1, "options": []}', "expected an object"),
        ('{"dicetalk_settings": 1, "files": []}', "expected an object"),
        ('{"dicetalk_settings": 1, "files": {"voice": {}}}', "no file 'voice'"),
        ('{"dicetalk_settings": 1, "files": {"speech": {"name": "../a.wav", "sha256": "0"}}}', "the speech of"),
        ('{"dicetalk_settings": 1, "emotion": "like:file"}', "none came with it"),
    ],
)
def test_what_is_wrong_is_told_in_one_line(
    text: str, why: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "settings.json").write_text(text)
    assert dicetalk("generate", "--settings", str(tmp_path / "settings.json")) == 2
    told = capsys.readouterr().err
    assert why in told and told.count("\n") == 1
