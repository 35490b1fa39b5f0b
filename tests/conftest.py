"""What many tests need: a real portrait, real speech cut short, portraits that lie beside the repository."""

from __future__ import annotations

import csv
import gc
import os
import re
from collections import Counter
from collections.abc import Generator
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pytest
from once import once
from places import SHARED, TESTS
from safetensors.numpy import save_file
from scipy.io import wavfile

import dicetalk
from dicetalk import assets
from dicetalk.data.prepare import COLUMNS
from dicetalk.emotion.vocabulary import NAMES
from dicetalk.face import Face, choose_face, find_faces
from dicetalk.media import Picture, Waveform, read_picture, read_sound
from dicetalk.rates import SPEECH_RATE
from dicetalk.speech.rows import COLUMNS as SPEECH_COLUMNS

if find_spec("hypothesis") is not None:  # the tests have no clock: a busy machine makes none of them fail
    from hypothesis import settings as examples

    examples.register_profile("no clock", deadline=None)
    examples.load_profile("no clock")


def pytest_addoption(parser: pytest.Parser) -> None:
    parser.addoption("--slow", action="store_true", help="the tests that are marked slow as well")
    parser.addoption(
        "--hostile", action="store_true", help="every case of tests/hostile at every door, not at one each"
    )


def pytest_collection_modifyitems(config: pytest.Config, items: list[pytest.Item]) -> None:
    """Slow tests are left out where nobody asks for them, and are counted in the line at the end."""
    if config.getoption("--slow"):
        return
    for item in items:
        if item.get_closest_marker("slow"):
            item.add_marker(pytest.mark.skip(reason="slow, which `make full` runs too"))


@pytest.hookimpl(optionalhook=True)
def pytest_xdist_auto_num_workers() -> int:
    """One more than there are cores: a sixth of the time tests wait, for servers, browsers and each other."""
    return len(os.sched_getaffinity(0)) + 1 if hasattr(os, "sched_getaffinity") else (os.cpu_count() or 1) + 1


def pytest_collection_finish() -> None:
    """What all tests import stays to the end: looking through it for garbage took a seventh of the time."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(20_000, 20, 20)


@pytest.fixture(scope="session", autouse=True)
def settings(tmp_path_factory: pytest.TempPathFactory) -> Generator[None]:
    """A folder of settings that is nobody's: signing makes a key in it."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setenv("XDG_CONFIG_HOME", str(tmp_path_factory.mktemp("settings")))
        yield


@pytest.fixture(scope="session")
def hopper() -> Path:
    """Grace Hopper's photograph, 512 x 600."""
    return TESTS / "pictures" / "hopper.jpg"


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
    return read_sound(assets.speech()).waveform


@pytest.fixture(scope="session")
def speech(voice: Waveform, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """1.2 s of it, "I am only a picture", which is 30 frames."""
    path = tmp_path_factory.mktemp("speech") / "speech.wav"
    wavfile.write(path, SPEECH_RATE, voice[int(0.8 * SPEECH_RATE) : int(2.0 * SPEECH_RATE)])
    return path


@pytest.fixture(scope="session")
def talking(tmp_path_factory: pytest.TempPathFactory, hopper: Path, speech: Path) -> Path:
    """A video of Grace Hopper saying that, happy, 256 x 256."""

    def make(folder: Path) -> None:
        dicetalk.load()(hopper, speech, emotion="happy", size=256, crop=True).save(folder / "clip.mp4")

    return once(tmp_path_factory, "talking", make) / "clip.mp4"


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
        voice = rng.normal(size=len(SPEECH_COLUMNS))
        for emotion in ("neutral", "happy", "sad"):
            name, number = f"{who}_{emotion}", NAMES.index(emotion)
            speech, motion = (
                rng.normal(size=(24, len(SPEECH_COLUMNS))) * 0.3 + voice * 0.3,
                rng.normal(size=(2, 24, 58)) * 0.1,
            )
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


@pytest.fixture(scope="session")
def tiny_embedder(prepared: Path, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny embedder, fresh from training on those people, for which dora was held out; tests only read it."""
    from learning import TINY

    from dicetalk.training.stage1_embedder import train_embedder

    return once(tmp_path_factory, "embedder", lambda folder: train_embedder([prepared], folder, TINY))


@pytest.fixture(scope="session")
def tiny_motion(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny motion model; tests only read it."""
    pytest.importorskip("torch", reason="a model for a test is made with it: `make develop`")
    from motion_tiny import write_tiny

    return once(tmp_path_factory, "motion", write_tiny)


@pytest.fixture(scope="session")
def tiny_svd(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A tiny checkpoint of the svd backbone; tests only read it."""
    from svd_tiny import write_checkpoint

    return once(tmp_path_factory, "svd", write_checkpoint)


EXTRAS = (
    "accelerate",
    "c2pa",
    "cryptography",
    "diffusers",
    "fastapi",
    "h11",
    "httpx",
    "huggingface_hub",
    "matplotlib",
    "onnx",
    "onnx_ir",
    "onnxscript",
    "prometheus_client",
    "psutil",
    "ray",
    "starlette",
    "torch",
    "transformers",
    "uvicorn",
)
"""Packages that only some tests need; what a file imports tells which."""


@pytest.hookimpl(wrapper=True)
def pytest_make_collect_report(
    collector: pytest.Collector,
) -> Generator[None, pytest.CollectReport, pytest.CollectReport]:
    """A file of tests that imports an extra which is not installed is left out, and says so, instead of failing."""
    report = yield
    missing = re.search(r"No module named '(\w+)", str(report.longrepr)) if report.failed else None
    if missing and missing[1] in EXTRAS:
        report.outcome = "skipped"
        report.longrepr = (str(collector.path), 0, f"Skipped: needs {missing[1]}, which `make develop` installs")
    return report


def pytest_terminal_summary(terminalreporter: pytest.TerminalReporter) -> None:
    """One line about what was left out on this machine, and why."""
    skipped = terminalreporter.stats.get("skipped", [])
    reasons = Counter(str(report.longrepr[2]).removeprefix("Skipped: ") for report in skipped)
    told = "; ".join(f"{count} x {reason}" for reason, count in reasons.most_common())
    terminalreporter.write_line(f"left out: {len(skipped)}{f' ({told})' if told else ''}")


@pytest.fixture(scope="session", autouse=True)
def one_thread() -> None:
    """Threads of several processes on few cores wait for each other: one is faster here, and steadier."""
    if find_spec("torch") is not None:
        import torch

        torch.set_num_threads(1)
