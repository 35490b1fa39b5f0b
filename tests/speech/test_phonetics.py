"""What hears phones: the same numbers streamed or not, at any level, and what it hears of other speech."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from speech_like import noise, real, speechlike

from dicetalk.errors import InputError
from dicetalk.media import Waveform
from dicetalk.speech import listen
from dicetalk.speech.broad import CLOSED, PHONES, SILENCE, closures, long_silences
from dicetalk.speech.heard import hear_mouth
from dicetalk.speech.phonetics import (
    COLUMNS,
    DELAY,
    LOOK_AHEAD,
    NETWORK,
    PhoneRows,
    band_decibels,
    mel_bands,
    open_stream,
    relative_to_loudest,
)


def rows_of(wave: Waveform) -> np.ndarray:
    return PhoneRows(wave).between(0, len(wave) // 160)


@settings(max_examples=5, deadline=None)
@given(st.lists(st.integers(1, 60), min_size=3, max_size=8))
def test_streamed_bit_by_bit_as_at_once(hops: list[int]) -> None:
    sound = speechlike(4).astype(np.float32)
    sound = sound[: sum(hops) * 160]
    stream, parts, place = open_stream(), [], 0
    for count in hops:
        parts.append(stream.hear(sound[place : place + count * 160]))
        place += count * 160
    np.testing.assert_allclose(np.concatenate(parts), open_stream().hear(sound), atol=1e-4)


def test_nothing_later_than_the_look_ahead_is_heard() -> None:
    assert LOOK_AHEAD <= 0.16 * 16000
    wave, other = speechlike(3), speechlike(3)
    at = 150
    other[at * 160 + 160 + LOOK_AHEAD :] = 0
    np.testing.assert_allclose(rows_of(wave)[: at + 1], rows_of(other)[: at + 1], atol=1e-5)


def test_asked_for_in_whatever_order_of_blocks() -> None:
    wave = speechlike(5)
    heard, whole = PhoneRows(wave), PhoneRows(wave).between(-50, 600)
    parts = [heard.between(start, start + 130) for start in range(-50, 600, 130)]
    np.testing.assert_array_equal(np.concatenate(parts), whole)
    overlapping = PhoneRows(wave)
    np.testing.assert_array_equal(overlapping.between(0, 200)[100:], overlapping.between(100, 200))


def test_asked_for_backwards() -> None:
    wave = speechlike(5)
    heard, whole = PhoneRows(wave), PhoneRows(wave).between(-20, 600)
    for start in (300, 100, 200, 0, 480, -20):
        np.testing.assert_array_equal(heard.between(start, start + 60), whole[start + 20 : start + 80])


@pytest.mark.parametrize(
    ("sound", "told"),
    [
        (np.array([0, np.nan] * 400, np.float32), "holds NaN"),
        (np.array([0, np.inf] * 400, np.float32), "infinity"),
        (np.full(800, 1e30, np.float32), "no samples"),
        (np.zeros((800, 2), np.float32), r"float32 \(800, 2\); expected samples \(N,\)"),
        (np.zeros((), np.float32), "expected samples"),
        (np.zeros(800, np.complex64), "complex64"),
        (np.zeros(800, bool), "bool"),
    ],
)
def test_what_is_no_sound_is_refused_and_forgotten(sound: np.ndarray, told: str) -> None:
    speech = speechlike(1).astype(np.float32)
    stream, other = open_stream(), open_stream()
    np.testing.assert_array_equal(stream.hear(speech), other.hear(speech))
    with pytest.raises(InputError, match=told):
        stream.hear(sound)
    np.testing.assert_array_equal(stream.hear(speech), other.hear(speech))


@pytest.mark.parametrize("hops", [1, 15, 184, 185, 186, 199, 200, 201, 384, 385, 386, 400, 585])
def test_clips_of_any_length_are_heard_to_their_end(hops: int) -> None:
    """Around the ends of chunks too, whose first tells of a hop less."""
    wave = speechlike(6)[: hops * 160]
    assert PhoneRows(wave).between(0, hops).shape == (hops, COLUMNS)
    assert PhoneRows(wave).between(hops - 1, hops + 5).shape == (6, COLUMNS)


def test_outside_the_clip_is_silence() -> None:
    rows = PhoneRows(speechlike(1)).between(-20, 130)
    assert (rows[:20, SILENCE] == 1).all() and (rows[-30:, SILENCE] == 1).all()
    np.testing.assert_allclose(rows[:, : len(PHONES)].sum(1), 1, atol=1e-5)
    assert rows.shape == (150, COLUMNS)


@pytest.mark.parametrize("gain", [0.03, 3.0])
def test_a_level_changes_little(gain: float, voice: Waveform) -> None:
    wave = voice[: 3 * 16000]
    moved = np.clip(wave * gain, -32768, 32767).astype(np.int16)
    one, two = rows_of(wave), rows_of(moved)
    assert (one[:, : len(PHONES)].argmax(1) == two[:, : len(PHONES)].argmax(1)).mean() > 0.85


def test_the_loudest_so_far_fades() -> None:
    loud, soft = np.full((1, 64), 80, np.float32), np.full((300, 64), 50, np.float32)
    rows, level = relative_to_loudest(np.concatenate([loud, soft]), -1000.0)
    first, second = (relative_to_loudest(part, level)[0] for part, level in ((loud, -1000.0), (soft, 98.0)))
    assert rows[0, 0] == pytest.approx(first[0, 0]) and rows[-1, 0] > rows[1, 0]
    assert rows[1:].mean() == pytest.approx(second.mean(), abs=0.02) and level < 95


def test_bands_cover_their_range() -> None:
    assert (mel_bands().sum(0) > 0.99).all() and band_decibels(np.zeros(399, np.float32)).shape == (0, 64)


def test_noise_and_zeros_are_silent() -> None:
    for wave in (noise(2, 300), np.zeros(32000, np.int16)):
        assert (rows_of(wave)[50:, SILENCE] > 0.5).mean() > 0.9


def spoken(*said: tuple[int, int, int], share: float = 1.0) -> np.ndarray:
    """(60, 24) silence, but for a share of some phones from a hop to another."""
    phones = np.zeros((60, len(PHONES)), np.float32)
    phones[:, SILENCE] = 1
    for phone, start, stop in said:
        phones[start:stop] = (1 - share) * phones[start:stop] + share * np.eye(len(PHONES))[phone]
    return phones


def test_closures_and_silences() -> None:
    phones = spoken((CLOSED[0], 10, 16), (CLOSED[1], 20, 26))
    assert closures(phones) == [(9, 17), (19, 27)], "with the hop in which lips go on and off"
    np.testing.assert_array_equal(long_silences(phones), np.arange(60) >= 26)


def test_a_closure_that_flickers_is_one() -> None:
    """Lips do not part between."""
    assert closures(spoken((CLOSED[0], 10, 14), (CLOSED[1], 15, 18))) == [(9, 19)]


def test_what_is_in_doubt_is_no_closure() -> None:
    assert closures(spoken((CLOSED[0], 10, 30), share=0.35)) == []
    assert closures(spoken((CLOSED[0], 10, 30), share=0.4)) == [(10, 30)]


def test_speech_that_is_as_soft_as_noise_is_no_pause(voice: Waveform) -> None:
    """The level alone took a third of it for one."""
    clean = voice[: 6 * 16000]
    loud = np.sqrt(np.mean(clean[np.abs(clean) > 30].astype(np.float64) ** 2))
    hiss = np.random.default_rng(0).normal(size=len(clean)) * loud * 10 ** (-10 / 20)
    noisy = np.clip(clean + hiss, -32768, 32767).astype(np.int16)
    spoken = ~listen(clean).silence
    assert listen(noisy).silence[spoken].mean() < 0.12


def test_the_demo_says_what_it_says(voice: Waveform) -> None:
    """`...only a picture, but maybe you can help me speak. Pick a mood, press a button`: 13 closures in 6 seconds."""
    found = closures(hear_mouth(voice[: 6 * 16000]))
    assert 11 <= len(found) <= 20


@pytest.mark.parametrize("name", ["German1.wav", "japan1.wav", "korean1.wav", "spanish1.wav", "yongen.wav"])
def test_languages_that_it_hears(name: str) -> None:
    phones = rows_of(real(name))[:, : len(PHONES)]
    share = phones.argmax(1)
    assert 0.03 < np.isin(share, CLOSED).mean() < 0.15
    assert len(np.unique(share)) > 15


def test_it_is_small_and_its_delay_is_known() -> None:
    assert sum(file.stat().st_size for file in NETWORK.parent.iterdir()) < 2_000_000
    assert DELAY == 15
