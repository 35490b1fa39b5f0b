"""Tones, noise and syllables that tests listen to, and real speech where it is at hand."""

from __future__ import annotations

import numpy as np
import pytest
from places import SHARED

from dicetalk.media import Waveform, read_sound
from dicetalk.rates import SPEECH_RATE
from dicetalk.speech import Speech

SPEECH = SHARED / "data/speech"


def tone(hertz: float, seconds: float, amplitude: float = 8000, harmonics: int = 1) -> Waveform:
    time = np.arange(round(seconds * SPEECH_RATE)) / SPEECH_RATE
    wave = sum(np.sin(2 * np.pi * hertz * k * time) / k for k in range(1, harmonics + 1))
    return (amplitude * wave / np.abs(wave).max()).astype(np.int16)


def noise(seconds: float, amplitude: float, seed: int = 0) -> Waveform:
    random = np.random.default_rng(seed)
    return (amplitude * random.standard_normal(round(seconds * SPEECH_RATE))).astype(np.int16)


def speechlike(seconds: float, seed: int = 0) -> Waveform:
    """Buzzing syllables of 0.2 s with changing pitch and short gaps."""
    random = np.random.default_rng(seed)
    syllables = [
        np.concatenate([tone(random.uniform(90, 200), 0.2, 9000, harmonics=12), noise(0.06, 40, seed + i)])
        for i in range(round(seconds / 0.26) + 1)
    ]
    return np.concatenate(syllables)[: round(seconds * SPEECH_RATE)]


def real(name: str) -> Waveform:
    if not (SPEECH / name).exists():
        pytest.skip("shared speech is not on this machine")
    return read_sound(SPEECH / name).waveform


def assert_tiled(speech: Speech) -> None:
    """Phones cover all rows; their shares sum to 1."""
    assert speech.phones.shape == (4 * speech.frames, 24)
    np.testing.assert_allclose(speech.phones.sum(axis=1), 1, atol=1e-4)
