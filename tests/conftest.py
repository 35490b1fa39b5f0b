"""What many tests need: a real portrait, real speech cut short, portraits that lie beside the repository."""

from __future__ import annotations

import csv
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file
from scipy.io import wavfile

from dicetalk.cli.demo import demo_speech
from dicetalk.data.prepare import COLUMNS
from dicetalk.emotion.vocabulary import NAMES
from dicetalk.face import Face, choose_face, find_faces
from dicetalk.media import SPEECH_RATE, Picture, Waveform, read_picture, read_sound

SHARED = Path(__file__).resolve().parents[1].parent / "shared"


@pytest.fixture(scope="session")
def hopper() -> Path:
    """Grace Hopper's photograph, 512 x 600."""
    return Path(__file__).parent / "pictures" / "hopper.jpg"


@pytest.fixture(scope="session")
def hopper_picture(hopper: Path) -> Picture:
    return read_picture(hopper)


@pytest.fixture(scope="session")
def face(hopper_picture: Picture) -> Face:
    """Hers, in that photograph."""
    return choose_face(find_faces(hopper_picture))


@pytest.fixture(scope="session")
def voice() -> Waveform:
    """All of the demo's speech, 9.3 s."""
    return read_sound(demo_speech()).waveform


@pytest.fixture(scope="session")
def speech(voice: Waveform, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """1.2 s of it, "I am only a picture", which is 30 frames."""
    path = tmp_path_factory.mktemp("speech") / "speech.wav"
    wavfile.write(path, SPEECH_RATE, voice[int(0.8 * SPEECH_RATE) : int(2.0 * SPEECH_RATE)])
    return path


@pytest.fixture(scope="session")
def portraits() -> Path:
    """The folder of real portraits beside the repository."""
    folder = SHARED / "data" / "portraits"
    if not folder.is_dir():
        pytest.skip("needs ../shared/data/portraits, which a clone does not have")
    return folder


@pytest.fixture(scope="session")
def bugs() -> Path:
    """The folder of inputs that went wrong once, beside the repository."""
    folder = SHARED / "bugs"
    if not folder.is_dir():
        pytest.skip("needs ../shared/bugs, which a clone does not have")
    return folder


@pytest.fixture(scope="session")
def no_face() -> Picture:
    """A smooth picture (240, 320, 3) without a face."""
    down, across = np.mgrid[0:240, 0:320]
    return np.stack([down, across * 0.75, 240 - down], axis=2).astype(np.uint8)


@pytest.fixture(scope="session")
def prepared(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A prepared folder of four people; each emotion holds another column up."""
    folder = tmp_path_factory.mktemp("prepared")
    (folder / "clips").mkdir()
    rng = np.random.default_rng(0)
    rows = []
    for who in ("ann", "bob", "cid", "dora"):
        voice = rng.normal(size=85)
        for emotion in ("neutral", "happy", "sad"):
            name, number = f"{who}_{emotion}", NAMES.index(emotion)
            speech, motion = rng.normal(size=(24, 85)) * 0.3 + voice * 0.3, rng.normal(size=(2, 24, 58)) * 0.1
            speech[:, 10 * number : 10 * number + 8] += 2
            motion[..., number] += 1
            tensors = {"speech": speech.astype(np.float16), "motion": motion.astype(np.float16)}
            save_file(tensors, folder / "clips" / f"{name}.safetensors")
            rows.append(dict(zip(COLUMNS, (name, "folder", who, emotion, 0.8, "", 24, 1, 0, "", ""), strict=True)))
    with (folder / "clips.csv").open("w", newline="") as file:
        writer = csv.DictWriter(file, COLUMNS)
        writer.writeheader()
        writer.writerows(rows)
    return folder


# What learns needs torch, the svd backbone its whole extra.
collect_ignore_glob: list[str] = []
if find_spec("torch") is None:
    collect_ignore_glob += ["test_augment.py", "test_emotion_*", "test_training_*", "test_voices.py"]
if find_spec("torch") is None or find_spec("diffusers") is None:
    collect_ignore_glob += ["test_svd_*", "test_official_*", "test_emotion_bank.py", "test_sampling.py"]


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> None:
    """Threads of several processes on few cores wait for each other: one is faster here, and steadier."""
    if find_spec("torch") is not None:
        import torch

        torch.set_num_threads(1)
