"""Rows of speech: one a frame, the same in whatever blocks a clip is heard."""

from __future__ import annotations

from importlib import import_module

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from speech_like import assert_tiled, noise, real, speechlike

from dicetalk.rates import SPEECH_RATE
from dicetalk.speech import Hearing, Speech, listen, listen_blocks
from dicetalk.speech.broad import SILENCE
from dicetalk.speech.listen import MARGIN
from dicetalk.speech.phonetics import PhoneRows

ROWS = ("loudness", "pitch", "voicing", "log_mel", "silence")
AGAIN = (*ROWS, "phones")


@pytest.mark.parametrize("samples", [1, 639, 640, 641, 3200, 16001])
def test_one_row_per_640_samples_begun(samples: int) -> None:
    speech = listen(noise(2, 500)[:samples])
    assert speech.first == 0
    assert speech.frames == -(-samples // 640)
    assert speech.log_mel.shape == (speech.frames, 80)
    assert all(len(getattr(speech, name)) == speech.frames for name in ROWS)
    assert_tiled(speech)
    np.testing.assert_allclose(speech.times, (np.arange(speech.frames) + 0.5) / 25)


def test_types_and_ranges() -> None:
    speech = listen(np.concatenate([speechlike(2), noise(1, 3)]))
    for name in ("loudness", "pitch", "voicing", "log_mel"):
        assert getattr(speech, name).dtype == np.float32
        assert np.isfinite(getattr(speech, name)).all()
    assert speech.silence.dtype == bool
    assert speech.loudness.min() >= 0
    assert speech.loudness.max() <= 1.5
    assert speech.voicing.min() >= 0
    assert speech.voicing.max() <= 1
    assert ((speech.pitch == 0) | ((speech.pitch >= 60) & (speech.pitch <= 500))).all()


@settings(max_examples=8, deadline=None)
@given(st.integers(1, 2 * SPEECH_RATE), st.floats(0.4, 3))
def test_trimmed_blocks_cover_the_clip_once(samples: int, block_s: float) -> None:
    blocks = list(listen_blocks(speechlike(2)[:samples], block_s))
    expected = 0
    for block in blocks:
        assert block.margin == MARGIN
        assert block.first == expected - MARGIN
        assert_tiled(block)
        inner = block.trimmed()
        assert (inner.first, inner.margin, inner.frames) == (expected, 0, block.frames - 2 * MARGIN)
        assert_tiled(inner)
        expected += inner.frames
    assert expected == -(-samples // 640)


def test_rows_do_not_depend_on_the_blocks() -> None:
    wave = speechlike(9)
    whole = next(listen_blocks(wave, block_s=60)).trimmed()
    parts = [block.trimmed() for block in listen_blocks(wave, block_s=2)]
    for name in ("loudness", "log_mel", "phones"):
        np.testing.assert_allclose(
            np.concatenate([getattr(part, name) for part in parts]), getattr(whole, name), rtol=1e-4, atol=1e-4
        )


def test_margins_hold_what_the_neighbours_hold() -> None:
    first, second = list(listen_blocks(speechlike(6), block_s=3))[:2]
    margin = first.margin
    np.testing.assert_allclose(first.loudness[-margin:], second.loudness[margin : 2 * margin], rtol=1e-4, atol=1e-5)
    np.testing.assert_allclose(first.log_mel[-margin:], second.log_mel[margin : 2 * margin], rtol=1e-4, atol=1e-3)


def test_outside_the_clip_is_silent() -> None:
    (block,) = listen_blocks(speechlike(2))
    for rows in (slice(0, 24), slice(-24, None)):
        assert block.silence[rows].all()
        assert not block.loudness[rows].any()
        assert not block.pitch[rows].any()
    assert block.phones[0, SILENCE] == block.phones[-1, SILENCE] == 1


def test_listening_twice_is_the_same() -> None:
    wave = real("spanish1.wav")
    one, two = listen(wave), listen(wave)
    assert isinstance(one, Speech)
    for name in AGAIN:
        np.testing.assert_array_equal(getattr(one, name), getattr(two, name))


@pytest.mark.parametrize("seconds", [1, 6])
def test_what_was_begun_is_heard_once_and_the_same(seconds: int, monkeypatch: pytest.MonkeyPatch) -> None:
    wave, listening = speechlike(seconds), import_module("dicetalk.speech.listen")
    expected, heard = Hearing(wave).whole(), []
    monkeypatch.setattr(listening, "PhoneRows", lambda *given: heard.append(1) or PhoneRows(*given))  # type: ignore[func-returns-value]
    hearing = Hearing(wave)
    hearing.begin()
    for _ in range(2):
        found = hearing.whole()
        for name in AGAIN:
            np.testing.assert_array_equal(getattr(found, name), getattr(expected, name))
    assert len(heard) == 1


def test_what_is_kept_is_heard_once(monkeypatch: pytest.MonkeyPatch) -> None:
    wave, listening, heard = speechlike(6), import_module("dicetalk.speech.listen"), []
    monkeypatch.setattr(listening, "PhoneRows", lambda *given: heard.append(1) or PhoneRows(*given))  # type: ignore[func-returns-value]
    hearing = Hearing(wave)
    hearing.keep()
    first = list(hearing.blocks())
    assert all(one is other for one, other in zip(first, hearing.blocks(), strict=True)) and len(heard) == 1
