"""Any sound is read in time with its pictures; what cannot be is refused in one line."""

from __future__ import annotations

import re
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


@pytest.mark.slow
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
    "7e.37 times full scale, which are no sound": lambda path: write_wav(
        path, (chirp(SPEECH_RATE) / 0.6 * 7e37).astype(np.float32)
    ),
    "no sound samples": lambda path: write_wav(path, np.zeros(0, np.int16)),
    "lasts 0.190 s": lambda path: write_wav(path, np.full(3040, 9000, np.int16)),
    "4000": lambda path: write_wav(path, np.arange(9000, dtype=np.int16), 100),
    "1999999999 samples a second, which its head must have wrong": lambda path: write_wav(
        path, np.arange(9000, dtype=np.int16), 1_999_999_999
    ),
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


GAPS = [("mkv", "libopus", 48000), ("mkv", "pcm_s16le", 22050), ("mp4", "aac", 44100), ("mov", "aac", 48000)]


@pytest.mark.parametrize("pictures", [False, True])
@pytest.mark.parametrize(("suffix", "codec", "rate"), GAPS)
def test_gaps_in_the_time_stamps_are_silent(tmp_path: Path, suffix: str, codec: str, rate: int, pictures: bool) -> None:
    """What a call or a browser records sends nothing while nobody speaks."""
    path = tmp_path / f"gap.{suffix}"
    encode_sound(path, codec, rate, "mono", chirp(rate), start=0.02 * pictures, leave_out=(0.8, 1.3), again=0.9)
    sound = read_sound(path)
    first, second = sound.waveform[: round(1.1 * SPEECH_RATE)], sound.waveform[round(1.1 * SPEECH_RATE) :]
    assert abs(delay(first, chirp(SPEECH_RATE)) - 0.02 * pictures) < 0.03
    assert abs(delay(second, chirp(SPEECH_RATE)) + 1.1 - 0.9 - 0.02 * pictures) < 0.03
    assert sound.warnings == () and sound.seconds == pytest.approx(2.4 + 0.02 * pictures, abs=0.07)
    with VideoWriter(tmp_path / "out.mp4", width=32, height=32, speech=sound) as video:
        video.write(np.zeros((frame_count(sound.waveform.size), 32, 32, 3), np.uint8))
    assert read_sound(tmp_path / "out.mp4").seconds == pytest.approx(sound.seconds, abs=0.05)


@pytest.mark.parametrize("error", [0.03, -0.03])
def test_time_stamps_that_tremble_do_no_harm(tmp_path: Path, error: float) -> None:
    encode_sound(tmp_path / "live.mkv", "pcm_s16le", 16000, "mono", chirp(16000), tremble=error)
    sound = read_sound(tmp_path / "live.mkv")
    assert sound.seconds == pytest.approx(SECONDS, abs=1e-3) and sound.warnings == ()
    assert abs(delay(sound.waveform, chirp(SPEECH_RATE))) < 0.001


CUT = [
    ("wav", "pcm_s16le"),
    ("wav", "pcm_f32le"),
    ("mp3", "libmp3lame"),
    ("flac", "flac"),
    ("mka", "libopus"),
    ("mka", "aac"),
    ("aiff", "pcm_s16be"),
    ("au", "pcm_s16be"),
    ("avi", "pcm_s16le"),
    ("caf", "pcm_s16le"),
]


@pytest.mark.parametrize(("suffix", "codec"), CUT)
@pytest.mark.parametrize("kept", [0.9, 0.5])
def test_a_sound_that_lacks_its_end_is_used_as_far_as_it_goes(
    tmp_path: Path, suffix: str, codec: str, kept: float
) -> None:
    path = tmp_path / f"cut.{suffix}"
    noise = np.random.default_rng(0).normal(0, 0.1, 4 * 48000).clip(-1, 1)
    encode_sound(path, codec, 48000, "mono", noise)
    whole = read_sound(path)
    assert whole.warnings == () and whole.seconds == pytest.approx(4, abs=0.05)
    data = path.read_bytes()
    path.write_bytes(data[: round(len(data) * kept)])
    sound = read_sound(path)
    assert sound.seconds == pytest.approx(4 * kept, abs=0.2)
    (warning,) = sound.warnings
    said = re.search(r"is damaged: ([\d.]+) s of ([\d.]+) s are missing; going on", warning)
    assert said is not None
    assert float(said[1]) == pytest.approx(4 - sound.seconds, abs=0.06)
    assert float(said[2]) == pytest.approx(4, abs=0.06)


HOLES = [("flac", "flac"), ("m4a", "aac"), ("m4a", "alac")]


@pytest.mark.parametrize(("suffix", "codec"), HOLES)
def test_a_hole_keeps_what_follows_in_its_place(tmp_path: Path, suffix: str, codec: str) -> None:
    path = tmp_path / f"hole.{suffix}"
    noise = np.random.default_rng(0).normal(0, 0.1, 2 * 44100).clip(-1, 1)
    encode_sound(path, codec, 44100, "mono", np.concatenate([noise, chirp(44100)]))
    data = bytearray(path.read_bytes())
    middle = len(data) // 2
    data[middle : middle + len(data) // 10] = bytes(len(data) // 10)
    path.write_bytes(data)
    sound = read_sound(path)
    assert abs(delay(sound.waveform[2 * SPEECH_RATE :], chirp(SPEECH_RATE))) < 0.03
    assert "is damaged" in sound.warnings[0]


def test_a_length_that_is_only_guessed_is_not_missed(tmp_path: Path) -> None:
    for suffix, codec, options in (("aac", "aac", {}), ("mp3", "libmp3lame", {"write_xing": "0"})):
        path = tmp_path / f"guessed.{suffix}"
        signal = np.concatenate([np.random.default_rng(0).normal(0, 0.1, 44100).clip(-1, 1), np.zeros(3 * 44100)])
        encode_sound(path, codec, 44100, "mono", signal, options=options)
        sound = read_sound(path)
        assert sound.seconds == pytest.approx(4, abs=0.1) and sound.warnings == ()


BEYOND = [(1.0, np.float32), (1.8, np.float32), (40.0, np.float64), (32768.0, np.float32), (2.0**31, np.float64)]


@pytest.mark.parametrize(("times", "dtype"), BEYOND)
def test_samples_beyond_full_scale_are_brought_back(tmp_path: Path, times: float, dtype: type) -> None:
    path = write_wav(tmp_path / "loud.wav", (chirp(SPEECH_RATE) / 0.6 * times).astype(dtype))
    sound = read_sound(path)
    expected = chirp(SPEECH_RATE) / 0.6 * 32767
    assert np.abs(sound.waveform - expected).max() < 0.01 * 32767
    assert len(sound.warnings) == (times > 1)
    assert all("times full scale; it is scaled down to it" in warning for warning in sound.warnings)
    with VideoWriter(tmp_path / "out.mp4", width=32, height=32, speech=sound) as video:
        video.write(np.zeros((frame_count(sound.waveform.size), 32, 32, 3), np.uint8))
    again = read_sound(tmp_path / "out.mp4").waveform[: len(expected)]
    assert np.abs(again - expected[: len(again)]).max() < 0.2 * 32767


PLAYLISTS = {
    "list.m3u8": "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:1,\n{other}\n#EXT-X-ENDLIST\n",
    "list.wav": "#EXTM3U\n#EXT-X-TARGETDURATION:2\n#EXTINF:1,\nfile://{other}\n#EXT-X-ENDLIST\n",
    "list.txt": "ffconcat version 1.0\nfile '{other}'\n",
    "list.mp4": "ffconcat version 1.0\nfile '{name}'\n",
    "list.sdp": "v=0\no=- 0 0 IN IP4 127.0.0.1\ns=x\nc=IN IP4 127.0.0.1\nt=0 0\nm=audio 5004 RTP/AVP 0\n",
    "list.mpd": '<?xml version="1.0"?><MPD xmlns="urn:mpeg:dash:schema:mpd:2011" type="static"><Period><AdaptationSet '
    'mimeType="audio/mp4"><Representation id="a" bandwidth="1"><BaseURL>{name}</BaseURL></Representation>'
    "</AdaptationSet></Period></MPD>",
    "list%d.wav": "",
}


@pytest.mark.parametrize("name", PLAYLISTS)
def test_a_list_never_opens_another_file(tmp_path: Path, speech: Path, name: str) -> None:
    path = tmp_path / name
    (tmp_path / "list1.wav").write_bytes(speech.read_bytes())
    path.write_text(PLAYLISTS[name].format(other=speech, name=speech.name) or "\n")
    for read in (read_sound, probe, lambda path: list(read_video(path))):
        with pytest.raises(MediaError, match="give a recording itself, as WAV or MP4") as raised:
            read(path)
        one_line(raised)


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
