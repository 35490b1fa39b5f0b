"""A voice moved towards emotions."""

from __future__ import annotations

import numpy as np
import pytest
from voices_made import buzz

from dicetalk.arrays import Float64
from dicetalk.voice import pieces
from dicetalk.voice.conversion import FULL, Amounts, Spoken, is_spoken, moved, without_short
from dicetalk.voice.conversion import converted as converted_pieces
from dicetalk.voice.manners import ACTED, COLUMNS, MOVED, ROUGH, SCALARS, Manners
from dicetalk.voice.pieces import Pieces, pieces_of
from dicetalk.voice.world import RATE, STEPS_PER_SECOND, pitch_of, taken_apart


def manners(**columns: float) -> Manners:
    """Manners by which anger changes some scalars by so much, and nothing else does anything."""
    table = np.zeros((len(MOVED), 2, COLUMNS))
    for name, value in columns.items():
        table[MOVED.index("angry"), :, SCALARS.index(name)] = np.multiply(ACTED[1:], value)
    return Manners(table)


def converted(samples: Float64, amounts: Amounts, manners: Manners) -> Spoken:
    return converted_pieces(Pieces.of(samples), amounts, manners)


def angry(amount: float, begin: float = 0.0) -> Amounts:
    """So angry from a time on [s]."""

    def amounts(times: Float64) -> Float64:
        rows = np.zeros((len(times), len(MOVED)))
        rows[times >= begin, MOVED.index("angry")] = amount
        return rows

    return amounts


def mean_pitch(samples: Float64) -> float:
    pitch = pitch_of(samples)
    return float(np.exp(np.log(pitch[pitch > 0]).mean()))


def test_nothing_asked_nothing_changed() -> None:
    samples = buzz()
    said = converted(samples, angry(1.0), manners())
    assert len(said.samples) == len(samples) and said.tempo.to([0.3, 1.7]).tolist() == pytest.approx([0.3, 1.7])
    assert mean_pitch(said.samples) == pytest.approx(mean_pitch(samples), rel=0.02)


@pytest.mark.parametrize("higher", [-0.3, 0.5])
def test_pitch_goes_where_it_is_told(higher: float) -> None:
    samples = buzz()
    said = converted(samples, angry(1.0), manners(height=higher))
    assert np.log(mean_pitch(said.samples) / mean_pitch(samples)) == pytest.approx(higher, abs=0.03)


def test_pitch_moves_further_about_its_mean() -> None:
    samples = buzz()
    wide = pitch_of(converted(samples, angry(1.0), manners(span=0.6)).samples)
    plain = pitch_of(samples)
    spread = [np.diff(np.percentile(np.log(pitch[pitch > 0]), [10, 90])) for pitch in (plain, wide)]
    assert np.log(spread[1] / spread[0]) == pytest.approx(0.6, abs=0.1)


def test_a_moved_voice_is_rough() -> None:
    samples = buzz()
    voice = taken_apart(samples, pitch_of(samples))
    amounts = angry(0.5)(np.arange(len(voice)) / STEPS_PER_SECOND)
    rough, _ = moved(voice, manners().manner(amounts, voice.envelope.shape[1]), float(np.log(140)))
    steps = np.log(rough.pitch[voice.voiced] / voice.pitch[voice.voiced])
    assert steps.std() == pytest.approx(ROUGH / 2, rel=0.2) and abs(steps.mean()) < ROUGH / 5


def test_speech_and_pauses_each_have_their_pace() -> None:
    samples = buzz()
    slower = converted(samples, angry(1.0), manners(pace=0.2)).tempo
    paused = converted(samples, angry(1.0), manners(rest=0.5)).tempo
    assert slower.to(0.8) == pytest.approx(0.8 * np.exp(0.2), rel=0.01)
    assert slower.to(1.15) - slower.to(0.95) == pytest.approx(0.2, rel=0.05)
    assert paused.to(0.8) == pytest.approx(0.8, rel=0.01)
    assert paused.to(1.15) - paused.to(0.95) == pytest.approx(0.2 * np.exp(0.5), rel=0.05)


def test_sound_and_times_last_equally_long() -> None:
    said = converted(buzz(), angry(0.7), manners(pace=-0.31, rest=0.4))
    assert len(said.samples) / RATE == pytest.approx(said.tempo.seconds, abs=1e-6)


def test_it_follows_within_a_sentence() -> None:
    """What comes before the change stays, what comes after is another voice."""
    samples = buzz()
    said = converted(samples, angry(1.0, begin=1.2), manners(height=0.4))
    half = round(0.8 * RATE)
    assert mean_pitch(said.samples[:half]) == pytest.approx(mean_pitch(samples[:half]), rel=0.02)
    later = round(1.25 * RATE)
    higher = np.log(mean_pitch(said.samples[later:]) / mean_pitch(samples[later:]))
    assert higher == pytest.approx(0.4, abs=0.04)


def test_louder_speech_does_not_pass_full_scale_and_pauses_stay_still() -> None:
    table = np.zeros((len(MOVED), 2, COLUMNS))
    table[MOVED.index("angry"), :, len(SCALARS) : len(SCALARS) + 24] = 30.0
    said = converted(buzz(), angry(1.0), Manners(table)).samples
    assert np.abs(said).max() == pytest.approx(FULL)
    still, loud = said[round(0.97 * RATE) : round(1.13 * RATE)], said[round(0.2 * RATE) : round(0.8 * RATE)]
    assert 20 * np.log10(loud.std() / still.std()) > 60


def test_a_long_recording_is_cut_where_it_is_still(monkeypatch: pytest.MonkeyPatch) -> None:
    samples = buzz()
    monkeypatch.setattr(pieces, "PIECE", 1.0)
    monkeypatch.setattr("dicetalk.voice.manners.ROUGH", 0.0)  # it is by chance, and other in other pieces
    parts = list(pieces_of(samples))
    assert len(parts) == 2 and (np.concatenate(parts) == samples).all()
    assert 0.9 <= len(parts[0]) / RATE <= 1.2  # in the pause
    cut = converted(samples, angry(1.0), manners(height=0.3, pace=0.1))
    monkeypatch.undo()
    whole = converted(samples, angry(1.0), manners(height=0.3, pace=0.1))
    assert cut.tempo.seconds == pytest.approx(whole.tempo.seconds, abs=0.02)
    assert mean_pitch(cut.samples) == pytest.approx(mean_pitch(whole.samples), rel=0.01)


def test_noise_without_a_voice_goes_through() -> None:
    noise = 0.1 * np.random.default_rng(1).standard_normal(RATE // 2)
    assert np.isfinite(converted(noise, angry(1.0), manners(height=0.3, pace=0.1)).samples).all()


def test_what_is_said_and_what_is_a_pause() -> None:
    samples = buzz()
    spoken = is_spoken(taken_apart(samples, pitch_of(samples)).level)
    assert spoken[20:170].all() and not spoken[190:235].any()
    assert without_short(np.array([True, False, True, True, True]), 2).tolist() == [False, False, True, True, True]
