"""`like:FILE`: the emotion of another recording, a sound or a video, heard and seen."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from scipy.io import wavfile

from dicetalk.emotion.embedding import shipped_embedder
from dicetalk.emotion.priors import VOICE_LIKENESS, average
from dicetalk.emotion.space import shipped_space
from dicetalk.emotion.vocabulary import HEARD, NAMES
from dicetalk.errors import InputError, MediaError
from dicetalk.media import Picture, VideoWriter, Waveform, read_sound, read_video
from dicetalk.rates import SPEECH_RATE
from dicetalk.recording import Recording, heard, perceive
from dicetalk.sources.like import Like, recording_feeling, resembled
from dicetalk.sources.scheme import source_of
from dicetalk.speech import Hearing

NOTHING = Hearing(np.zeros(8000, np.int16))
"""The driving speech, which `like` does not listen to."""


@pytest.fixture(autouse=True)
def deaf(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(Hearing, "whole", lambda self: pytest.fail("it listened to the driving speech"))


@pytest.fixture(scope="module")
def short(voice: Waveform) -> Waveform:
    return voice[: 2 * SPEECH_RATE]


def test_a_voice(short: Waveform, tmp_path: Path) -> None:
    wavfile.write(tmp_path / "other.wav", SPEECH_RATE, short)
    timeline = source_of(f"like:{tmp_path / 'other.wav'}").feel(NOTHING)
    ((time, feeling),) = timeline.keys
    prior = shipped_embedder().embed(heard(short).speech, None)
    found = shipped_space().likeness(prior, HEARD, VOICE_LIKENESS)
    assert time == 0 and timeline.lacks == "" and feeling.space is shipped_space() and feeling.prior is not None
    np.testing.assert_allclose(feeling.prior.mean, prior.mean, atol=1e-6)
    np.testing.assert_allclose(feeling.prior.std, prior.std, atol=1e-6)
    assert feeling.strengths == pytest.approx(found.strengths(0.8))
    assert feeling.confidence == pytest.approx(found.confidence)
    assert feeling.why == f"voice resembles {found}"


def test_it_is_never_neutral_for_want_of_confidence(short: Waveform, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("dicetalk.sources.heard.LEAST_CONFIDENCE", 1.0)
    rows = heard(short).speech
    assert rows is not None
    rng = np.random.default_rng(0)
    recordings = [Recording(rows + scale * rng.normal(size=rows.shape).astype(np.float32), None) for scale in (0, 1, 3)]
    for recording in recordings:
        prior, like = resembled([recording], shipped_embedder())
        feeling = recording_feeling(recording)
        assert feeling.prior is not None and feeling.strengths == pytest.approx(like.strengths(0.8))
        np.testing.assert_array_equal(feeling.prior.mean, prior.mean)


@pytest.mark.slow
def test_a_video_is_heard_and_seen(talking: Path) -> None:
    recording = perceive(talking)
    prior, both = resembled([recording], shipped_embedder())
    assert both.names == NAMES
    alone, voice = resembled([Recording(recording.speech, None)], shipped_embedder())
    assert voice.names == HEARD and not np.allclose(prior.mean, alone.mean)
    timeline = Like(talking).feel(NOTHING)
    ((_, feeling),) = timeline.keys
    assert timeline.lacks == "" and feeling.prior is not None
    np.testing.assert_allclose(feeling.prior.mean, prior.mean, atol=1e-6)
    assert feeling.confidence == pytest.approx(both.confidence)
    assert feeling.why == f"voice and face resemble {both}"


def test_several_are_averaged(short: Waveform) -> None:
    one, other = heard(short[:SPEECH_RATE]), heard(short[SPEECH_RATE:])
    prior, like = resembled([one, other], shipped_embedder())
    expected = average([shipped_embedder().embed(clip.speech, None) for clip in (one, other)])
    np.testing.assert_allclose(prior.mean, expected.mean)
    assert like.names == HEARD and sum(like.shares) == pytest.approx(1, abs=1e-5)
    again, _ = resembled([one, one], shipped_embedder())
    np.testing.assert_allclose(again.mean, shipped_embedder().embed(one.speech, None).mean, atol=1e-6)


@pytest.mark.slow
def test_what_is_missing_is_told(talking: Path, speech: Path, no_face: Picture, tmp_path: Path) -> None:
    with VideoWriter(tmp_path / "silent.mp4", width=256, height=256) as video:
        for frame in read_video(talking):
            video.write(frame)
    timeline = Like(tmp_path / "silent.mp4").feel(NOTHING)
    assert "has no sound" in timeline.lacks and timeline.keys[0][1].why.startswith("face resembles ")
    with VideoWriter(tmp_path / "nobody.mp4", width=320, height=240, speech=read_sound(speech)) as video:
        video.write(np.stack([no_face] * 30))
    timeline = Like(tmp_path / "nobody.mp4").feel(NOTHING)
    assert "shows no face" in timeline.lacks and timeline.keys[0][1].why.startswith("voice resembles ")


def test_ways_that_fail(no_face: Picture, tmp_path: Path) -> None:
    with pytest.raises(MediaError, match=r"gone\.wav cannot be opened"):
        Like(tmp_path / "gone.wav").feel(NOTHING)
    with VideoWriter(tmp_path / "nothing.mp4", width=320, height=240) as video:
        video.write(np.stack([no_face] * 5))
    with pytest.raises(InputError, match="neither voice nor face"):
        Like(tmp_path / "nothing.mp4").feel(NOTHING)
