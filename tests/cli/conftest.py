"""Where commands are typed."""

from __future__ import annotations

from pathlib import Path

import pytest


@pytest.fixture
def desk(tmp_path: Path, hopper: Path, speech: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A folder to work in, with a portrait and a speech in it."""
    (tmp_path / "face.jpg").symlink_to(hopper)
    (tmp_path / "speech.wav").symlink_to(speech)
    monkeypatch.chdir(tmp_path)
    return tmp_path
