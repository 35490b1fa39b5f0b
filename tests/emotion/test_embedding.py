"""The embedder as it ships, by onnxruntime and without torch; what is damaged is refused."""

from __future__ import annotations

import json
import shutil
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest
from scipy.io import wavfile

from dicetalk.arrays import Float32
from dicetalk.checkpoints import CONFIG, write_config
from dicetalk.emotion.embedding import GRAPH, LONGEST, Embedder, shipped_embedder
from dicetalk.emotion.priors import save_priors
from dicetalk.emotion.road import track
from dicetalk.emotion.space import KIND, PRIORS, SHIPPED, VERSION, WEIGHTS, shipped_space, space_of
from dicetalk.emotion.timeline import Timeline
from dicetalk.emotion.vocabulary import NAMES
from dicetalk.errors import CheckpointError
from dicetalk.media import Waveform
from dicetalk.rates import SPEECH_RATE
from dicetalk.recording import Recording
from dicetalk.sources.like import resembled
from dicetalk.sources.scheme import source_of
from dicetalk.speech import Hearing
from dicetalk.speech.rows import COLUMNS

SPEECH = len(COLUMNS)


@pytest.fixture(scope="module")
def embedder() -> Embedder:
    return Embedder()


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    """The shipped folder, to be damaged."""
    return Path(shutil.copytree(SHIPPED, tmp_path / "embedder"))


def rows(frames: int, columns: int, seed: int = 0) -> Float32:
    return np.random.default_rng(seed).standard_normal((frames, columns), np.float32)


def told(folder: Path) -> dict[str, object]:
    config: dict[str, object] = json.loads((folder / CONFIG).read_text())
    return config


@pytest.mark.parametrize("frames", [1, 3, 5, 30])
def test_every_length_and_stream(embedder: Embedder, frames: int) -> None:
    speech, motion = rows(frames, SPEECH), rows(frames, 58)
    found = [embedder.embed(*streams) for streams in ((speech, motion), (speech, None), (None, motion))]
    for prior in found:
        assert prior.mean.shape == prior.std.shape == (256,)
        assert prior.mean.dtype == np.float32 and np.isfinite(prior.mean).all() and (prior.std > 0).all()
    assert not np.allclose(found[0].mean, found[1].mean) and not np.allclose(found[0].mean, found[2].mean)


def test_speech_and_motion_of_other_lengths(embedder: Embedder) -> None:
    with pytest.raises(ValueError, match="speech has 12 frames, motion 13; cut both"):
        embedder.embed(np.zeros((12, 117), np.float32), np.zeros((13, 58), np.float32))


def test_a_minute_is_one_piece_and_more_are_averaged(embedder: Embedder) -> None:
    speech = rows(LONGEST + 300, SPEECH)
    whole, halves = embedder.embed(speech, None), np.split(speech, 2)
    parts = [embedder.embed(half, None) for half in halves]
    means = np.stack([part.mean for part in parts])
    np.testing.assert_allclose(whole.mean, means.mean(0), atol=1e-5)
    variance = np.stack([part.std for part in parts]).astype(float) ** 2
    np.testing.assert_allclose(whole.std**2, variance.mean(0) + means.var(0), rtol=1e-4, atol=1e-7)
    minute = speech[:LONGEST]
    cut = np.mean([embedder.embed(part, None).mean for part in np.split(minute, 2)], axis=0)
    assert not np.allclose(embedder.embed(minute, None).mean, cut, atol=1e-5)


def test_what_ships_says_what_it_is(embedder: Embedder) -> None:
    assert told(SHIPPED)["vocabulary"] == list(NAMES)
    assert embedder.space.name == told(SHIPPED)["space"] == space_of((SHIPPED / WEIGHTS).read_bytes())
    assert len(embedder.space.name) == 16 and int(embedder.space.name, 16)
    assert embedder.space is shipped_space() and shipped_embedder() is shipped_embedder()


@pytest.mark.parametrize("name", [WEIGHTS, GRAPH, PRIORS, CONFIG])
def test_a_file_that_is_missing(name: str, copy: Path) -> None:
    (copy / name).unlink()
    with pytest.raises(CheckpointError):
        Embedder(copy)


@pytest.mark.parametrize("name", [WEIGHTS, GRAPH, PRIORS, CONFIG])
@pytest.mark.parametrize("damage", [lambda content: content[: len(content) // 2], lambda _: b"noise", lambda _: b""])
def test_a_file_that_is_damaged(name: str, damage: object, copy: Path) -> None:
    assert callable(damage)
    (copy / name).write_bytes(damage((copy / name).read_bytes()))
    with pytest.raises(CheckpointError) as raised:
        Embedder(copy)
    assert "\n" not in str(raised.value)


def test_one_flipped_bit_of_the_weights(copy: Path) -> None:
    content = bytearray((copy / WEIGHTS).read_bytes())
    content[-1] ^= 1
    (copy / WEIGHTS).write_bytes(content)
    with pytest.raises(CheckpointError, match="is not the file"):
        Embedder(copy)


def test_other_folders(tmp_path: Path, copy: Path) -> None:
    with pytest.raises(CheckpointError, match="no folder"):
        Embedder(tmp_path / "gone")
    config = {key: value for key, value in told(copy).items() if key not in ("kind", "version")}
    write_config(copy, "svd", VERSION, config)
    with pytest.raises(CheckpointError, match="does not hold a embedder"):
        Embedder(copy)
    write_config(copy, KIND, VERSION - 1, config)
    with pytest.raises(CheckpointError, match=f"reads version {VERSION}"):
        Embedder(copy)


def test_a_vocabulary_of_its_own(copy: Path) -> None:
    config = {key: value for key, value in told(copy).items() if key not in ("kind", "version")}
    names = ("neutral", "happy", "sad")
    write_config(copy, KIND, VERSION, {**config, "vocabulary": names})
    priors = shipped_space().priors
    save_priors(copy / PRIORS, {name: priors[name] for name in names})
    embedder = Embedder(copy)
    recording = Recording(rows(30, SPEECH), rows(30, 58))
    for heard in (recording, Recording(recording.speech, None), Recording(None, recording.motion)):
        prior, like = resembled([heard], embedder)
        assert like.names == names and sum(like.shares) == pytest.approx(1, abs=1e-5)
        assert set(embedder.space.feeling(prior, like, "").strengths) <= set(names)
    assert embedder.space.likeness(priors["angry"]).names == names
    write_config(copy, KIND, VERSION, {**config, "vocabulary": [*names, "proud"]})
    with pytest.raises(CheckpointError, match="no prior of 'proud'"):
        Embedder(copy)


def test_auto_and_like_with_a_vocabulary_that_lacks_names(
    copy: Path, voice: Waveform, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    names = ("neutral", "happy", "contempt")
    config = {key: value for key, value in told(copy).items() if key not in ("kind", "version")}
    write_config(copy, KIND, VERSION, {**config, "vocabulary": names})
    save_priors(copy / PRIORS, {name: shipped_space().priors[name] for name in names})
    embedder = Embedder(copy)
    for place in ("heard", "like"):
        monkeypatch.setattr(f"dicetalk.sources.{place}.shipped_embedder", lambda: embedder)
    monkeypatch.setattr("dicetalk.sources.heard.shipped_space", lambda: embedder.space)
    wavfile.write(tmp_path / "other.wav", SPEECH_RATE, voice[:SPEECH_RATE])
    hearing = Hearing(voice[: 2 * SPEECH_RATE])
    for text in ("auto", "auto:1", f"like:{tmp_path / 'other.wav'}"):
        timeline = source_of(text).feel(hearing)
        felt = [feeling for _, feeling in timeline.keys]
        assert all(feeling.space is embedder.space and set(feeling.strengths) <= {"happy"} for feeling in felt)
        mixed = Timeline([(0.0, felt[0]), (1.0, "sad")])  # sad has no prior there: neutral
        found = track(mixed, [5.0]).priors
        assert found is not None
        np.testing.assert_allclose(found.means[0], embedder.space.priors["neutral"].mean, atol=1e-5)


WITHOUT_TORCH = """
import sys
class Blocked:
    def find_spec(self, name, path=None, target=None):
        if name.partition(".")[0] == "torch":
            raise ImportError("torch is not installed")
sys.meta_path.insert(0, Blocked())
from dicetalk.cli import cli
from dicetalk.cli.failures import run
assert run(cli, sys.argv[1:]) == 0
print(*sorted({name.partition(".")[0] for name in sys.modules}), file=sys.stderr)
"""


@pytest.fixture(scope="module")
def desk(voice: Waveform, hopper: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A folder to work in, with a portrait, a speech of 1 s and an own emotion."""
    folder = tmp_path_factory.mktemp("desk")
    wavfile.write(folder / "speech.wav", SPEECH_RATE, voice[SPEECH_RATE : 2 * SPEECH_RATE])
    shutil.copy(hopper, folder / "face.jpg")
    save_priors(folder / "mine.safetensors", {"cross": shipped_space().priors["angry"]}, shipped_space().name)
    return folder


@pytest.mark.slow
@pytest.mark.parametrize(
    "line",
    [
        "embed speech.wav --name tender -o new.safetensors",
        "emotions mine.safetensors",
        "generate face.jpg speech.wav --size 64 -o auto.mp4 -e auto",
        "generate face.jpg speech.wav --size 64 -o like.mp4 -e like:speech.wav",
        "generate face.jpg speech.wav --size 64 -o own.mp4 -e mine.safetensors:cross:0.5",
    ],
)
def test_commands_without_torch(line: str, desk: Path) -> None:
    words = [sys.executable, "-c", WITHOUT_TORCH, *line.split()]
    done = subprocess.run(words, cwd=desk, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    loaded = set(done.stderr.splitlines()[-1].split())
    assert ("onnxruntime" in loaded) == (not line.startswith("emotions")) and "torch" not in loaded
    if not line.startswith("generate"):
        assert {"cv2", "mediapipe", "scipy", "numba"}.isdisjoint(loaded)
