"""Videos of one person: several people, none, too little, and what is no video, are told before work begins."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from places import PORTRAITS
from scipy.io import wavfile

from dicetalk.data.person import check_alone, read_person
from dicetalk.errors import EmotionError, InputError, MediaError
from dicetalk.media import Picture, VideoWriter, Waveform, read_picture, read_sound
from dicetalk.rates import FPS, SPEECH_RATE


def film(path: Path, picture: Picture, voice: Waveform | None, seconds: float) -> Path:
    height, width = (side // 2 * 2 for side in picture.shape[:2])
    sound = None
    if voice is not None:
        wavfile.write(path.with_suffix(".wav"), SPEECH_RATE, voice[: round(seconds * SPEECH_RATE)])
        sound = read_sound(path.with_suffix(".wav"))
    with VideoWriter(path, width=width, height=height, speech=sound) as video:
        video.write(np.repeat(picture[None, :height, :width], round(seconds * FPS), 0))
    return path


@pytest.fixture(scope="module")
def woman() -> Picture:
    return read_picture(PORTRAITS / "woman.jpg")[::3, ::3]


def test_a_person_s_videos_are_clips(voice: Waveform, woman: Picture, tmp_path: Path) -> None:
    small = film(tmp_path / "me.mp4", woman[:32, :32], voice, 6)
    (clip,) = read_person([small], "happy:0.4").clips
    assert (clip.name, clip.identity, clip.emotion, clip.strength) == ("me", "own", "happy", 0.4)
    assert read_person([small], "neutral").clips[0].emotion == "neutral"
    with pytest.raises(EmotionError, match="2 emotions"):
        read_person([small], "happy:0.4,sad:0.2")
    with pytest.raises(InputError, match="two videos are called me"):
        read_person([small, small], "neutral")


def test_too_little_and_what_is_no_video_of_a_speaker(voice: Waveform, woman: Picture, tmp_path: Path) -> None:
    with pytest.raises(InputError, match=r"1\.0 s of video; at least 5 s"):
        read_person([film(tmp_path / "short.mp4", woman[:32, :32], voice, 1)], "neutral")
    with pytest.raises(MediaError, match="no sound"):
        read_person([film(tmp_path / "silent.mp4", woman[:32, :32], None, 6)], "neutral")


def test_two_people_are_refused_and_one_is_not(voice: Waveform, woman: Picture, tmp_path: Path) -> None:
    check_alone(film(tmp_path / "one.mp4", woman, voice, 0.4))
    both = film(tmp_path / "two.mp4", np.concatenate([woman, woman], 1), voice, 0.4)
    with pytest.raises(InputError, match=r"two\.mp4 shows 2 people"):
        check_alone(both)
