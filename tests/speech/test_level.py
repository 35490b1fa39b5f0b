"""Loudness follows the speech and not the recording; pauses are found over any noise."""

from __future__ import annotations

import numpy as np
import pytest
from speech_like import noise, real, speechlike, tone

from dicetalk.arrays import Bool
from dicetalk.rates import SPEECH_RATE
from dicetalk.speech import listen
from dicetalk.speech.broad import SILENCE


def test_loudness_does_not_depend_on_the_recording_level() -> None:
    wave = speechlike(3)
    loud, quiet = listen(wave), listen((wave / 20).astype(np.int16))
    np.testing.assert_allclose(quiet.loudness, loud.loudness, atol=0.05)
    assert 0.7 < np.percentile(loud.loudness, 90) < 1.2


def test_loudness_ignores_a_constant_offset() -> None:
    wave = speechlike(3)
    np.testing.assert_allclose(listen(wave + np.int16(3000)).loudness, listen(wave).loudness, atol=0.02)


@pytest.mark.parametrize("floor", [0, 3, 60, 600])
def test_pauses_are_found_over_any_noise_floor(floor: int) -> None:
    wave = np.concatenate([speechlike(1.5), np.zeros(SPEECH_RATE // 2, np.int16), speechlike(1.5, 7)])
    speech = listen(wave + noise(3.5, floor))
    times = speech.times
    assert speech.silence[(times > 1.57) & (times < 1.93)].all()
    assert speech.silence[(times < 1.45) | (times > 2.05)].mean() < 0.1


def test_pauses_beside_stretches_of_digital_silence() -> None:
    gap, room = np.zeros(SPEECH_RATE, np.int16), noise(1, 60)
    speech = listen(np.concatenate([gap, speechlike(2) + noise(2, 60), room, speechlike(2, 3) + noise(2, 60), gap]))
    times = speech.times
    assert speech.silence[(times > 3.1) & (times < 3.9)].all()
    assert speech.silence[(times < 0.9) | (times > 6.1)].all()
    assert speech.silence[(times > 1.1) & (times < 2.9)].mean() < 0.1


def test_short_gaps_are_no_pauses() -> None:
    def after_gap(seconds: float) -> Bool:
        wave = np.concatenate([tone(120, 1, 8000, 9), noise(seconds, 2), tone(120, 1, 8000, 9), noise(0.5, 2)])
        return listen(wave).silence[:48]

    assert not after_gap(0.07).any()
    assert after_gap(0.24).any()


def test_clicks_do_not_end_a_pause() -> None:
    wave = np.concatenate([tone(120, 1, 8000, 9), noise(1, 2), tone(120, 1, 8000, 9)])
    wave[24000:24080] = 9000
    assert listen(wave).silence[28:47].all()


def test_clipped_speech_keeps_its_pauses() -> None:
    wave = np.concatenate([speechlike(1), noise(0.5, 3), speechlike(1)])
    clipped = np.clip(wave.astype(np.int32) * 30, -32768, 32767).astype(np.int16)
    np.testing.assert_array_equal(listen(clipped).silence[27:35], True)
    assert listen(clipped).silence[:24].mean() < 0.1


def test_a_clip_of_zeros_is_silent() -> None:
    speech = listen(np.zeros(SPEECH_RATE, np.int16))
    assert speech.silence.all()
    assert not speech.loudness.any()
    assert (speech.phones[:, SILENCE] == 1).all()


@pytest.mark.parametrize("name", ["noisy_audio_meeting_snr_10.wav", "chinese_news.wav", "eng.wav", "japan1.wav"])
def test_pauses_of_real_speech(name: str) -> None:
    speech = listen(real(name))
    assert 0.05 < speech.silence.mean() < 0.5
    assert speech.loudness[speech.silence].mean() < 0.5 * speech.loudness[~speech.silence].mean()
