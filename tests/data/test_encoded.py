"""Films as svd learns from them: encoded by a checkpoint's own networks, once, and again only where labels changed."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import torch

pytest.importorskip("diffusers")
from places import PORTRAITS
from safetensors.numpy import load_file
from scipy.io import wavfile
from svd_tiny import SIZES, WIDTH, write_checkpoint

import dicetalk
from dicetalk.data.encoded import Forecast, SvdPreparation
from dicetalk.data.folder import read_folder
from dicetalk.data.latents import read_clips, read_window
from dicetalk.data.prepare import prepare
from dicetalk.data.report import write_report
from dicetalk.errors import CheckpointError, InputError
from dicetalk.media import VideoWriter, Waveform, read_sound, read_video
from dicetalk.rates import SPEECH_RATE
from dicetalk.svd.checkpoint import load_modules
from dicetalk.svd.encoders import encode_picture
from dicetalk.svd.preprocess import picture_inputs

WOMAN = PORTRAITS / "woman.jpg"


@pytest.fixture(scope="module")
def checkpoint(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return write_checkpoint(tmp_path_factory.mktemp("svd") / "tiny")


@pytest.fixture(scope="module")
def films(voice: Waveform, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A happy clip of 2.2 s, one of a second, and a sound."""
    folder = tmp_path_factory.mktemp("films")
    for name, seconds in (("whole", 2.2), ("short", 1.0)):
        speech = voice[: round(seconds * SPEECH_RATE)]
        wavfile.write(folder / f"{name}.wav", SPEECH_RATE, speech)
        video = dicetalk.load("rules")(WOMAN, folder / f"{name}.wav", emotion="happy", size=192, crop=True)
        video.save(folder / f"{name}.mp4")
    (folder / "short.wav").unlink()
    (folder / "whole.wav").rename(folder / "sound.wav")
    rows = ["whole.mp4,ann,happy,0.9", "short.mp4,ann,sad,0.5", "sound.wav,bob,happy,0.5"]
    (folder / "clips.csv").write_text("\n".join(["file,identity,emotion,strength", *rows]))
    return folder


@pytest.mark.slow
def test_films_are_encoded_once(checkpoint: Path, films: Path, tmp_path: Path) -> None:
    way = SvdPreparation(checkpoint=checkpoint, side=64)
    report = prepare(read_folder(films), tmp_path, way)
    assert {drop.file.name: drop.reason for drop in report.dropped}.keys() == {"short.mp4", "sound.wav"}
    (clip,) = read_clips([tmp_path])
    assert (clip.identity, clip.emotion, clip.level, clip.frames, clip.encoder) == (
        "folder_ann",
        "happy",
        3,
        28,
        "tiny",
    )
    file = load_file(clip.path)
    assert file["images"].shape == (28, 4, 8, 8) and file["faces"].shape == (28, WIDTH)
    assert file["rows"].shape[1:] == (SIZES.speech.layers, SIZES.speech.channels)
    assert file["prior"].shape == (2, 256) and (file["prior"][1] > 0).all()
    assert 0.2 < (file["region"] == 255).mean() < 0.95
    window = read_window(clip, 0, 25)
    assert 0 < window.buckets[0] < 60 and 0 < window.buckets[1] < 60  # somebody who speaks
    assert prepare(read_folder(films), tmp_path, way).new == 0
    page = write_report(tmp_path).read_text()
    assert "1 clips of 1 people are kept, 0.00062 h; 2 files are dropped" in page and "![kept](kept.jpg)" in page
    assert (
        "| it lasts N s; at least N s are learned from | 1 |" in page and (tmp_path / "kept.jpg").stat().st_size > 999
    )
    clips = (films / "clips.csv").read_text()
    (films / "clips.csv").write_text(clips.replace("ann,happy,0.9", "ann,happy,0.3"))
    assert prepare(read_folder(films), tmp_path, way).new == 1
    assert read_clips([tmp_path])[0].level == 1
    with pytest.raises(InputError, match="side"):
        prepare(read_folder(films), tmp_path, SvdPreparation(checkpoint=checkpoint, side=128))


@pytest.mark.slow
def test_pictures_that_outlast_the_sound_are_left_out(
    checkpoint: Path, films: Path, voice: Waveform, tmp_path: Path
) -> None:
    source, sound = tmp_path / "films", tmp_path / "sound.wav"
    source.mkdir()
    wavfile.write(sound, SPEECH_RATE, voice[: round(2.1 * SPEECH_RATE)])
    frames = list(read_video(films / "whole.mp4"))
    with VideoWriter(source / "long.mp4", width=192, height=192, speech=read_sound(sound)) as video:
        for frame in frames:
            video.write(frame)
    (source / "clips.csv").write_text("file,identity,emotion,strength\nlong.mp4,ann,happy,0.9")
    way = SvdPreparation(checkpoint=checkpoint, side=64)
    report = prepare(read_folder(source), tmp_path / "out", way)
    assert (report.clips, report.dropped) == (1, ()) and len(frames) == 55
    assert read_clips([tmp_path / "out"])[0].frames == 27  # 2.12 s


def test_a_frame_is_what_the_backbone_would_make_of_it(checkpoint: Path, films: Path, tmp_path: Path) -> None:
    from dicetalk.checkpoints import open_checkpoint
    from dicetalk.data.encoded import encode, open_encoders
    from dicetalk.svd.sizes import KIND, VERSION

    picture = next(iter(read_video(films / "whole.mp4")))[:192, :192]
    marks = np.ones((1, 3, 2), np.float32)
    made = encode(open_encoders(checkpoint), [picture], (40, 40, 150, 150), marks, np.zeros(6400, np.int16))
    modules = load_modules(open_checkpoint(checkpoint, KIND, VERSION), torch.float32, "cpu")
    expected = encode_picture(modules.vae, picture_inputs(picture, (40, 40, 150, 150), 192).picture)
    np.testing.assert_allclose(made["images"], expected.numpy(), atol=2e-2, rtol=1e-2)


def test_what_films_will_take_is_foretold(checkpoint: Path, films: Path, tmp_path: Path) -> None:
    way, clips = SvdPreparation(checkpoint=checkpoint, side=64, workers=2), read_folder(films).clips
    told = way.forecast(clips, tmp_path)
    assert told.seconds == pytest.approx(3.2, abs=0.1) and told.bytes == round(told.seconds * 600_000 / 64)
    assert 0.5 * told.seconds < told.work < 60 * told.seconds
    told.check(told.bytes)
    with pytest.raises(InputError, match=r"3\.6 h of film take about 7\.8 GB, and 1\.0 GB are free; make room"):
        Forecast(13000.0, 7_800_000_000, 1.0).check(10**9)


def test_what_cannot_be_prepared_is_told(checkpoint: Path, films: Path, tmp_path: Path) -> None:
    with pytest.raises(InputError, match="multiple of 64"):
        SvdPreparation(checkpoint=checkpoint, side=100)
    with pytest.raises(CheckpointError, match="no folder"):
        prepare(read_folder(films), tmp_path, SvdPreparation(checkpoint=tmp_path / "none"))
