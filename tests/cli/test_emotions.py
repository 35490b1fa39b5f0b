"""The vocabulary as it is listed; the lists of own emotions are tested in tests/emotion/test_own.py."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from command_line import dicetalk

from dicetalk.media import read_picture


def test_emotions_lists_the_vocabulary(capsys: pytest.CaptureFixture[str]) -> None:
    assert dicetalk("emotions") == 0
    table = capsys.readouterr().out
    assert dicetalk("emotions", "--json") == 0
    listed = json.loads(capsys.readouterr().out)["emotions"]
    assert len(listed) == 8
    assert listed[5] == {
        "name": "happy",
        "aliases": ["happiness", "joy", "joyful", "glad"],
        "valence": 0.9,
        "arousal": 0.4,
    }
    assert all(entry["name"] in table for entry in listed)


def test_a_file_that_cannot_be_read(capsys: pytest.CaptureFixture[str]) -> None:
    assert dicetalk("emotions", "none.safetensors") == 2
    out, err = capsys.readouterr()
    assert out == "" and err.startswith("error: none.safetensors cannot be opened") and err.count("\n") == 1


def test_the_wheel_is_drawn_with_any_mixture(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    plain, mixed = tmp_path / "plain.png", tmp_path / "mixed.png"
    assert dicetalk("emotions", "--wheel", str(plain)) == 0
    assert dicetalk("emotions", "--wheel", str(mixed), "-e", "happy:0.5,surprised:0.3", "-e", "sad") == 0
    assert capsys.readouterr().out == ""
    assert read_picture(mixed).shape[0] > read_picture(plain).shape[0] > 1000


@pytest.mark.parametrize(
    ("given", "told"),
    [
        (["-e", "happy"], "add --wheel"),
        (["--wheel", "{}/w.txt"], "w.txt"),
        (["--wheel", "{}/w.png", "-e", "hapy"], "did you mean 'happy'"),
        (["--wheel", "{}/none/w.png"], "none"),
    ],
)
def test_a_wheel_that_cannot_be_drawn(
    given: list[str], told: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    assert dicetalk("emotions", *(text.format(tmp_path) for text in given)) == 2
    assert told in capsys.readouterr().err
    assert not list(tmp_path.iterdir())
