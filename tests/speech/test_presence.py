"""Too little speech, noise and music tell no mood, and are told as what they are."""

from __future__ import annotations

import re

import numpy as np
import pytest
from speech_like import noise

from dicetalk.data.voices import in_room, with_noise
from dicetalk.media import Waveform
from dicetalk.rates import SPEECH_RATE
from dicetalk.speech import listen
from dicetalk.speech.presence import lacks_speech
from dicetalk.speech.rows import speech_rows


def lack(waveform: Waveform) -> str:
    return lacks_speech(speech_rows(waveform, listen(waveform)))


def chords(seconds: float) -> Waveform:
    """A piece of four chords, struck twice a second."""
    times = np.arange(round(seconds * SPEECH_RATE)) / SPEECH_RATE
    chord = (times // 1 % 4).astype(int)
    roots = np.array([220.0, 174.6, 261.6, 196.0])[chord]
    tones = sum(np.sin(2 * np.pi * roots * ratio * times) / n for ratio in (1, 1.25, 1.5) for n in (1, 2, 3))
    return np.round(2500 * tones * np.exp(-4 * (times % 0.5))).astype(np.int16)


def test_speech_is_speech(voice: Waveform) -> None:
    assert lack(voice) == lack(voice[SPEECH_RATE : 3 * SPEECH_RATE]) == ""
    rng = np.random.default_rng(0)
    far = in_room(with_noise(voice[: 4 * SPEECH_RATE].astype(np.float64), rng), rng)
    assert lack(np.clip(far, -32768, 32767).astype(np.int16)) == ""


@pytest.mark.parametrize("seconds", [0.2, 0.5, 0.9])
def test_too_little_says_how_much_there_is(voice: Waveform, seconds: float) -> None:
    start = round(0.85 * SPEECH_RATE)
    said = lack(voice[start : start + round(seconds * SPEECH_RATE)])
    found = re.fullmatch(r"(\d\.\d) s of speech, which is too little \(from 1 s on it tells a mood\)", said)
    assert found is not None and seconds - 0.15 <= float(found[1]) <= seconds


def test_silence_is_no_speech() -> None:
    assert lack(np.zeros(3 * SPEECH_RATE, np.int16)).startswith("0.0 s of speech")


@pytest.mark.parametrize("what", ["white noise", "soft noise", "chords"])
def test_noise_and_music_are_no_speech(what: str) -> None:
    sound = {"white noise": noise(3, 6000), "soft noise": noise(3, 60), "chords": chords(4)}[what]
    assert lack(sound) == "it sounds like noise or music, not like speech"
