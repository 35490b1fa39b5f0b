"""The pitch of tones and voices is found; what has none gets none."""

from __future__ import annotations

import numpy as np
import pytest
from speech_like import noise, real, tone

from dicetalk.rates import SPEECH_RATE
from dicetalk.speech import listen


@pytest.mark.parametrize("hertz", [62, 80, 110, 170, 220, 330, 440, 495])
@pytest.mark.parametrize("harmonics", [1, 10])
def test_pitch_of_tones(hertz: float, harmonics: int) -> None:
    # A steady tone has no floor to tell it from: silence around it makes one.
    speech = listen(np.concatenate([noise(0.5, 2), tone(hertz, 1, harmonics=harmonics), noise(0.5, 2)]))
    middle = slice(14, 36)
    np.testing.assert_allclose(speech.pitch[middle], hertz, rtol=0.02)
    assert speech.voicing[middle].min() > 0.9


def test_pitch_without_fundamental() -> None:
    time = np.arange(SPEECH_RATE) / SPEECH_RATE
    wave = np.sum([np.sin(2 * np.pi * 120 * k * time) for k in (3, 4, 5, 6)], axis=0)
    np.testing.assert_allclose(listen((3000 * wave).astype(np.int16)).pitch[3:-3], 120, rtol=0.02)


def test_pitch_in_noise() -> None:
    wave = tone(150, 2, 8000, harmonics=10) + noise(2, 800)
    pitch = listen(wave).pitch[3:-3]
    assert (np.abs(pitch / 150 - 1) < 0.02).mean() > 0.9


def test_pitch_follows_a_glide() -> None:
    time = np.arange(2 * SPEECH_RATE) / SPEECH_RATE
    hertz = 100 * 2 ** (time / 2)
    phase = 2 * np.pi * np.cumsum(hertz) / SPEECH_RATE
    wave = (5000 * (np.sin(phase) + 0.6 * np.sin(2 * phase))).astype(np.int16)
    speech = listen(wave)
    expected = 100 * 2 ** (speech.times / 2)
    np.testing.assert_allclose(speech.pitch[3:-3], expected[3:-3], rtol=0.02)


def test_noise_has_no_pitch() -> None:
    assert (listen(noise(2, 2000)).pitch > 0).mean() < 0.05


@pytest.mark.parametrize(
    ("name", "low", "high"),
    [("acknowledgement_english.m4a", 85, 160), ("German1.wav", 180, 290), ("imagine.wav", 230, 450)],
)
def test_pitch_of_real_voices(name: str, low: float, high: float) -> None:
    pitch = listen(real(name)).pitch
    assert ((pitch[pitch > 0] > low) & (pitch[pitch > 0] < high)).mean() > 0.9
