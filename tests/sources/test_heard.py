"""`auto`: one mood for all of the speech or one every few seconds; heard once for all who need it."""

from __future__ import annotations

from importlib import import_module
from pathlib import Path
from typing import Any

import numpy as np
import pytest
from spaces import prior

import dicetalk
from dicetalk.emotion.embedding import shipped_embedder
from dicetalk.emotion.feeling import Feeling
from dicetalk.emotion.priors import VOICE_LIKENESS, Prior
from dicetalk.emotion.space import Likeness, Space, shipped_space
from dicetalk.emotion.timeline import Timeline
from dicetalk.emotion.vocabulary import HEARD, NAMES
from dicetalk.media import Waveform
from dicetalk.rates import SPEECH_RATE
from dicetalk.recording import heard
from dicetalk.sources.heard import LEAST_CONFIDENCE, Auto, heard_feeling, smoothed
from dicetalk.sources.scheme import source_of
from dicetalk.speech import Hearing, listen
from dicetalk.speech.rows import speech_rows


@pytest.fixture(scope="module")
def hearing(voice: Waveform) -> Hearing:
    """All of the demo's speech, listened to."""
    found = Hearing(voice)
    found.whole()
    return found


def like(monkeypatch: pytest.MonkeyPatch, **shares: float) -> None:
    """Let every voice resemble the same."""
    found = Likeness(tuple(shares.get(name, 0.0) for name in HEARD), HEARD)
    monkeypatch.setattr(Space, "likeness", lambda self, where, names, temperature: found)


def test_one_mood_for_all_of_it(hearing: Hearing, voice: Waveform) -> None:
    timeline = source_of("auto").feel(hearing)
    ((time, feeling),) = timeline.keys
    expected = shipped_embedder().embed(heard(voice).speech, None)
    found = shipped_space().likeness(expected, HEARD, VOICE_LIKENESS)
    assert time == 0 and timeline.lacks == "" and feeling.space is shipped_space()
    assert feeling.confidence == pytest.approx(found.confidence)
    assert str(found) in feeling.why
    if found.confidence >= LEAST_CONFIDENCE:
        assert feeling.prior is not None and feeling.strengths == pytest.approx(found.strengths(0.8))
        np.testing.assert_allclose(feeling.prior.mean, expected.mean, atol=1e-6)
    else:
        assert feeling.strengths == {} and feeling.prior is shipped_space().priors["neutral"]


def test_a_sure_voice_keeps_its_prior_and_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    like(monkeypatch, happy=0.7, surprised=0.2, sad=0.1)
    where = prior(*[0.0] * 256)
    feeling = heard_feeling(where)
    assert feeling.prior is where and feeling.space is shipped_space()
    assert str(feeling) == "happy:0.56,surprised:0.16" and feeling.confidence == 0.7
    assert feeling.why == "the voice resembles happy 0.70, surprised 0.20, sad 0.10"


def test_an_unsure_voice_is_neutral_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    like(monkeypatch, happy=0.45, sad=0.4, fear=0.15)
    feeling = heard_feeling(prior(*[0.0] * 256))
    assert feeling.strengths == {} and feeling.confidence == 0.45
    assert feeling.prior is shipped_space().priors["neutral"] and feeling.space is shipped_space()
    assert feeling.why == "not sure enough of the voice (happy 0.45, sad 0.40, fear 0.15): neutral"
    like(monkeypatch, neutral=0.9, sad=0.1)
    assert heard_feeling(prior(*[0.0] * 256)).strengths == {}


def test_contempt_is_not_heard() -> None:
    assert set(NAMES) - set(HEARD) == {"contempt"}


@pytest.mark.parametrize(("every", "times"), [(2, [1.0, 3.0, 5.0, 7.0, 9.0]), (3, [1.48, 4.48, 7.48]), (600, [300.0])])
def test_a_mood_every_few_seconds(hearing: Hearing, every: int, times: list[float]) -> None:
    timeline = source_of(f"auto:{every}").feel(hearing)
    assert [time for time, _ in timeline.keys] == pytest.approx(times)
    assert timeline.fade == every
    assert all(feeling.why and 0 < feeling.confidence <= 1 for _, feeling in timeline.keys)
    assert all(feeling.space is shipped_space() for _, feeling in timeline.keys)


def test_each_is_heard_around_its_time_and_smoothed(hearing: Hearing, voice: Waveform) -> None:
    """Three seconds around each middle, fewer only where the clip ends; neighbours count half."""
    rows = speech_rows(voice, listen(voice))
    windows = [rows[0:74], rows[38:112], rows[88:162], rows[138:212], rows[len(rows) - 74 :]]
    alone = [shipped_embedder().embed(window, None) for window in windows]
    expected = [heard_feeling(mood) for mood in smoothed(alone)]
    found = [feeling for _, feeling in Auto(2.0).feel(hearing).keys]
    assert [feeling.why for feeling in found] == [feeling.why for feeling in expected]
    for one, other in zip(found, expected, strict=True):
        assert one.prior is not None and other.prior is not None
        np.testing.assert_allclose(one.prior.mean, other.prior.mean, atol=1e-5)


def test_one_odd_window_is_no_change_of_mood() -> None:
    calm, odd = prior(0, 0), prior(4, 8)
    found = [mood.mean.tolist() for mood in smoothed([calm, calm, odd, calm, calm])]
    assert found == [[0, 0], [1, 2], [2, 4], [1, 2], [0, 0]]
    assert [mood.mean.tolist() for mood in smoothed([odd])] == [[4, 8]]
    ends = np.stack([mood.mean for mood in smoothed([calm, odd])])
    np.testing.assert_allclose(ends, [[4 / 3, 8 / 3], [8 / 3, 16 / 3]], rtol=1e-6)


@pytest.mark.parametrize("samples", [1, 640, 8000, 2 * SPEECH_RATE])
def test_speech_shorter_than_a_step(voice: Waveform, samples: int) -> None:
    timeline = Auto(3.0).feel(Hearing(voice[SPEECH_RATE : SPEECH_RATE + samples]))
    assert len(timeline.keys) == 1 and isinstance(timeline, Timeline)


def test_the_driving_file_is_read_and_listened_to_once(
    hopper: Path, speech: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Whoever hears the mood listens for whoever draws the lips."""
    listening, pipeline = import_module("dicetalk.speech.listen"), import_module("dicetalk.pipeline")
    calls: list[str] = []
    blocks, read = listening.listen_blocks, pipeline.read_sound

    def listen_blocks(*given: Any) -> Any:
        calls.append("listen")
        return blocks(*given)

    def read_sound(path: Path, **options: Any) -> Any:
        calls.append("read")
        return read(path, **options)

    monkeypatch.setattr(listening, "listen_blocks", listen_blocks)
    monkeypatch.setattr(pipeline, "read_sound", read_sound)
    for emotion in ("auto", "auto:1", "happy"):
        calls.clear()
        video = dicetalk.load()(hopper, speech, emotion=emotion, size=64)
        assert sum(map(len, video.stream())) == 30
        assert calls == ["read", "listen"], emotion


def test_a_video_with_the_emotion_of_its_speech(hopper: Path, speech: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    like(monkeypatch, happy=0.7, surprised=0.3)
    video = dicetalk.load()(hopper, speech, emotion="auto", size=64)
    ((_, feeling),) = video.heard.keys
    assert isinstance(feeling, Feeling) and str(feeling) == "happy:0.56,surprised:0.24"
    track = video.conditions.emotion
    np.testing.assert_array_equal(track.weights, np.tile(feeling.mixture(), (30, 1)))
    assert track.priors is not None and isinstance(feeling.prior, Prior)
    np.testing.assert_array_equal(track.priors.means, np.tile(feeling.prior.mean, (30, 1)))
