"""Any sound is read in time with its pictures; what cannot be is refused in one line."""

from __future__ import annotations

import struct
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from recordings import (
    SECONDS,
    chirp,
    damaged,
    delay,
    encode_sound,
    one_line,
    picture_only,
    write_wav,
)

import dicetalk
from dicetalk.errors import MediaError
from dicetalk.media import (
    VideoWriter,
    frame_count,
    probe,
    read_sound,
    read_video,
)
from dicetalk.rates import SPEECH_RATE

KINDS = [
    ("wav", "pcm_u8", 8000, "mono"),
    ("wav", "pcm_s16le", 11025, "stereo"),
    ("wav", "pcm_s24le", 22050, "mono"),
    ("wav", "pcm_s32le", 44100, "stereo"),
    ("wav", "pcm_f32le", 96000, "5.1"),
    ("wav", "pcm_f64le", 7000, "mono"),
    ("wav", "pcm_s16le", 192000, "mono"),
    ("mp3", "libmp3lame", 44100, "stereo"),
    ("mp3", "libmp3lame", 22050, "mono"),
    ("m4a", "aac", 48000, "mono"),
    ("m4a", "aac", 44100, "5.1"),
    ("ogg", "libopus", 48000, "stereo"),
    ("ogg", "vorbis", 44100, "stereo"),
    ("flac", "flac", 96000, "stereo"),
    ("mkv", "aac", 44100, "stereo"),
]


@pytest.mark.parametrize(("suffix", "codec", "rate", "layout"), KINDS)
def test_any_sound_goes_into_a_video_in_time(tmp_path: Path, suffix: str, codec: str, rate: int, layout: str) -> None:
    source = tmp_path / f"in.{suffix}"
    encode_sound(source, codec, rate, layout, chirp(rate))
    sound = read_sound(source)
    assert (sound.rate, sound.channels) == (rate, av.AudioLayout(layout).nb_channels)
    assert SECONDS - 1e-3 <= sound.seconds < SECONDS + 0.04  # AAC and the like end in a whole block
    assert abs(delay(sound.waveform, chirp(SPEECH_RATE))) < 0.001
    assert 0.5 < np.abs(sound.waveform).max() / 32768 < 0.7

    frames = frame_count(sound.waveform.size)
    with VideoWriter(tmp_path / "out.mp4", width=64, height=48, speech=sound) as video:
        video.write(np.zeros((frames, 48, 64, 3), np.uint8))
    picture, track = probe(tmp_path / "out.mp4")
    assert picture is not None
    assert track is not None
    assert (picture.codec, picture.pix_fmt, picture.width, picture.height) == ("h264", "yuv420p", 64, 48)
    assert 0 <= picture.seconds - sound.seconds < 0.04
    assert abs(track.seconds - sound.seconds) < 0.001
    assert track.codec == "aac"
    assert track.rate == {7000: 8000, 192000: 96000}.get(rate, rate)
    assert track.channels == min(sound.channels, 2)
    again = read_sound(tmp_path / "out.mp4")
    assert abs(delay(again.waveform, chirp(SPEECH_RATE))) < 0.010
    assert len(list(read_video(tmp_path / "out.mp4"))) == frames


@pytest.mark.parametrize("suffix", ["mp4", "mkv"])
def test_a_sound_that_begins_after_its_video_keeps_its_place(tmp_path: Path, suffix: str) -> None:
    encode_sound(tmp_path / f"late.{suffix}", "aac", 44100, "stereo", chirp(44100), start=0.3)
    sound = read_sound(tmp_path / f"late.{suffix}")
    assert sound.channels == 2
    # the AAC encoder's own delay of 1024 samples may count in the start: at most 23 ms
    assert abs(delay(sound.waveform, chirp(SPEECH_RATE)) - 0.3) < 0.025
    assert sound.seconds == pytest.approx(SECONDS + 0.3, abs=0.05)


def test_channels_without_a_known_layout_are_mixed(tmp_path: Path) -> None:
    samples = np.tile((chirp(SPEECH_RATE) * 32767).astype(np.int16)[:, None], (1, 3))
    sound = read_sound(write_wav(tmp_path / "three.wav", samples))
    assert sound.channels == 3
    assert abs(delay(sound.waveform, chirp(SPEECH_RATE))) < 0.001


def test_a_waveform_cannot_be_changed(speech: Path) -> None:
    sound = read_sound(speech)
    with pytest.raises(ValueError, match="read-only"):
        sound.waveform[0] = 1


NOISE = np.random.default_rng(0)

BAD_SOUNDS = {
    "is a folder": lambda path: path.mkdir(),
    "cannot be opened .No such file": lambda path: None,
    "0 bytes": lambda path: path.touch(),
    "no sound or video": lambda path: path.write_bytes(NOISE.bytes(20_000)),
    "no sound or video that can": lambda path: path.write_text("#EXTM3U\n#EXTINF:1,\nhttp://127.0.0.1:9/x.ts\n"),
    "no sound track": picture_only,
    "no sound samples": lambda path: write_wav(path, np.zeros(0, np.int16)),
    "lasts 0.190 s": lambda path: write_wav(path, np.full(3040, 9000, np.int16)),
    "4000": lambda path: write_wav(path, np.arange(9000, dtype=np.int16), 100),
    "silent": lambda path: write_wav(path, (chirp(SPEECH_RATE) * 50).astype(np.int16)),
    "is silent": lambda path: write_wav(path, np.full(16000, 0.5, np.float32)),
    "NaN": lambda path: write_wav(path, np.where(np.arange(16000) == 15000, np.nan, 0.1).astype(np.float32)),
    "infinite": lambda path: write_wav(path, np.where(np.arange(16000) == 9, np.inf, 0.1).astype(np.float64)),
}


@pytest.mark.parametrize("says", BAD_SOUNDS)
def test_bad_sounds_are_refused(tmp_path: Path, says: str) -> None:
    path = tmp_path / "speech.wav"
    BAD_SOUNDS[says](path)
    with pytest.raises(MediaError, match=says) as raised:
        read_sound(path)
    assert str(path) in one_line(raised)


def test_metadata_in_another_alphabet_does_no_harm(speech: Path) -> None:
    note = b"INFOIART\x04\x00\x00\x00\xe9\xff\xfe\x00"
    data = bytearray(speech.read_bytes() + b"LIST" + struct.pack("<I", len(note)) + note)
    data[4:8] = struct.pack("<I", len(data) - 8)
    speech.write_bytes(data)
    assert read_sound(speech).seconds == SECONDS


@settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 2**31), st.integers(1, 40))
def test_damaged_sounds_are_read_or_refused(tmp_path: Path, seed: int, changes: int) -> None:
    whole = tmp_path / "whole.mp3"
    if not whole.exists():
        encode_sound(whole, "libmp3lame", 22050, "mono", chirp(22050))
    path = tmp_path / "damaged.mp3"
    path.write_bytes(damaged(whole.read_bytes(), seed, changes))
    try:
        assert read_sound(path).waveform.size
    except MediaError as error:
        assert "\n" not in str(error)


def test_the_demo_speech_is_there() -> None:
    path = Path(dicetalk.__file__).parent / "assets" / "demo.flac"
    assert path.stat().st_size <= 300_000
    sound = read_sound(path)
    assert (sound.rate, sound.channels) == (32_000, 1)
    assert 8 < sound.seconds < 10
