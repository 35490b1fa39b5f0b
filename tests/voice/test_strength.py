"""How strongly a voice tells each emotion: the same at any level, and nothing where nobody speaks."""

from __future__ import annotations

import shutil
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import load_file, save_file
from scipy.signal import resample_poly
from speech_like import noise, tone

from dicetalk.emotion.vocabulary import HEARD, NEUTRAL
from dicetalk.errors import CheckpointError, ConfigError
from dicetalk.media import Waveform
from dicetalk.rates import SPEECH_RATE
from dicetalk.voice.effort import WIDTH, effort
from dicetalk.voice.frames import FAINTEST, Frames, voice_frames
from dicetalk.voice.strength import RANKED, SHIPPED, VoiceStrength

SECOND = SPEECH_RATE
PLAIN = {name: float(name == NEUTRAL) for name in HEARD}


@pytest.fixture(scope="module")
def strength() -> VoiceStrength:
    return VoiceStrength.load()


@pytest.fixture(scope="module")
def told(strength: VoiceStrength, voice: Waveform) -> dict[str, float]:
    return strength.of(voice[: 4 * SECOND])


def test_a_strength_for_each_name(told: dict[str, float]) -> None:
    assert tuple(told) == HEARD
    assert all(0 <= value <= 1 for value in told.values())
    assert told[NEUTRAL] == pytest.approx(1 - max(told[name] for name in RANKED))


@pytest.mark.parametrize("gain", [1e-3, 0.1, 10.0, 1e4])
def test_no_gain_changes_it(strength: VoiceStrength, voice: Waveform, told: dict[str, float], gain: float) -> None:
    found = strength.of(voice[: 4 * SECOND].astype(np.float32) * np.float32(gain))
    assert found == pytest.approx(told, abs=1e-4)


@pytest.mark.parametrize("softer", [10, 300])
def test_soft_recordings_of_16_bits_hardly_change_it(
    strength: VoiceStrength, voice: Waveform, told: dict[str, float], softer: float
) -> None:
    """At a 300th it reaches 60 steps; were the noise of rounding not taken off, it would tell .15 otherwise."""
    assert strength.of(np.round(voice[: 4 * SECOND] / softer).astype(np.int16)) == pytest.approx(told, abs=0.04)


def test_silence_around_it_hardly_changes_it(strength: VoiceStrength, voice: Waveform, told: dict[str, float]) -> None:
    assert strength.of(np.pad(voice[: 4 * SECOND], SECOND)) == pytest.approx(told, abs=0.1)


def test_another_rate_and_back_hardly_changes_it(
    strength: VoiceStrength, voice: Waveform, told: dict[str, float]
) -> None:
    up = resample_poly(voice[: 4 * SECOND].astype(np.float64), 3, 1)
    assert strength.of(resample_poly(up, 1, 3).astype(np.float32)) == pytest.approx(told, abs=0.05)


@pytest.mark.parametrize(
    "sound",
    [np.zeros(0, np.int16), np.zeros(1, np.int16), np.zeros(3 * SECOND, np.int16), noise(2, 3000)],
    ids=["nothing", "a sample", "silence", "noise"],
)
def test_where_nobody_speaks_all_is_neutral(strength: VoiceStrength, sound: Waveform) -> None:
    assert strength.of(sound) == PLAIN
    assert not any(one.heard for one in strength.course(sound))


def test_a_fifth_of_a_second_is_told_or_left(strength: VoiceStrength, voice: Waveform) -> None:
    for start in range(0, 3 * SECOND, SECOND // 2):
        assert sum(strength.of(voice[start : start + SECOND // 5]).values()) > 0.9


def test_windows_of_a_course(strength: VoiceStrength, voice: Waveform) -> None:
    course = strength.course(voice, window=2.0, hop=1.5)
    starts = [one.start for one in course]
    assert starts == sorted(set(starts)) and starts[:2] == [0.0, 1.5]
    assert all(one.end - one.start == pytest.approx(2.0) for one in course)
    assert course[-1].end == pytest.approx(len(voice) / SPEECH_RATE, abs=0.02)
    (whole,) = strength.course(voice, window=60.0)
    assert whole.strengths == pytest.approx(strength.of(voice))


def test_a_window_tells_what_it_tells_elsewhere(strength: VoiceStrength, voice: Waveform) -> None:
    """Said twice, a sentence is as strong both times: a course does not drift."""
    once = voice[: 3 * SECOND]
    first, second = strength.course(np.tile(once, 2), window=3.0, hop=3.0)
    assert first.strengths == pytest.approx(second.strengths, abs=0.05)


@pytest.mark.parametrize("lengths", [(0.05, 1.0), (3.0, 0.0), (float("nan"), 1.0)])
def test_lengths_are_checked(strength: VoiceStrength, voice: Waveform, lengths: tuple[float, float]) -> None:
    with pytest.raises(ConfigError, match=r"0\.1 to 3600 s"):
        strength.course(voice, window=lengths[0], hop=lengths[1])


def test_the_pitch_and_tilt_of_a_buzz() -> None:
    low, high = (effort(voice_frames(tone(hertz, 1.0, harmonics=20))) for hertz in (110, 220))
    assert low is not None and high is not None and low.shape == (WIDTH,)
    assert high[0] - low[0] == pytest.approx(12, abs=0.1)  # an octave
    frames = voice_frames(tone(200, 1.0, harmonics=20))
    dull, bright = (effort(_tilted(frames, slope)) for slope in (-0.5, 0.5))
    assert dull is not None and bright is not None
    assert (bright - dull)[8 + 20] > 5 > -5 > (bright - dull)[8]


def _tilted(frames: Frames, slope: float) -> Frames:
    bands = frames.bands + np.float32(slope) * np.arange(24, dtype=np.float32)
    return Frames(bands, frames.energy, frames.pitch, frames.peaks)


def test_frames_of_stretches_are_frames_of_the_whole() -> None:
    """More than a stretch of 10 s: where the cut lies cannot be seen."""
    sound = np.tile(tone(150, 1.0, harmonics=8), 21)
    frames = voice_frames(sound)
    assert len(frames) == 2100
    middle = frames.bands[50:2050]
    assert np.abs(middle - middle[0]).max() < 1


def test_silence_is_as_faint_as_it_gets() -> None:
    frames = voice_frames(np.zeros(SECOND, np.int16))
    assert np.allclose(frames.energy, FAINTEST) and np.allclose(frames.bands, FAINTEST) and not frames.voiced.any()


def test_weights_of_another_form_are_refused(tmp_path: Path) -> None:
    folder = Path(shutil.copytree(SHIPPED, tmp_path / "voice"))
    assert VoiceStrength.load(folder).weight.shape == (6, WIDTH)
    held = load_file(folder / "strength.safetensors")
    save_file({**held, "weight": np.ascontiguousarray(held["weight"][:, 1:])}, folder / "strength.safetensors")
    with pytest.raises(CheckpointError, match="another form"):
        VoiceStrength.load(folder)
    (folder / "strength.safetensors").write_bytes(b"not one")
    with pytest.raises(CheckpointError, match="train one"):
        VoiceStrength.load(folder)
    with pytest.raises(CheckpointError, match="no folder"):
        VoiceStrength.load(tmp_path / "absent")
