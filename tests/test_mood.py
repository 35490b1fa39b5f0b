"""Hearing a mood: from a tiny embedder of our own making to `--emotion auto`; the shipped one where it matters."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from click.testing import CliRunner
from dicetalk.mood import UNHEARD, Listener, Mood, mood_of
from scipy.io import wavfile

import dicetalk
from dicetalk.cli import cli
from dicetalk.emotion.embedding import SHIPPED
from dicetalk.emotion.priors import Prior, read_priors, read_space, save_priors
from dicetalk.emotion.timeline import Emotion, Timeline, is_heard
from dicetalk.emotion.vocabulary import NAMES
from dicetalk.errors import CheckpointError, EmotionError, InputError, MediaError
from dicetalk.media import SPEECH_RATE, Picture, VideoWriter, Waveform, read_sound, read_video
from dicetalk.recording import Recording, heard, perceive

HEARD = tuple(name for name in NAMES if name not in UNHEARD)


@pytest.fixture(scope="module")
def listener() -> Listener:
    return Listener()


@pytest.fixture(scope="module")
def short(voice: Waveform) -> Waveform:
    return voice[: 2 * SPEECH_RATE]


def flat(width: int, value: float = 1) -> Prior:
    return Prior(np.full(width, value, np.float32), np.full(width, value, np.float32))


def mood(**shares: float) -> Mood:
    return Mood(flat(256, 0), tuple(shares.get(name, 0.0) for name in NAMES))


def test_a_mood_becomes_a_mixture() -> None:
    found = mood(happy=0.7, surprised=0.2, sad=0.1)
    assert (found.name, found.confidence) == ("happy", 0.7)
    assert found.emotion() == Emotion.parse("happy:0.56,surprised:0.16")


def test_an_unsure_mood_is_neutral() -> None:
    assert mood(happy=0.45, sad=0.4, fear=0.15).emotion() == Emotion()
    assert replace(mood(happy=0.45, sad=0.4, fear=0.15), least=0.4).emotion() != Emotion()
    assert mood(neutral=0.9, sad=0.1).emotion() == Emotion()


def test_hearing(listener: Listener, short: Waveform) -> None:
    gaussian = listener.embed(heard(short))
    assert gaussian.mean.shape == (256,) and (gaussian.std > 0).all()
    found = listener.perceive([heard(short)])
    assert found.names == HEARD and sum(found.shares) == pytest.approx(1, abs=1e-5)
    np.testing.assert_allclose(found.prior.mean, gaussian.mean)
    np.testing.assert_allclose(listener.perceive([heard(short)] * 2).prior.mean, found.prior.mean)


def test_the_three_ways_to_ask(listener: Listener, short: Waveform, tmp_path: Path) -> None:
    auto = mood_of("auto", short, listener)
    wavfile.write(tmp_path / "other.wav", SPEECH_RATE, short)
    like = mood_of(f"like:{tmp_path / 'other.wav'}", short[:8000], listener)
    assert like.shares == auto.shares
    save_priors(tmp_path / "mood.safetensors", {"mood": auto.prior})
    stored = mood_of(str(tmp_path / "mood.safetensors"), short[:8000], listener)
    assert stored.names == NAMES
    assert auto.least > 0 == like.least == stored.least  # nobody asked for what auto hears
    np.testing.assert_array_equal(stored.prior.mean, auto.prior.mean)


def test_ways_that_fail(listener: Listener, short: Waveform, tmp_path: Path) -> None:
    with pytest.raises(MediaError):
        mood_of("like:gone.wav", short, listener)
    save_priors(tmp_path / "wide.safetensors", {"mood": flat(9)})
    with pytest.raises(CheckpointError, match="9 numbers"):
        mood_of(str(tmp_path / "wide.safetensors"), short, listener)
    save_priors(tmp_path / "two.safetensors", dict.fromkeys("ab", flat(256)))
    with pytest.raises(EmotionError, match="2 emotions; add :NAME, one of: a, b"):
        mood_of(str(tmp_path / "two.safetensors"), short, listener)
    with pytest.raises(CheckpointError):
        Listener(tmp_path)


def test_what_is_heard_and_what_is_typed() -> None:
    assert all(is_heard(text) for text in ("auto", "like:a.wav", "mood.safetensors", Path("mood.safetensors")))
    assert not any(is_heard(text) for text in ("happy", "mood.json", "happy:0.7,sad:0.2", Emotion()))


def test_the_command(listener: Listener, short: Waveform, tmp_path: Path) -> None:
    wavfile.write(tmp_path / "a.wav", SPEECH_RATE, short)
    out = tmp_path / "mood.safetensors"
    line = ["embed", str(tmp_path / "a.wav"), "-o", str(out), "--checkpoint", str(SHIPPED), "--json"]
    done = CliRunner().invoke(cli, line, catch_exceptions=False)
    told = json.loads(done.output)
    assert told["output"] == str(out) and told["emotion"] in HEARD
    assert sum(told["shares"].values()) == pytest.approx(1, abs=1e-3)
    assert read_priors(out)["mood"].mean.shape == (256,)
    assert read_space(out) == listener.embedder.space


shipped = pytest.mark.skipif(not SHIPPED.is_dir(), reason="no embedder is shipped")


@shipped
def test_the_shipped_embedder(voice: Waveform) -> None:
    listener = Listener()
    assert set(NAMES) <= set(listener.priors)
    found = listener.perceive([heard(voice)])
    assert np.isfinite(found.prior.mean).all()
    for name in NAMES:  # every stored emotion resembles itself most
        assert listener.resembled(listener.priors[name]).name == name


@shipped
def test_a_video_with_the_emotion_of_its_speech(hopper: Path, speech: Path) -> None:
    emotion = Listener().perceive([heard(read_sound(speech).waveform)]).emotion()
    video = dicetalk.load()(hopper, speech, emotion="auto", size=64)
    assert video.emotion == Timeline.of(emotion)


@shipped
def test_what_was_heard_is_told(hopper: Path, speech: Path, tmp_path: Path) -> None:
    words = [
        "generate",
        str(hopper),
        str(speech),
        "-e",
        f"like:{speech}",
        "-o",
        str(tmp_path / "a.mp4"),
        "--size",
        "128",
    ]
    done = CliRunner().invoke(cli, words, catch_exceptions=False)
    assert "heard " in done.stderr and "confidence 0." in done.stderr
    assert (tmp_path / "a.mp4").stat().st_size > 1000


@pytest.fixture(scope="module")
def talking(tmp_path_factory: pytest.TempPathFactory, hopper: Path, speech: Path) -> Path:
    """Grace Hopper, happy, 30 frames."""
    path = tmp_path_factory.mktemp("talking") / "clip.mp4"
    return dicetalk.load()(hopper, speech, emotion="happy", size=256, crop=True).save(path)


def silent(frames: int, picture: np.ndarray, path: Path) -> Path:
    with VideoWriter(path, width=picture.shape[1], height=picture.shape[0]) as video:
        video.write(np.stack([picture] * frames))
    return path


def test_a_video_is_heard_and_seen(talking: Path, listener: Listener) -> None:
    recording = perceive(talking)
    assert recording.lacks == ""
    assert recording.speech is not None and recording.motion is not None
    assert recording.speech.shape == (30, 85) and recording.motion.shape == (30, 58)
    both = listener.perceive([recording])
    assert both.names == NAMES
    alone = listener.perceive([Recording(recording.speech, None)])
    assert not np.allclose(both.prior.mean, alone.prior.mean)
    assert mood_of(f"like:{talking}", np.zeros(8000, np.int16), listener).shares == pytest.approx(both.shares)


def test_a_face_without_sound_goes_on(talking: Path, tmp_path: Path) -> None:
    path = tmp_path / "silent.mp4"
    with VideoWriter(path, width=256, height=256) as video:
        for frame in read_video(talking):
            video.write(frame)
    recording = perceive(path)
    assert recording.speech is None and recording.motion is not None
    assert "has no sound" in recording.lacks


def test_a_voice_without_a_face_goes_on(no_face: Picture, speech: Path, tmp_path: Path) -> None:
    path = tmp_path / "nobody.mp4"
    with VideoWriter(path, width=320, height=240, speech=read_sound(speech)) as video:
        video.write(np.stack([no_face] * 30))
    recording = perceive(path)
    assert recording.motion is None and recording.speech is not None
    assert "shows no face" in recording.lacks
    done = CliRunner().invoke(cli, ["embed", str(path)], catch_exceptions=False)
    assert "going on with the other modality" in done.stderr and "shows no face" in done.stderr


def test_nothing_to_hear_and_nothing_to_see(no_face: Picture, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="neither voice nor face"):
        perceive(silent(5, no_face, tmp_path / "nothing.mp4"))
