"""Speech as it comes: in whatever portions the same, at whatever level nearly so, and in time with what rules hear."""

from __future__ import annotations

import numpy as np
import pytest

from dicetalk.arrays import Float32
from dicetalk.media import Waveform, frame_count
from dicetalk.speech import listen
from dicetalk.speech.phonetics import LOOK_AHEAD
from dicetalk.speech.stream import BLOCK_SAMPLES, PHONE_COLUMNS, SPEECH, SpeechStream, hear_rows


@pytest.fixture(scope="module")
def rows(voice: Waveform) -> Float32:
    return np.concatenate(list(hear_rows(voice)))


def test_a_row_for_every_frame(voice: Waveform, rows: Float32) -> None:
    assert rows.shape == (frame_count(len(voice)), SPEECH)
    assert np.isfinite(rows).all() and np.abs(rows).max() < 5
    assert len(np.concatenate(list(hear_rows(voice, 7)))) == len(rows) + 7


@pytest.mark.parametrize("seed", [0, 1])
def test_portions_do_not_matter(voice: Waveform, rows: Float32, seed: int) -> None:
    drawn, stream, sound = np.random.default_rng(seed), SpeechStream(), np.pad(voice.astype(np.float32), (0, 8000))
    heard, start = [], 0
    while start < len(sound):
        count = int(drawn.integers(1, 5000))
        heard.append(stream.hear(sound[start : start + count]))
        start += count
    np.testing.assert_array_equal(np.concatenate(heard)[: len(rows)], rows)


def test_rows_come_in_time(voice: Waveform) -> None:
    stream, known, told = SpeechStream(), 0, 0
    for start in range(0, len(voice), BLOCK_SAMPLES):
        known += BLOCK_SAMPLES
        told += len(stream.hear(voice[start : start + BLOCK_SAMPLES].astype(np.float32)))
        assert known - told * 640 <= LOOK_AHEAD + 640 + BLOCK_SAMPLES


def test_a_row_knows_nothing_of_what_comes_later(voice: Waveform, rows: Float32) -> None:
    cut = np.concatenate(list(hear_rows(voice[: 16000 * 4])))
    early = 100 - -(-LOOK_AHEAD // 640) - 1
    np.testing.assert_array_equal(cut[:early], rows[:early])


def test_phones_are_those_that_rules_hear(voice: Waveform, rows: Float32) -> None:
    speech = listen(voice)
    halves = speech.phones.reshape(speech.frames, 2, 2, -1).mean(2)
    told = rows[:, : PHONE_COLUMNS - 1].reshape(len(rows), 2, -1)[..., :-1]
    assert np.abs(told - halves)[~speech.silence].mean() < 0.01
    pitched, level = rows[:, PHONE_COLUMNS + 2] > 0, rows[:, PHONE_COLUMNS]
    assert ((speech.pitch > 0) == pitched).mean() > 0.97
    assert np.corrcoef(level, speech.loudness)[0, 1] > 0.8


def test_level_matters_little(voice: Waveform, rows: Float32) -> None:
    soft = np.concatenate(list(hear_rows((voice // 8).astype(np.int16))))
    assert np.abs(soft - rows).mean() < 0.02


def test_silence_is_heard_as_such() -> None:
    rows = np.concatenate(list(hear_rows(np.zeros(16000, np.int16))))
    assert rows.shape == (25, SPEECH) and np.isfinite(rows).all()
    assert rows[:, 0].min() > 0.5
