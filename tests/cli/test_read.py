"""`dicetalk read`: which emotion a voice tells over time, and how strongly."""

from __future__ import annotations

import csv
import json
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner, Result
from scipy.io import wavfile
from speech_like import tone

from dicetalk.cli import cli
from dicetalk.emotion.vocabulary import HEARD
from dicetalk.errors import ConfigError, MediaError
from dicetalk.media import Waveform
from dicetalk.rates import SPEECH_RATE
from dicetalk.voice.reading import HEADER


@pytest.fixture
def clip(voice: Waveform, tmp_path: Path) -> Path:
    """Four seconds of speech."""
    path = tmp_path / "voice.wav"
    wavfile.write(path, SPEECH_RATE, voice[: 4 * SPEECH_RATE])
    return path


def read(*words: object) -> Result:
    return CliRunner().invoke(cli, ["read", *(str(word) for word in words)], catch_exceptions=False)


def test_a_table_with_a_row_a_window(clip: Path) -> None:
    rows = [line.split() for line in read(clip).output.splitlines() if line.strip()[:1].isdigit()]
    assert [row[0] for row in rows] == ["0.0", "1.0"]
    assert all(row[1] in HEARD for row in rows)


def test_json_and_the_table_tell_the_same(clip: Path, tmp_path: Path) -> None:
    out = tmp_path / "course.csv"
    told = json.loads(read(clip, "--json", "-o", out, "--window", 2, "--hop", 0.5).output)
    with out.open(newline="") as file:
        header, *rows = csv.reader(file)
    assert tuple(header) == HEADER and told["warnings"] == []
    assert [one["start"] for one in told["windows"]] == [float(row[0]) for row in rows] == [0, 0.5, 1, 1.5, 2]
    for one, row in zip(told["windows"], rows, strict=True):
        if one["heard"] is None:
            assert one["lack"] and row[2] == ""
            continue
        assert sum(one["shares"].values()) == pytest.approx(1, abs=0.01)
        assert one["strength"] == one["strengths"][one["heard"]] == pytest.approx(float(row[4]), abs=1e-3)
        assert row[2] == one["heard"] == max(one["shares"], key=one["shares"].__getitem__)


def test_a_picture(clip: Path, tmp_path: Path) -> None:
    pytest.importorskip("matplotlib")
    read(clip, "--plot", tmp_path / "course.png")
    assert (tmp_path / "course.png").read_bytes().startswith(b"\x89PNG")


def test_music_and_silence_within_are_no_voice(voice: Waveform, tmp_path: Path) -> None:
    pause, music = np.zeros(3 * SPEECH_RATE, np.int16), tone(220, 3.0, harmonics=5)
    wavfile.write(tmp_path / "a.wav", SPEECH_RATE, np.concatenate([pause, music, voice[: 3 * SPEECH_RATE]]))
    silence, played, said = json.loads(read(tmp_path / "a.wav", "--json", "--hop", 3).output)["windows"]
    assert silence["lack"] == "no voice is heard" and silence["heard"] is None and silence["strength"] == 0
    assert "music" in played["lack"] and played["heard"] is None and played["strengths"] == {}
    assert said["lack"] == "" and said["heard"] in HEARD


def test_nothing_but_silence_is_refused(tmp_path: Path) -> None:
    wavfile.write(tmp_path / "a.wav", SPEECH_RATE, np.zeros(SPEECH_RATE, np.int16))
    with pytest.raises(MediaError, match="silent"):
        read(tmp_path / "a.wav")


def test_a_fifth_of_a_second_says_that_it_is_too_little(voice: Waveform, tmp_path: Path) -> None:
    wavfile.write(tmp_path / "a.wav", SPEECH_RATE, voice[SPEECH_RATE : SPEECH_RATE + 3300])
    (window,) = json.loads(read(tmp_path / "a.wav", "--json").output)["windows"]
    assert window["heard"] is None and window["lack"]


def test_wrong_outputs_and_lengths_are_told_before_anything_is_heard(clip: Path, tmp_path: Path) -> None:
    with pytest.raises(MediaError, match=r"\.csv"):
        read(clip, "-o", tmp_path / "course.json")
    with pytest.raises(ConfigError, match=r"0\.1 to 3600 s"):
        read(clip, "--hop", "0")


def test_what_is_cut_off_is_told(voice: Waveform, tmp_path: Path) -> None:
    path, loud = tmp_path / "loud.wav", voice[: 2 * SPEECH_RATE].astype(np.float64) * 100
    wavfile.write(path, SPEECH_RATE, np.clip(loud, -32768, 32767).astype(np.int16))
    told = json.loads(CliRunner().invoke(cli, ["read", str(path), "--json"], catch_exceptions=False).stdout)
    assert [warning for warning in told["warnings"] if "cut off at full scale" in warning]
