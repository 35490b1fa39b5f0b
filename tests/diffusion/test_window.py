"""Windows: noise belongs to frames, speech is told in the same columns whatever its level."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pytest

from dicetalk.assets import speech as demo
from dicetalk.diffusion.window import SPEECH, noise, speech_columns
from dicetalk.media import read_sound
from dicetalk.speech import Speech, listen
from dicetalk.speech.broad import PHONES


@pytest.fixture(scope="module")
def heard() -> Speech:
    return listen(read_sound(demo()).waveform[: 16000 * 3])


@pytest.mark.parametrize("first", [-25, -3, 0, 49, 50, 1234])
def test_noise_is_that_of_the_frames_whatever_window_asks(first: int) -> None:
    whole = noise(7, -50, 1500)
    np.testing.assert_array_equal(noise(7, first, 80), whole[first + 50 : first + 130])
    assert not np.array_equal(noise(8, first, 80), noise(7, first, 80))


def test_noise_is_standard() -> None:
    drawn = noise(0, 0, 5000)
    assert abs(drawn.mean()) < 0.01 and abs(drawn.std() - 1) < 0.01


def test_speech_is_told_in_bounded_columns(heard: Speech) -> None:
    columns = speech_columns(heard)
    assert columns.shape == (heard.frames, SPEECH)
    assert columns.dtype == np.float32 and np.abs(columns).max() < 5


def test_both_halves_of_a_frame_are_told(heard: Speech) -> None:
    phones = np.zeros((heard.frames * 4, len(PHONES)), np.float32)
    phones[:, 0] = 1
    phones[2:4] = np.eye(len(PHONES), dtype=np.float32)[1]
    columns = speech_columns(replace(heard, phones=phones))
    assert columns[0, 0] == 1 and columns[0, 1] == 0
    assert columns[0, len(PHONES)] == 0 and columns[0, len(PHONES) + 1] == 1


def test_level_does_not_matter(heard: Speech) -> None:
    louder = replace(heard, log_mel=heard.log_mel + 3)
    np.testing.assert_allclose(speech_columns(louder), speech_columns(heard), atol=1e-4)


def test_silence_alone_is_told_as_well(heard: Speech) -> None:
    silent = replace(heard, silence=np.ones_like(heard.silence), pitch=np.zeros_like(heard.pitch))
    assert np.isfinite(speech_columns(silent)).all()
