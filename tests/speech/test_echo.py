"""Echoes are found, and taken out; what has none stays as it is, to the bit."""

from __future__ import annotations

import numpy as np
import pytest
from places import SHARED
from speech_like import SPEECH, noise, real, tone

from dicetalk import assets
from dicetalk.data.voices import in_room
from dicetalk.media import Waveform, read_sound
from dicetalk.rates import SPEECH_RATE
from dicetalk.speech import listen
from dicetalk.speech.broad import closures
from dicetalk.speech.echo import find_echoes, without_echoes

KINDS = {
    "wall": ([60, 120, 200], [0.5, 0.4, 0.3]),
    "near": ([40], [0.4]),
    "far": ([1000], [0.3]),
    "many": ([30, 55, 77, 110, 140], [0.4, 0.35, 0.3, 0.25, 0.2]),
    "turned over": ([90], [-0.5]),
}


def demo() -> Waveform:
    return read_sound(assets.speech()).waveform


def echoed(wave: Waveform, delays: list[int], strengths: list[float]) -> Waveform:
    """A clip with echoes after `delays` [ms], as shares of 0.8 of the direct sound."""
    sound = np.pad(wave.astype(np.float64), (0, max(delays) * 16))
    late = sum(strength * np.roll(sound, delay * 16) for delay, strength in zip(delays, strengths, strict=True))
    return np.clip(np.round(0.7 * (0.8 * sound + late)), -32768, 32767).astype(np.int16)


def purity(wave: Waveform, dry: Waveform) -> float:
    """How far what is not the dry sound lies below it [dB]."""
    sound, heard = dry.astype(np.float64), wave[: len(dry)].astype(np.float64)
    direct = sound * (heard @ sound) / (sound @ sound)
    return float(10 * np.log10((direct @ direct) / ((heard - direct) @ (heard - direct))))


@pytest.mark.parametrize("kind", KINDS)
def test_echoes_are_taken_out(kind: str) -> None:
    dry = demo()
    wave = echoed(dry, *KINDS[kind])
    inverse = find_echoes(wave)
    assert inverse is not None
    assert purity(without_echoes(wave, 0, len(wave), inverse), dry) > purity(wave, dry) + 4


def test_the_same_in_whatever_blocks() -> None:
    wave = echoed(demo(), *KINDS["wall"])
    inverse = find_echoes(wave)
    whole = without_echoes(wave, 0, len(wave), inverse)
    parts = [without_echoes(wave, start, start + 50_000, inverse) for start in range(0, len(wave), 50_000)]
    assert np.abs(np.concatenate(parts).astype(int) - whole).max() <= 1


@pytest.mark.parametrize(
    "wave",
    [
        np.zeros(1, np.int16),
        np.zeros(SPEECH_RATE, np.int16),
        noise(0.1, 50),
        noise(5, 500),
        tone(440, 5),
        tone(110, 5, harmonics=20),
        np.tile(noise(0.5, 3000), 10),
    ],
    ids=["sample", "silence", "short", "noise", "tone", "voice", "loop"],
)
def test_no_echo_where_there_is_none(wave: Waveform) -> None:
    assert find_echoes(wave) is None


@pytest.mark.parametrize("seed", range(4))
def test_a_room_that_rings_has_no_echo_of_its_own(seed: int) -> None:
    sound = in_room(demo().astype(np.float64), np.random.default_rng(seed))
    assert find_echoes(np.clip(sound, -32768, 32767).astype(np.int16)) is None


def test_dry_speech_is_left_as_it_is() -> None:
    dry = demo()
    assert find_echoes(dry) is None
    assert without_echoes(dry, 100, 5000, None).tobytes() == dry[100:5000].tobytes()


def test_dry_speech_of_many_recordings() -> None:
    real("eng.wav")
    for path in sorted(SPEECH.glob("*.wav")) + sorted((SHARED / "data/ravdess").glob("*.ogg"))[:20]:
        assert find_echoes(read_sound(path).waveform) is None, path.name


def test_lips_shut_in_an_echo_as_without() -> None:
    dry = demo()
    wave = echoed(dry, *KINDS["wall"])
    assert _closures(dry, wave) > len(_lips(dry)) / 2


def _closures(dry: Waveform, wave: Waveform) -> int:
    """How many closures of the lips in a dry clip are heard within 0.08 s in another copy of it."""
    heard = np.array(_lips(wave))
    return sum(bool((np.abs(heard - time) <= 0.08).any()) for time in _lips(dry))


def _lips(wave: Waveform) -> list[float]:
    return [(start + stop) / 200 for start, stop in closures(listen(wave).phones)]
