"""Two microphones: each voice is its own, whatever the other microphone hears of it."""

from __future__ import annotations

import numpy as np
import pytest

from dicetalk.media import Waveform
from dicetalk.rates import SPEECH_RATE
from dicetalk.speech.bleed import without_bleed


@pytest.fixture
def turns(voice: Waveform) -> tuple[Waveform, Waveform]:
    """One speaks for two seconds, then the other."""
    said = voice[int(0.8 * SPEECH_RATE) :][: 2 * SPEECH_RATE]
    still = np.zeros_like(said)
    return np.append(said, still), np.append(still, said)


def share(voice: Waveform, half: slice) -> float:
    return float(np.square(voice[half].astype(float)).sum())


FIRST, SECOND = slice(0, 2 * SPEECH_RATE - 2000), slice(2 * SPEECH_RATE + 2000, None)


@pytest.mark.parametrize("gain", [1.0, 0.3])
@pytest.mark.parametrize("bleed", [0.0, 0.03, 0.1])
def test_a_voice_keeps_its_turns_only(turns: tuple[Waveform, Waveform], bleed: float, gain: float) -> None:
    one, other = (turn.astype(float) for turn in turns)
    heard = [np.rint(one + bleed * other).astype(np.int16), np.rint(gain * (other + bleed * one)).astype(np.int16)]
    first, second = without_bleed(heard)
    assert share(first, FIRST) > 0.98 * share(heard[0], FIRST) and share(first, SECOND) < 0.02 * share(first, FIRST)
    assert share(second, SECOND) > 0.98 * share(heard[1], SECOND) and share(second, FIRST) < 0.02 * share(
        second, SECOND
    )


def test_who_only_hears_says_nothing(turns: tuple[Waveform, Waveform]) -> None:
    speaks, listens = without_bleed([turns[0], (turns[0] * 0.05).astype(np.int16)])
    np.testing.assert_array_equal(speaks, turns[0])
    assert share(listens, slice(None)) < 1e-3 * share(turns[0] // 20, slice(None))


def test_who_speak_at_once_both_speak(turns: tuple[Waveform, Waveform]) -> None:
    again = turns[0][::-1].copy()
    both = without_bleed([turns[0], np.roll(again, 2 * SPEECH_RATE)])
    assert share(both[0], FIRST) > 0.9 * share(turns[0], FIRST)


def test_silence_and_other_lengths() -> None:
    found = without_bleed([np.zeros(16_000, np.int16), np.zeros(16_050, np.int16)])
    assert [len(voice) for voice in found] == [16_000, 16_050] and not found[1].any()
