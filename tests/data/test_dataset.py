"""Preparing a corpus and reading it back: resumable, the same with any number of workers, bad files named."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np
import pytest
import torch
from safetensors.numpy import load_file
from scipy.io import wavfile

from dicetalk.data.augment import Augmentation, Misreading
from dicetalk.data.dataset import draw, load_recordings, whole
from dicetalk.data.prepare import Report, prepare
from dicetalk.data.ravdess import read_ravdess
from dicetalk.data.samples import Preparation
from dicetalk.errors import InputError
from dicetalk.media import Waveform
from dicetalk.rates import SPEECH_RATE

GOOD = ["03-01-01-01-01-01-01", "03-01-05-02-01-01-01", "03-01-03-01-02-01-02"]
OPTIONS = Preparation(faces=2)


@pytest.fixture(scope="module")
def source(voice: Waveform, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Three clips of 1 s to 1.4 s by two people, a silent one, a truncated one, one with another name."""
    folder = tmp_path_factory.mktemp("ravdess")
    for number, name in enumerate(GOOD):
        wavfile.write(folder / f"{name}.wav", SPEECH_RATE, voice[16000 : 32000 + 3200 * number])
    wavfile.write(folder / "03-01-04-01-01-01-02.wav", SPEECH_RATE, np.zeros(16000, np.int16))
    (folder / "03-01-06-01-01-01-02.wav").write_bytes((folder / f"{GOOD[0]}.wav").read_bytes()[:30])
    (folder / "renamed.wav").write_bytes(b"x")
    return folder


@pytest.fixture(scope="module")
def prepared(source: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Report]:
    out = tmp_path_factory.mktemp("prepared")
    return out, prepare(read_ravdess(source), out, OPTIONS)


def test_what_is_prepared(prepared: tuple[Path, Report]) -> None:
    out, report = prepared
    assert (report.clips, report.new) == (3, 3)
    reasons = {drop.file.name: drop.reason for drop in report.dropped}
    assert "silent" in reasons["03-01-04-01-01-01-02.wav"]
    assert set(reasons) == {"03-01-04-01-01-01-02.wav", "03-01-06-01-01-01-02.wav", "renamed.wav"}
    with (out / "dropped.csv").open() as file:
        assert {row["file"]: row["reason"] for row in csv.DictReader(file)} == reasons
    tensors = load_file(out / "clips" / f"{GOOD[0]}.safetensors")
    assert {name: t.shape for name, t in tensors.items()} == {
        "speech": (25, 117),
        "voices": (3, 25, 117),
        "motion": (2, 25, 58),
        "contempt": (2, 25, 58),
    }


def test_the_same_call_resumes(source: Path, prepared: tuple[Path, Report], tmp_path: Path) -> None:
    whole_run = {file.name: file.read_bytes() for file in (prepared[0] / "clips").iterdir()}
    prepare(read_ravdess(source), tmp_path, OPTIONS)
    (tmp_path / "clips" / f"{GOOD[1]}.safetensors").unlink()
    (tmp_path / "clips" / f"{GOOD[2]}.safetensors").write_bytes(b"cut off")
    seen = []
    report = prepare(read_ravdess(source), tmp_path, OPTIONS, lambda done, total: seen.append((done, total)))
    assert report.clips == 3
    assert {file.name: file.read_bytes() for file in (tmp_path / "clips").iterdir()} == whole_run
    assert seen == [(n, 5) for n in range(1, 6)]


@pytest.mark.slow
def test_workers_change_nothing(source: Path, prepared: tuple[Path, Report], tmp_path: Path) -> None:
    prepare(read_ravdess(source), tmp_path, Preparation(faces=2, workers=2))
    for file in (prepared[0] / "clips").iterdir():
        assert (tmp_path / "clips" / file.name).read_bytes() == file.read_bytes()


def test_reading_back(prepared: tuple[Path, Report]) -> None:
    recordings = load_recordings(prepared[0])
    assert recordings.people == ("ravdess_01", "ravdess_02")
    assert recordings.emotions.tolist() == [0, 2, 5, 1]
    assert recordings.heard.tolist() == [True, False, True, True]
    batch = whole(recordings, torch.arange(4))
    assert batch.inside.sum(1).tolist() == recordings.lengths.tolist() == [25, 25, 35, 30]
    torch.testing.assert_close(batch.speech[0], batch.speech[1])  # contempt is said in a neutral voice
    assert (batch.motion[0] - batch.motion[1]).abs().mean() > 0.01
    assert recordings.of({"ravdess_02"}).names == (GOOD[2],)


def test_samples_follow_the_generator(prepared: tuple[Path, Report]) -> None:
    recordings = load_recordings(prepared[0])
    chosen = torch.tensor([2, 0, 3])
    one, again, other = (
        draw(recordings, chosen, 20, torch.ones(117), Augmentation(), Misreading(), torch.Generator().manual_seed(seed))
        for seed in (0, 0, 1)
    )
    assert torch.equal(one.speech, again.speech) and torch.equal(one.motion, again.motion)
    assert not torch.equal(one.speech, other.speech)
    assert one.speech.shape == (3, 20, 117) and one.motion.shape == (3, 20, 58)
    assert one.emotions.tolist() == [5, 0, 1] and one.identities.tolist() == [1, 0, 0]


def test_folders_that_are_not_prepared(tmp_path: Path, prepared: tuple[Path, Report]) -> None:
    with pytest.raises(InputError, match="dicetalk prepare"):
        load_recordings(tmp_path)
    (tmp_path / "clips.csv").write_text((prepared[0] / "clips.csv").read_text())
    with pytest.raises(InputError, match="run `dicetalk prepare` again"):
        load_recordings(tmp_path)
