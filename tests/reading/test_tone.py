"""Which emotion a voice has in each window."""

from __future__ import annotations

from dataclasses import replace
from itertools import pairwise

import numpy as np
import pytest

from dicetalk import assets
from dicetalk.emotion.vocabulary import HEARD, NAMES
from dicetalk.media import Sound, read_sound
from dicetalk.rates import SPEECH_RATE
from dicetalk.reading import tone
from dicetalk.reading.answers import Answers, Span
from dicetalk.reading.tone import tones
from dicetalk.recording import Missing

SPANS: list[Span] = list(pairwise([0.0, 1.0, 2.0, 3.0]))


@pytest.fixture(scope="module")
def sound() -> Sound:
    """Three seconds of the demo's speech."""
    whole = read_sound(assets.speech())
    return replace(whole, waveform=whole.waveform[: 3 * SPEECH_RATE])


@pytest.fixture(scope="module")
def heard(sound: Sound) -> Answers:
    found = tones(sound, SPANS)
    assert isinstance(found, Answers)
    return found


def test_every_window_gets_shares_of_what_can_be_heard(heard: Answers) -> None:
    assert heard.known.all() and heard.shares.shape == (3, 8)
    np.testing.assert_allclose(heard.shares.sum(1), 1)
    assert not heard.shares[:, [name not in HEARD for name in NAMES]].any()
    assert ((heard.strengths >= 0) & (heard.strengths <= 1)).all()


def test_how_loud_it_is_changes_little(sound: Sound, heard: Answers) -> None:
    quiet = tones(replace(sound, waveform=(sound.waveform // 4).astype(np.int16)), SPANS)
    assert isinstance(quiet, Answers)
    np.testing.assert_allclose(quiet.shares, heard.shares, atol=0.05)


def test_after_the_sound_is_over_nothing_is_known(sound: Sound) -> None:
    found = tones(sound, [*SPANS, (3.0, 4.0), (4.0, 5.0)])
    assert isinstance(found, Answers)
    assert found.known.tolist() == [True, True, True, False, False]
    assert [window.confidence for window in found.windows([*SPANS, (3.0, 4.0), (4.0, 5.0)])][3:] == [0, 0]


def test_a_pause_is_not_read(sound: Sound) -> None:
    silent = np.concatenate([sound.waveform, np.zeros(8 * SPEECH_RATE, np.int16)])
    spans = list(pairwise(np.arange(12.0).tolist()))
    found = tones(replace(sound, waveform=silent), spans)
    assert isinstance(found, Answers) and found.known[:3].all() and not found.known[6:].any()


def test_blocks_change_next_to_nothing(sound: Sound, heard: Answers, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(tone, "AROUND_S", 1.4)
    whole = tones(sound, SPANS)
    monkeypatch.setattr(tone, "BLOCK_S", 1.8)
    parts = tones(sound, SPANS)
    assert isinstance(whole, Answers) and isinstance(parts, Answers)
    assert parts.known.tolist() == whole.known.tolist()
    assert (parts.shares.argmax(1) == whole.shares.argmax(1)).all()


@pytest.mark.parametrize(("loud", "why"), [(0, "0.0 s of speech"), (3000, "noise or music")])
def test_no_voice_is_one_reason(sound: Sound, loud: int, why: str) -> None:
    noise = np.random.default_rng(0).normal(0, 1, 3 * SPEECH_RATE) * loud
    found = tones(replace(sound, waveform=noise.astype(np.int16)), SPANS)
    assert isinstance(found, Missing) and why in found.why and "\n" not in found.why
