"""A voice taken apart and put together again."""

from __future__ import annotations

import sys

import numpy as np
import pytest
from voices_made import PITCH, buzz

from dicetalk.errors import MissingExtraError
from dicetalk.voice import world
from dicetalk.voice.world import RATE, STEP, STEPS_PER_SECOND, Voice, pitch_of, put_together, taken_apart

pytest.importorskip("pyworld.pyworld" if "pkg_resources" in sys.modules else "numpy")


@pytest.fixture(scope="module")
def voice() -> Voice:
    samples = buzz()
    return taken_apart(samples, pitch_of(samples))


def test_a_row_every_5_ms(voice: Voice) -> None:
    assert len(voice) == 2 * STEPS_PER_SECOND and STEP * STEPS_PER_SECOND == RATE
    assert voice.envelope.shape == voice.breath.shape and voice.envelope.shape[0] == len(voice)
    assert (voice.envelope > 0).all() and voice.breath.min() >= 0 and voice.breath.max() <= 1


def test_the_pitch_is_that_of_the_sound(voice: Voice) -> None:
    assert voice.voiced.mean() > 0.7
    assert np.median(voice.pitch[voice.voiced]) == pytest.approx(PITCH, rel=0.05)


def test_what_is_put_together_is_the_same_voice(voice: Voice) -> None:
    samples = put_together(voice)
    assert len(samples) == len(voice) * STEP
    again = taken_apart(samples, pitch_of(samples))
    both = again.voiced & voice.voiced
    assert both.mean() > 0.65
    assert np.median(np.abs(again.pitch[both] / voice.pitch[both] - 1)) < 0.01
    assert np.median(np.abs(again.level[both] - voice.level[both])) < 1.5  # [dB]


def test_between_two_steps_lies_their_mean(voice: Voice) -> None:
    whole, half = voice.at(np.array([40.0, 41.0])), voice.at(np.array([40.5]))
    assert (whole.pitch == voice.pitch[40:42]).all()
    assert half.pitch[0] == pytest.approx(voice.pitch[40:42].mean())
    assert np.log(half.envelope[0]) == pytest.approx(np.log(voice.envelope[40:42]).mean(axis=0), abs=0.01)  # FLOOR
    last = voice.at(np.array([len(voice) + 5.0]))
    assert last.envelope[0] == pytest.approx(voice.envelope[-1], rel=0.01)


def test_what_is_lacking_is_told(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(world, "WORLD", "no_such_world")
    world._world.cache_clear()
    try:
        with pytest.raises(
            MissingExtraError, match=r"no_such_world is not installed; run: pip install -e '.\[voice\]'"
        ):
            pitch_of(buzz(0.3))
    finally:
        world._world.cache_clear()
