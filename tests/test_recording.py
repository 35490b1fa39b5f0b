"""One recording as the embedder takes it: heard and seen, or what there is of both."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pillow_heif
import pytest
from PIL import Image
from scipy.io import wavfile

from dicetalk.errors import InputError, MediaError, NoFaceError
from dicetalk.media import Picture, VideoWriter, Waveform, read_sound, read_video
from dicetalk.rates import SPEECH_RATE
from dicetalk.recording import Recording, heard, perceive
from dicetalk.speech import listen
from dicetalk.speech.rows import speech_rows


def silent(frames: int, picture: Picture, path: Path) -> Path:
    with VideoWriter(path, width=picture.shape[1], height=picture.shape[0]) as video:
        video.write(np.stack([picture] * frames))
    return path


def test_a_voice_alone(voice: Waveform) -> None:
    found = heard(voice[:SPEECH_RATE])
    assert found.speech is not None and found.motion is None and found.lacks == "" and found.senses == ["voice"]
    np.testing.assert_array_equal(found.speech, speech_rows(voice[:SPEECH_RATE], listen(voice[:SPEECH_RATE])))


def test_what_there_is_in_words() -> None:
    rows, motion = np.zeros((3, 117), np.float32), np.zeros((3, 58), np.float32)
    assert Recording(rows, motion).senses == ["voice", "face"] and Recording(None, motion).senses == ["face"]


def test_a_sound_file(speech: Path) -> None:
    found = perceive(speech)
    assert found.speech is not None and found.speech.shape == (30, 117) and found.motion is None and found.lacks == ""


def test_a_video_is_heard_and_seen(talking: Path) -> None:
    recording = perceive(talking)
    assert recording.lacks == "" and recording.senses == ["voice", "face"]
    assert recording.speech is not None and recording.motion is not None
    assert recording.speech.shape == (30, 117) and recording.motion.shape == (30, 58)


@pytest.mark.parametrize("name", ["face.jpg", "face.png", "face.webp", "face.gif", "face.heic", "face.mp4"])
def test_a_photo_is_a_photo(hopper: Path, tmp_path: Path, name: str) -> None:
    pillow_heif.register_heif_opener()
    path = tmp_path / name  # whatever it is called
    image, kind = Image.open(hopper), "JPEG" if name.endswith("mp4") else None
    exif = Image.Exif()
    exif[0x0112] = 3  # held upside down, which only a photo tells
    turned = image.rotate(180) if name in ("face.jpg", "face.mp4") else image
    turned.save(path, kind, **({"exif": exif} if turned is not image else {}))
    found = perceive(path)
    assert found.senses == ["face"] and found.motion is not None and found.motion.shape == (25, 58)
    assert (found.motion == found.motion[0]).all() and found.lacks == ""
    expected = perceive(hopper).motion
    assert expected is not None
    assert np.abs(found.motion - expected).max() < 0.25


def test_a_photo_without_a_face_is_refused(no_face: Picture, tmp_path: Path) -> None:
    Image.fromarray(no_face).save(tmp_path / "wall.png")
    with pytest.raises(NoFaceError, match=r"wall\.png: no face found"):
        perceive(tmp_path / "wall.png")


def test_a_face_without_sound_goes_on(talking: Path, tmp_path: Path) -> None:
    path = tmp_path / "silent.mp4"
    with VideoWriter(path, width=256, height=256) as video:
        for frame in read_video(talking):
            video.write(frame)
    recording = perceive(path)
    assert recording.speech is None and recording.motion is not None and recording.senses == ["face"]
    assert "has no sound" in recording.lacks


def test_a_voice_without_a_face_goes_on(no_face: Picture, speech: Path, tmp_path: Path) -> None:
    path = tmp_path / "nobody.mp4"
    with VideoWriter(path, width=320, height=240, speech=read_sound(speech)) as video:
        video.write(np.stack([no_face] * 30))
    recording = perceive(path)
    assert recording.motion is None and recording.speech is not None
    assert "shows no face" in recording.lacks


def test_pictures_that_end_at_once_cut_no_voice(hopper_picture: Picture, speech: Path, tmp_path: Path) -> None:
    path = tmp_path / "cover.mp4"
    side = {"width": hopper_picture.shape[1] // 2 * 2, "height": hopper_picture.shape[0] // 2 * 2}
    with VideoWriter(path, **side, speech=read_sound(speech)) as video:
        video.write(hopper_picture[None, : side["height"], : side["width"]])
    recording = perceive(path)
    assert recording.motion is None and recording.speech is not None and len(recording.speech) >= 30
    assert "has pictures for 0.08 s of 1.2" in recording.lacks


def test_a_sound_that_ends_at_once_cuts_no_face(talking: Path, tmp_path: Path) -> None:
    path = tmp_path / "word.mp4"
    wavfile.write(tmp_path / "word.wav", SPEECH_RATE, read_sound(talking).waveform[: SPEECH_RATE // 4])
    with VideoWriter(path, width=256, height=256, speech=read_sound(tmp_path / "word.wav")) as video:
        for frame in read_video(talking):
            video.write(frame)
    recording = perceive(path)
    assert recording.speech is None and recording.motion is not None and len(recording.motion) == 30
    assert "has sound for 0." in recording.lacks


def test_nothing_to_hear_and_nothing_to_see(no_face: Picture, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"neither voice nor face can be read: .*has no sound; .*shows no face"):
        perceive(silent(5, no_face, tmp_path / "nothing.mp4"))


def test_a_file_that_is_not_there(tmp_path: Path) -> None:
    for name in ("gone.wav", "gone.mp4", "no\0file.wav"):
        with pytest.raises(MediaError):
            perceive(tmp_path / name)
