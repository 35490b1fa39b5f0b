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
from dicetalk.emotion.moments import LEAST_CONFIDENCE
from dicetalk.emotion.priors import VOICE_LIKENESS, Prior
from dicetalk.emotion.space import Likeness, Space, shipped_space
from dicetalk.emotion.timeline import Timeline
from dicetalk.emotion.vocabulary import HEARD, NAMES
from dicetalk.media import Waveform
from dicetalk.rates import SPEECH_RATE
from dicetalk.recording import heard
from dicetalk.sources.heard import Auto, heard_feeling, smoothed
from dicetalk.sources.scheme import source_of
from dicetalk.speech import Hearing, listen
from dicetalk.speech.rows import speech_rows
from dicetalk.voice.frames import voice_frames
from dicetalk.voice.strength import VoiceStrength


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


def evenly(strength: float) -> dict[str, float]:
    """Every emotion told so strongly."""
    return dict.fromkeys(HEARD, strength)


def test_one_mood_for_all_of_it(hearing: Hearing, voice: Waveform) -> None:
    timeline = source_of("auto").feel(hearing)
    ((time, feeling),) = timeline.keys
    mood = shipped_embedder().embed(heard(voice).speech, None)
    found = shipped_space().likeness(mood, HEARD, VOICE_LIKENESS)
    assert time == 0 and timeline.lacks == "" and feeling.space is shipped_space()
    assert feeling.confidence == pytest.approx(found.confidence)
    assert str(found) in feeling.why
    if found.confidence >= LEAST_CONFIDENCE:
        expected = heard_feeling(mood, VoiceStrength.load().of(voice))
        assert feeling.prior is not None and expected.prior is not None
        assert feeling.strengths == pytest.approx(expected.strengths)
        np.testing.assert_allclose(feeling.prior.mean, expected.prior.mean, atol=1e-6)
    else:
        assert feeling.strengths == {} and feeling.prior is shipped_space().priors["neutral"]


def test_a_sure_voice_keeps_its_prior_and_says_why(monkeypatch: pytest.MonkeyPatch) -> None:
    like(monkeypatch, happy=0.7, surprised=0.2, sad=0.1)
    neutral, where = shipped_space().priors["neutral"], prior(*[0.0] * 256)
    feeling = heard_feeling(where, evenly(2 / 3))  # told so, it is as strong as a name without a strength
    assert feeling.prior is not None and feeling.space is shipped_space()
    np.testing.assert_allclose(feeling.prior.mean, where.mean, atol=1e-4)
    assert str(feeling) == "happy:0.56,surprised:0.16" and feeling.confidence == 0.7
    assert feeling.why == "the voice resembles happy 0.70, surprised 0.20, sad 0.10, told at 0.80"
    quiet, loud = heard_feeling(where, evenly(0.0)), heard_feeling(where, evenly(1.0))
    assert quiet.strengths["happy"] == pytest.approx(0.4 * 0.7, abs=1e-3)
    assert loud.strengths["happy"] == pytest.approx(0.7, abs=1e-3)
    assert quiet.prior is not None and loud.prior is not None
    np.testing.assert_allclose(quiet.prior.mean - neutral.mean, 0.5 * (where.mean - neutral.mean), atol=1e-4)
    np.testing.assert_allclose(loud.prior.mean - neutral.mean, 1.25 * (where.mean - neutral.mean), atol=1e-4)


def test_what_it_resembles_most_says_how_strong_it_is(monkeypatch: pytest.MonkeyPatch) -> None:
    like(monkeypatch, happy=0.6, neutral=0.2, sad=0.2)
    told = {**evenly(0.0), "happy": 1.0, "neutral": 0.0}
    assert heard_feeling(prior(*[0.0] * 256), told).intensity == pytest.approx(0.85 * 0.8, abs=2e-3)


def test_an_unsure_voice_is_neutral_and_says_so(monkeypatch: pytest.MonkeyPatch) -> None:
    like(monkeypatch, happy=0.45, sad=0.4, fear=0.15)
    feeling = heard_feeling(prior(*[0.0] * 256), evenly(0.9))
    assert feeling.strengths == {} and feeling.confidence == 0.45
    assert feeling.prior is shipped_space().priors["neutral"] and feeling.space is shipped_space()
    assert feeling.why == "not sure enough of the voice (happy 0.45, sad 0.40, fear 0.15): neutral"
    like(monkeypatch, neutral=0.9, sad=0.1)
    assert heard_feeling(prior(*[0.0] * 256), evenly(0.9)).strengths == {}


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
    starts = [0, 38, 88, 138, len(rows) - 74]
    alone = [shipped_embedder().embed(rows[start : start + 74], None) for start in starts]
    frames, strength = voice_frames(voice), VoiceStrength.load()
    told = [strength.told(frames, 4 * start, 4 * start + 4 * 74).strengths for start in starts]
    expected = [heard_feeling(mood, one) for mood, one in zip(smoothed(alone), told, strict=True)]
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
    assert isinstance(feeling, Feeling) and list(feeling.strengths) == ["happy", "surprised"]
    assert 0.4 < feeling.intensity < 0.8  # calmly said
    track = video.conditions.emotion
    np.testing.assert_array_equal(track.weights, np.tile(feeling.mixture(), (30, 1)))
    assert track.priors is not None and isinstance(feeling.prior, Prior)
    np.testing.assert_array_equal(track.priors.means, np.tile(feeling.prior.mean, (30, 1)))
