"""Ranking machines learn from voices that strain: buzzes whose pitch and bright tones rise with strength."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from scipy.io import wavfile

from dicetalk.errors import ConfigError, InputError
from dicetalk.media import Waveform
from dicetalk.rates import SPEECH_RATE
from dicetalk.training.recipes import VOICE_STRENGTH, train_by
from dicetalk.training.voice_strength import VoiceStrengthRecipe, train_voice_strength
from dicetalk.voice.strength import RANKED, VoiceStrength

ACTORS = (1, 2, 17)
STRAIN = {"01": 0.0, "normal": 1.0, "strong": 2.0}


def strained(hertz: float, strain: float, seed: int) -> Waveform:
    """0.6 s of a voice: the more strain, the higher it is and the slower its harmonics fall."""
    draws = np.random.default_rng(seed)
    time = np.arange(round(0.6 * SPEECH_RATE)) / SPEECH_RATE
    phase = 2 * np.pi * np.cumsum(hertz * 2 ** (strain / 6) * (1 + 0.02 * np.sin(8 * time))) / SPEECH_RATE
    orders = np.arange(1, 21)
    sound = np.sin(np.outer(orders, phase)).T @ orders ** -(2 - 0.4 * strain + draws.normal(0, 0.05))
    level = 10 ** draws.uniform(1.5, 3.5)  # which tells nothing
    return (level * sound / np.abs(sound).max()).astype(np.int16)


@pytest.fixture(scope="module")
def corpus(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """All emotions of three actors, normally and strongly, and plain speech."""
    folder = tmp_path_factory.mktemp("ravdess")
    for actor in ACTORS:
        for emotion in ("01", "03", "04", "05", "06", "07", "08"):
            for intensity in ("01",) if emotion == "01" else ("01", "02"):
                strain = 0.0 if emotion == "01" else float(intensity)
                sound = strained(90 + 10 * actor, strain, int(f"{actor}{emotion}{intensity}"))
                name = f"03-01-{emotion}-{intensity}-01-01-{actor:02d}.wav"
                wavfile.write(folder / name, SPEECH_RATE, sound)
    return folder


@pytest.fixture(scope="module")
def learned(corpus: Path, tmp_path_factory: pytest.TempPathFactory) -> VoiceStrength:
    out = tmp_path_factory.mktemp("voice")
    counts: list[tuple[int, int]] = []
    train_by(VOICE_STRENGTH, [corpus], out, lambda done, of: counts.append((done, of)))
    assert counts[-1] == (26, 26)  # of two actors: the third is held out
    return VoiceStrength.load(out)


@pytest.mark.parametrize("hertz", [105.0, 115.0])
def test_more_strain_of_an_unheard_voice_is_stronger(learned: VoiceStrength, hertz: float) -> None:
    told = [learned.of(strained(hertz, strain, 99)) for strain in (0.0, 1.0, 2.0)]
    for name in RANKED:
        plain, normal, strong = (one[name] for one in told)
        assert plain < normal < strong


def test_the_same_run_gives_the_same_weights(corpus: Path, learned: VoiceStrength, tmp_path: Path) -> None:
    train_voice_strength([corpus], tmp_path / "again", VOICE_STRENGTH)
    np.testing.assert_array_equal(VoiceStrength.load(tmp_path / "again").weight, learned.weight)


def test_what_lacks_is_said_and_nothing_is_written(corpus: Path, tmp_path: Path) -> None:
    everybody = replace(VoiceStrengthRecipe(), held_out=tuple(f"ravdess_{n:02d}" for n in ACTORS))
    with pytest.raises(InputError, match="held out"):
        train_voice_strength([corpus], tmp_path / "out", everybody)
    few = tmp_path / "few"
    few.mkdir()
    for file in corpus.glob("03-01-0[15]-01-*.wav"):
        (few / file.name).write_bytes(file.read_bytes())
    with pytest.raises(InputError, match="normally and strongly"):
        train_voice_strength([few], tmp_path / "out", VoiceStrengthRecipe())
    with pytest.raises(ConfigError):
        train_by(VOICE_STRENGTH, [], tmp_path / "out")
    assert not (tmp_path / "out").exists()
