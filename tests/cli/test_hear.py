"""`dicetalk hear`: a row every 10 ms, and a picture."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from click.testing import CliRunner
from scipy.io import wavfile

from dicetalk.cli import cli
from dicetalk.errors import MediaError
from dicetalk.media import Waveform
from dicetalk.rates import SPEECH_RATE
from dicetalk.speech.broad import PHONES


@pytest.fixture
def clip(voice: Waveform, tmp_path: Path) -> Path:
    path = tmp_path / "a.wav"
    wavfile.write(path, SPEECH_RATE, voice[:SPEECH_RATE])
    return path


def hear(*words: object) -> str:
    return CliRunner().invoke(cli, ["hear", *(str(word) for word in words)], catch_exceptions=False).output


def test_a_row_every_10_ms(clip: Path, tmp_path: Path) -> None:
    out = tmp_path / "mouth.csv"
    assert "100 rows of 10 ms" in hear(clip, "-o", out)
    with out.open(newline="") as file:
        header, *rows = csv.reader(file)
    assert header == ["time", *PHONES, "voicing", "opening"] and len(rows) == 100
    assert [rows[0][0], rows[1][0], rows[-1][0]] == ["0.00", "0.01", "0.99"]
    for row in rows:
        assert sum(map(float, row[1:25])) == pytest.approx(1, abs=2e-3)
        assert all(0 <= float(value) <= 1 for value in row[1:])
    assert not (tmp_path / "mouth.png").exists()


def test_a_picture_beside_it(clip: Path, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    assert hear(clip, "-o", tmp_path / "mouth.csv", "--plot", "--quiet") == ""
    assert (tmp_path / "mouth.png").read_bytes().startswith(b"\x89PNG")


def test_no_picture_is_replaced_whose_name_was_not_given(clip: Path, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    table, picture = tmp_path / "face.csv", tmp_path / "face.png"
    picture.write_bytes(b"a portrait")
    with pytest.raises(MediaError, match="--force"):
        hear(clip, "-o", table, "--plot")
    assert picture.read_bytes() == b"a portrait" and not table.exists()
    hear(clip, "-o", table, "--plot", "--force")
    assert picture.read_bytes().startswith(b"\x89PNG")


def test_only_tables(clip: Path, tmp_path: Path) -> None:
    with pytest.raises(MediaError, match=r"\.csv"):
        hear(clip, "-o", tmp_path / "mouth.json")
