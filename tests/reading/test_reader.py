"""Any recording, read: what is there is told, what is missing is said."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from PIL import Image
from scipy.io import wavfile

from dicetalk.errors import InputError, MediaError
from dicetalk.media import Picture, VideoWriter, read_picture, read_sound, read_video
from dicetalk.rates import SPEECH_RATE
from dicetalk.reading import look, tone
from dicetalk.reading.reader import read
from dicetalk.reading.reading import Reading


@pytest.fixture(scope="module")
def shown(talking: Path) -> Reading:
    return read(talking)


def film(path: Path, frames: list[Picture], sound: Path | None = None) -> Path:
    speech = None if sound is None else read_sound(sound)
    height, width = frames[0].shape[:2]
    with VideoWriter(path, width=width, height=height, speech=speech) as video:
        for frame in frames:
            video.write(frame)
    return path


def noise(path: Path, seconds: float, loud: float) -> Path:
    rng = np.random.default_rng(0)
    wavfile.write(path, SPEECH_RATE, (loud * rng.normal(0, 3000, round(seconds * SPEECH_RATE))).astype(np.int16))
    return path


def test_a_happy_video_is_read_as_happy(shown: Reading) -> None:
    assert shown.overall.name == "happy" and shown.face is not None
    assert [move.name for move in shown.moves[0]]
    assert shown.asked is not None and shown.asked.keys[0][1].strengths.keys() == {"happy"}


def test_windows_follow_each_other_to_the_end(shown: Reading) -> None:
    assert shown.windows[0].start == 0 and shown.windows[-1].end == shown.seconds == pytest.approx(1.2, abs=0.04)
    assert all(one.end == other.start for one, other in zip(shown.windows, shown.windows[1:], strict=False))
    assert len(shown.moves) == len(shown.windows)


def test_a_sound_is_listened_to(speech: Path) -> None:
    found = read(speech)
    assert found.face is None and found.moves == () and "has no pictures" in found.lacks
    assert found.voice is not None and found.windows == found.voice


def test_a_photo_is_looked_at(hopper: Path) -> None:
    found = read(hopper)
    assert found.voice is None and "no voice" in found.lacks
    assert found.face == found.windows and found.seconds == 1 and len(found.windows) == 1


def test_a_silent_video_is_looked_at(talking: Path, tmp_path: Path) -> None:
    found = read(film(tmp_path / "silent.mp4", list(read_video(talking))))
    assert found.overall.name == "happy" and found.voice is None and "has no sound" in found.lacks


def test_a_fifth_of_a_second_is_read(talking: Path, tmp_path: Path) -> None:
    found = read(film(tmp_path / "short.mp4", list(read_video(talking))[:5]))
    assert len(found.windows) == 1 and found.seconds == pytest.approx(0.2, abs=0.05)


def test_music_and_noise_are_no_voice(talking: Path, tmp_path: Path) -> None:
    frames = [*read_video(talking), *read_video(talking)]
    found = read(film(tmp_path / "noise.mp4", frames, noise(tmp_path / "noise.wav", 2.4, 1)))
    assert found.voice is None and "noise or music" in found.lacks and found.windows == found.face


def test_a_voice_without_a_face_goes_on(no_face: Picture, speech: Path, tmp_path: Path) -> None:
    picture = no_face[: no_face.shape[0] // 2 * 2, : no_face.shape[1] // 2 * 2]
    found = read(film(tmp_path / "wall.mp4", [picture] * 30, speech))
    assert found.face is None and found.voice is not None and "shows no face" in found.lacks


def test_neither_is_one_clear_line(no_face: Picture, tmp_path: Path) -> None:
    picture = no_face[: no_face.shape[0] // 2 * 2, : no_face.shape[1] // 2 * 2]
    path = film(tmp_path / "wall.mp4", [picture] * 10, noise(tmp_path / "noise.wav", 0.4, 1))
    with pytest.raises(InputError, match=r"neither face nor voice can be read: .* shows no face .*; no voice") as told:
        read(path)
    assert "\n" not in str(told.value)


def test_what_is_no_recording_is_refused(tmp_path: Path) -> None:
    (tmp_path / "text.mp4").write_text("no video")
    for path in (tmp_path / "text.mp4", tmp_path / "none.mp4"):
        with pytest.raises(MediaError):
            read(path)


def test_of_two_faces_the_largest_is_read(hopper: Path, tmp_path: Path) -> None:
    face = read_picture(hopper)
    small = np.asarray(Image.fromarray(face).resize((256, 300)))
    both = np.full((600, 768, 3), 255, np.uint8)
    both[:, :512], both[150:450, 512:] = face, small
    found = read(film(tmp_path / "two.mp4", [both] * 6))
    assert found.warnings == (f"{tmp_path / 'two.mp4'} shows 2 faces; the largest one is read",)


def test_blocks_of_a_long_recording_leave_no_gap(
    talking: Path, shown: Reading, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(look, "BLOCK_S", 0.48)
    monkeypatch.setattr(tone, "BLOCK_S", 0.8)
    told: list[float] = []
    found = read(talking, progress=lambda done, whole: told.append(done))
    assert [window.end for window in found.windows] == [window.end for window in shown.windows]
    assert found.overall.name == "happy" and told == sorted(told) and len(told) == 3
