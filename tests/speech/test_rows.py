"""What a network hears: the same whatever the level, wherever the recording's zero lies, however long it is."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.io import wavfile
from speech_like import noise, tone

from dicetalk.arrays import Float32
from dicetalk.emotion.embedder import SPEECH_WIDTH
from dicetalk.media import Waveform, read_sound
from dicetalk.rates import SPEECH_RATE
from dicetalk.speech import frontend, listen
from dicetalk.speech.frontend import fitted, speech_embedding, whole_embedding
from dicetalk.speech.level import measure_level
from dicetalk.speech.rows import COLUMNS, speech_rows


def rows(waveform: Waveform) -> Float32:
    return speech_rows(waveform, listen(waveform))


def gained(waveform: Waveform, decibels: float) -> Waveform:
    return np.round(waveform * 10 ** (decibels / 20)).astype(np.int16)


@pytest.fixture(scope="module")
def short(voice: Waveform) -> Waveform:
    return voice[: 3 * SPEECH_RATE]


@pytest.fixture(scope="module")
def as_recorded(short: Waveform) -> Float32:
    return rows(short)


def test_columns(as_recorded: Float32, short: Waveform) -> None:
    assert as_recorded.shape == (75, len(COLUMNS)) == (75, SPEECH_WIDTH) and as_recorded.dtype == np.float32
    told = dict(zip(COLUMNS, as_recorded.T, strict=True))
    heard = listen(short)
    assert set(told["voiced"]) == set(told["silence"]) == {0.0, 1.0}
    np.testing.assert_array_equal(told["voiced"] > 0, heard.pitch > 0)
    assert np.median(told["pitch"][heard.pitch > 0]) == pytest.approx(0, abs=1e-6)  # the speaker's own
    assert not told["pitch"][heard.pitch == 0].any()
    assert told["loudness"].max() < 0.5 and told["loudness"].min() >= -3.0


def test_a_gain_changes_little(as_recorded: Float32, short: Waveform) -> None:
    """What is left are the steps of 16 bits, which are coarse for a recording at -50 dB."""
    spread = as_recorded.std(0) + 0.05
    for decibels in (-20, -6, 3):
        apart = np.abs(rows(gained(short, decibels)) - as_recorded) / spread
        assert np.median(apart) < 0.02 and apart.mean() < 0.1, decibels


def test_a_constant_part_changes_nothing(as_recorded: Float32, short: Waveform, tmp_path: Path) -> None:
    for constant in (5000, -9000):
        path = tmp_path / f"{constant}.wav"
        wavfile.write(path, SPEECH_RATE, (short // 2 + constant).astype(np.int16))
        moved = read_sound(path).waveform
        assert abs(moved.mean()) < 1
        apart = np.abs(rows(moved) - rows((short // 2 - 34).astype(np.int16))) / (as_recorded.std(0) + 0.05)
        assert np.median(apart) < 1e-3 and apart.mean() < 0.02


def test_a_silent_clip_and_one_without_voice() -> None:
    for waveform in (np.zeros(SPEECH_RATE, np.int16), noise(1.0, 500)):
        assert np.isfinite(rows(waveform)).all()


def test_one_row_for_two_frames_wherever_calls_are_cut(short: Waveform, monkeypatch: pytest.MonkeyPatch) -> None:
    level = measure_level(short)
    at_once = whole_embedding(short, level)
    assert at_once.shape == (38, 96)
    monkeypatch.setattr(frontend, "_AT_ONCE", 7)
    np.testing.assert_allclose(whole_embedding(short, level), at_once, atol=1e-3)
    assert whole_embedding(short[:1], level).shape == (1, 96)


def test_a_row_is_heard_from_around_its_time() -> None:
    """A click in the middle of a silent clip moves the rows within 0.4 s of it, and no others."""
    silent = noise(4.0, 3)
    click = silent.copy()
    click[2 * SPEECH_RATE : 2 * SPEECH_RATE + 800] = tone(400, 0.05, 2000)
    level = measure_level(click)
    moved = np.abs(whole_embedding(click, level) - whole_embedding(silent, level)).max(1) > 1e-3
    times = (np.flatnonzero(moved) + 0.5) * 0.08
    assert moved.any() and times.min() > 1.55 and times.max() < 2.5
    assert abs(times.mean() - 2.0) < 0.1


def test_what_tells_phones_apart_is_taken_out(short: Waveform) -> None:
    phones = fitted()["phones"]
    np.testing.assert_allclose(phones @ phones.T, np.eye(12), atol=1e-5)
    level = measure_level(short)
    left, whole = speech_embedding(short, level), whole_embedding(short, level)
    assert np.abs(left @ phones.T).max() < 1e-3 < np.abs(whole @ phones.T).max()
