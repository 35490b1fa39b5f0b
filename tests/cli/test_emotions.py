"""The vocabulary as it is listed; the lists of own emotions are tested in tests/emotion/test_own.py."""

from __future__ import annotations

import json

import pytest
from command_line import dicetalk


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
