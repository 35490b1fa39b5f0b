"""Filmed clips: motion off the pictures, sound in step with them, crops; what is missing is said, nothing crashes."""

from __future__ import annotations

import csv
from dataclasses import replace
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from places import PORTRAITS
from safetensors.numpy import load_file
from scipy.io import wavfile

import dicetalk
from dicetalk.data.dataset import load_recordings
from dicetalk.data.film import Film, inside, read_film, write_crop
from dicetalk.data.folder import read_folder
from dicetalk.data.offset import find_offset
from dicetalk.data.prepare import Report, prepare
from dicetalk.data.samples import Preparation, known_clip
from dicetalk.face import Box
from dicetalk.media import Picture, VideoWriter, Waveform, probe, read_sound, read_video
from dicetalk.rates import FPS, SPEECH_RATE
from dicetalk.speech import listen
from dicetalk.tracking.tracker import watch

pytestmark = pytest.mark.slow
WOMAN = PORTRAITS / "woman.jpg"
SECONDS = 5


@pytest.fixture(scope="module")
def source(voice: Waveform, no_face: Picture, tmp_path_factory: pytest.TempPathFactory) -> Path:
    """Five clips: whole, without sound, without a face, with the sound 0.4 s late, and one cut off."""
    folder = tmp_path_factory.mktemp("recordings")
    voice = voice[: SECONDS * SPEECH_RATE]
    wavfile.write(folder / "speech.wav", SPEECH_RATE, voice)
    late = np.concatenate([np.zeros(10 * SPEECH_RATE // FPS, np.int16), voice])[: len(voice)]
    wavfile.write(folder / "late.wav", SPEECH_RATE, late)
    dicetalk.load()(WOMAN, folder / "speech.wav", emotion="happy", size=256, crop=True).save(folder / "whole.mp4")
    frames = list(read_video(folder / "whole.mp4"))
    for name, pictures, sound in (
        ("silent", frames, None),
        ("nobody", [no_face] * len(frames), "speech.wav"),
        ("shifted", frames, "late.wav"),
    ):
        height, width = pictures[0].shape[:2]
        speech = read_sound(folder / sound) if sound else None
        with VideoWriter(folder / f"{name}.mp4", width=width, height=height, speech=speech) as video:
            for picture in pictures:
                video.write(picture)
    (folder / "cut.mp4").write_bytes((folder / "whole.mp4").read_bytes()[:900])
    lines = ["file,identity,emotion"] + [f"{n}.mp4,ann,happy" for n in ("whole", "silent", "nobody", "shifted", "cut")]
    (folder / "clips.csv").write_text("\n".join(lines))
    return folder


@pytest.fixture(scope="module")
def prepared(source: Path, tmp_path_factory: pytest.TempPathFactory) -> tuple[Path, Report]:
    out = tmp_path_factory.mktemp("prepared")
    return out, prepare(read_folder(source), out, Preparation(faces=2, crop=64))


def rows(out: Path) -> dict[str, dict[str, str]]:
    with (out / "clips.csv").open() as file:
        return {row["name"]: row for row in csv.DictReader(file)}


def test_what_is_there_and_what_is_missing(prepared: tuple[Path, Report]) -> None:
    out, report = prepared
    found = rows(out)
    assert {name: (row["heard"], row["seen"]) for name, row in found.items()} == {
        "whole": ("1", "1"),
        "silent": ("0", "1"),
        "nobody": ("1", "0"),
        "shifted": ("1", "0"),
    }
    assert found["whole"]["note"] == "" and abs(int(found["whole"]["offset"])) <= 1
    assert "no sound" in found["silent"]["note"]
    assert "shows no face" in found["nobody"]["note"]
    assert "before the sound" in found["shifted"]["note"]
    assert [drop.file.name for drop in report.dropped] == ["cut.mp4"]
    assert {drop.file.name for drop in report.incomplete} == {"silent", "nobody", "shifted"}


def test_motion_is_read_where_there_is_a_face_and_acted_where_not(prepared: tuple[Path, Report]) -> None:
    out, _ = prepared
    shapes = {name: load_file(out / "clips" / f"{name}.safetensors")["motion"].shape for name in rows(out)}
    frames = SECONDS * FPS
    assert shapes["whole"] == shapes["silent"] == (1, frames, 58)
    assert shapes["nobody"][0] == shapes["shifted"][0] == 2


def test_all_of_them_load_together(prepared: tuple[Path, Report]) -> None:
    recordings = load_recordings(prepared[0])
    assert len(recordings) == 4 and recordings.speech.shape[1] == 4
    told = dict(
        zip(recordings.names, zip(recordings.heard.tolist(), recordings.faces.tolist(), strict=True), strict=True)
    )
    assert told == {"whole": (True, 1), "silent": (False, 1), "nobody": (True, 2), "shifted": (True, 2)}


def test_another_label_or_crop_is_prepared_anew(source: Path, prepared: tuple[Path, Report], tmp_path: Path) -> None:
    clip = next(clip for clip in read_folder(source).clips if clip.name == "whole")
    file = prepared[0] / "clips" / "whole.safetensors"
    options = Preparation(faces=2, crop=64)
    assert known_clip(file, clip, options) is not None
    assert known_clip(file, replace(clip, emotion="sad"), options) is None
    assert known_clip(file, clip, replace(options, crop=128)) is None
    assert known_clip(tmp_path / "none.safetensors", clip, options) is None


def test_pictures_that_begin_after_the_sound_stay_in_step(tmp_path: Path) -> None:
    """Sound from 0 s, pictures from 1 s to 2 s: what is seen in the first second is the first picture."""
    path = tmp_path / "late.mkv"
    with av.open(str(path), "w") as file:
        pictures, sound = file.add_stream("libx264", rate=25), file.add_stream("aac", rate=16000, layout="mono")
        pictures.width, pictures.height, pictures.pix_fmt = 32, 32, "yuv420p"
        block = av.AudioFrame.from_ndarray(np.zeros((1, 32000), np.float32), format="fltp", layout="mono")
        block.rate, block.pts = 16000, 0
        file.mux(sound.encode(block))
        file.mux(sound.encode(None))
        for number in range(25):
            frame = av.VideoFrame.from_ndarray(np.full((32, 32, 3), 10 * number, np.uint8), format="rgb24")
            frame.pts, frame.time_base = 25 + number, Fraction(1, 25)
            file.mux(pictures.encode(frame))
        file.mux(pictures.encode(None))
    levels = [float(frame.mean()) for frame in read_video(path, fps=FPS)]
    assert len(levels) == 50
    assert max(levels[:25]) < 8 and levels[-1] > 225


def test_crops_hold_the_face(prepared: tuple[Path, Report]) -> None:
    out, _ = prepared
    pictures, _ = probe(out / "crops" / "whole.mp4")
    assert pictures is not None and (pictures.width, pictures.height, pictures.fps) == (64, 64, 25)
    assert len(list(read_video(out / "crops" / "whole.mp4"))) == SECONDS * FPS
    assert {file.stem for file in (out / "crops").iterdir()} == {"whole", "silent"}


def test_a_crop_may_reach_beyond_the_picture(source: Path, tmp_path: Path) -> None:
    write_crop(source / "whole.mp4", (-40, -20, 160, 180), 5, 64, tmp_path / "crop.mp4")
    assert len(list(read_video(tmp_path / "crop.mp4"))) == 5


def test_the_same_call_reads_nothing_again(source: Path, prepared: tuple[Path, Report]) -> None:
    out, first = prepared
    before = {file: file.stat().st_mtime_ns for file in out.rglob("*.safetensors")}
    again = prepare(read_folder(source), out, Preparation(faces=2, crop=64))
    assert (again.clips, again.new) == (first.clips, 0)
    assert {file: file.stat().st_mtime_ns for file in out.rglob("*.safetensors")} == before


@pytest.mark.parametrize("lag", [-8, -4, 0, 5, 9])
def test_offsets_are_found(source: Path, voice: Waveform, lag: int) -> None:
    """The sound moved against the pictures: `lag` frames of silence before it, or as many frames cut off."""
    step = SPEECH_RATE // FPS
    moved = voice[: SECONDS * SPEECH_RATE]
    moved = np.concatenate([np.zeros(lag * step, np.int16), moved]) if lag > 0 else moved[-lag * step :]
    found = find_offset(watch(source / "whole.mp4").landmarks, listen(moved))
    assert found.sure
    assert abs(found.frames + lag) <= 1


def test_short_clips_are_never_sure(source: Path, voice: Waveform) -> None:
    film = read_film(source / "whole.mp4", listen(voice[:SPEECH_RATE]))
    assert isinstance(film, Film) and film.offset is not None
    assert not film.offset.sure


@pytest.mark.parametrize(
    ("box", "face", "found"),
    [
        ((10, 10, 50, 50), (20, 20, 40, 40), (10, 10, 50, 50)),
        ((-20, 10, 60, 90), (10, 40, 30, 60), (0, 10, 80, 90)),
        ((50, 40, 130, 120), (80, 70, 100, 90), (40, 20, 120, 100)),
        ((-50, -50, 150, 150), (30, 30, 70, 70), (0, 0, 100, 100)),
        ((-90, -50, 110, 150), (-15, 30, 35, 80), (-15, 0, 85, 100)),  # a face that the picture cuts off
        ((-90, -90, 210, 210), (0, -20, 130, 110), (0, -20, 130, 110)),  # and one that is larger than it
    ],
)
def test_a_crop_is_moved_into_the_picture(box: Box, face: Box, found: Box) -> None:
    left, top, right, bottom = inside(box, face, (120, 100))
    assert (left, top, right, bottom) == found
    assert (
        right - left == bottom - top and left <= face[0] and face[2] <= right and top <= face[1] and face[3] <= bottom
    )
