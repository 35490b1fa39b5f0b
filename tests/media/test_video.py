"""Videos are written in step with their speech, whole or not at all, and read back upright."""

from __future__ import annotations

import os
import struct
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from recordings import (
    bad_outputs,
    chirp,
    one_line,
    write_video,
    write_wav,
)

from dicetalk.errors import MediaError
from dicetalk.media import (
    Picture,
    VideoWriter,
    frame_count,
    probe,
    read_sound,
    read_video,
)
from dicetalk.media import (
    video as video_module,
)
from dicetalk.rates import SAMPLES_PER_FRAME, SPEECH_RATE


@given(st.integers(0, 10 * 3600 * SPEECH_RATE))
def test_frames_cover_the_speech_by_less_than_one_frame(samples: int) -> None:
    assert 0 <= frame_count(samples) * SAMPLES_PER_FRAME - samples < SAMPLES_PER_FRAME


COLOURS = np.array(
    [(255, 0, 0), (0, 255, 0), (0, 0, 255), (255, 255, 255), (0, 0, 0), (200, 120, 90), (224, 172, 140), (30, 60, 120)]
)


def test_colours_survive_and_are_tagged(tmp_path: Path) -> None:
    frames = np.repeat(np.repeat(COLOURS[:, None, None], 64, 1), 64, 2).astype(np.uint8)
    path = tmp_path / "colours.mp4"
    with VideoWriter(path, width=64, height=64) as video:
        for frame in frames:
            video.write(frame)
    assert np.abs(np.stack(list(read_video(path))).astype(int) - frames).max() <= 3
    with av.open(str(path)) as container:
        frame = next(container.decode(video=0))
        tags = frame.colorspace, frame.color_range, frame.color_primaries, frame.color_trc
        y, u, v = (bytes(plane)[0] for plane in frame.planes)
    assert tags == (1, 1, 1, 1)  # BT.709 thrice, limited range
    assert np.abs(np.array([y, u, v], int) - [63, 102, 240]).max() <= 1  # red as BT.709 defines it
    assert probe(path)[1] is None


def test_the_index_lies_at_the_front(tmp_path: Path, speech: Path) -> None:
    write_video(tmp_path / "out.mp4", speech)
    data = (tmp_path / "out.mp4").read_bytes()
    assert 0 < data.index(b"moov") < data.index(b"mdat")


@pytest.mark.parametrize("name", ["out.MP4", "out.m4v", "out.mov", "a:b %03d é.mp4"])
def test_names_of_videos(tmp_path: Path, speech: Path, name: str) -> None:
    write_video(tmp_path / name, speech)
    picture, track = probe(tmp_path / name)
    assert picture is not None
    assert track is not None
    assert sorted(p.name for p in tmp_path.iterdir()) == sorted(["speech.wav", name])
    assert (tmp_path / name).stat().st_mode & 0o777 == 0o666 & ~current_umask()


def current_umask() -> int:
    mask = os.umask(0)
    os.umask(mask)
    return mask


def test_a_phone_video_is_turned_upright(tmp_path: Path) -> None:
    frame = np.zeros((32, 64, 3), np.uint8)
    frame[:, :32] = 255
    path = tmp_path / "phone.mp4"
    with VideoWriter(path, width=64, height=32) as video:
        video.write(frame)
    data = path.read_bytes()
    straight = struct.pack(">9i", 65536, 0, 0, 0, 65536, 0, 0, 0, 1 << 30)
    clockwise = struct.pack(">9i", 0, 65536, 0, -65536, 0, 0, 0, 0, 1 << 30)
    place = data.index(straight, data.index(b"tkhd"))
    path.write_bytes(data[:place] + clockwise + data[place + 36 :])
    (turned,) = read_video(path)
    assert turned.shape == (64, 32, 3)
    assert turned[:28].min() > 240  # what was left is on top after a quarter turn clockwise
    assert turned[36:].max() < 15


@pytest.mark.parametrize("suffix", ["mp4", "mov", "mkv", "avi"])
@pytest.mark.parametrize(
    ("pixel", "most", "shape"),
    [
        (Fraction(2), None, (48, 128)),
        (Fraction(1, 2), None, (96, 64)),
        (Fraction(16, 11), None, (48, 94)),
        (Fraction(2), 64, (24, 64)),
        (Fraction(1), None, (48, 64)),
    ],
)
def test_pixels_that_are_not_square_are_stretched(
    tmp_path: Path, suffix: str, pixel: Fraction, most: int | None, shape: tuple[int, int]
) -> None:
    path = tmp_path / f"wide.{suffix}"
    half = np.repeat(np.repeat(np.array([[[0], [255]]], np.uint8), 32, 1), 48, 0).repeat(3, 2)
    with av.open(str(path), "w") as container:
        stream = container.add_stream("libx264", rate=25)
        stream.width, stream.height, stream.codec_context.sample_aspect_ratio = 64, 48, pixel
        for _ in range(3):
            container.mux(stream.encode(av.VideoFrame.from_ndarray(half, format="rgb24")))
        container.mux(stream.encode(None))
    frames = list(read_video(path, most=most))
    assert {frame.shape[:2] for frame in frames} == {shape}
    middle = shape[1] // 2
    assert frames[0][:, : middle - 4].max() < 40 and frames[0][:, middle + 4 :].min() > 215


def test_pictures_that_begin_after_the_sound_wait_for_their_time(tmp_path: Path, speech: Path) -> None:
    path = tmp_path / "late.mkv"
    with av.open(str(path), "w") as container, av.open(str(speech)) as sound:
        audio = container.add_stream("pcm_s16le", rate=SPEECH_RATE, layout="mono")
        video = container.add_stream("libx264", rate=25)
        video.width = video.height = 32
        assert isinstance(audio, av.AudioStream)
        for block in sound.decode(audio=0):
            container.mux(audio.encode(block))
        for number in range(20):
            value = 0 if number < 10 else 255
            frame = av.VideoFrame.from_ndarray(np.full((32, 32, 3), value, np.uint8), format="rgb24")
            frame.pts, frame.time_base = number + 10, Fraction(1, 25)
            container.mux(video.encode(frame))
        container.mux(video.encode(None))
    seen = np.array([frame.mean() for frame in read_video(path, fps=25)])
    assert len(seen) == 30 and (seen[:20] < 20).all() and (seen[20:] > 235).all()


@pytest.mark.parametrize("error", [RuntimeError, KeyboardInterrupt, GeneratorExit, SystemExit])
def test_an_interrupted_video_leaves_nothing(tmp_path: Path, speech: Path, error: type[BaseException]) -> None:
    before = b"an older video"
    (tmp_path / "out.mp4").write_bytes(before)
    with (
        pytest.raises(error),
        VideoWriter(tmp_path / "out.mp4", width=64, height=64, speech=read_sound(speech)) as video,
    ):
        video.write(np.zeros((90, 64, 64, 3), np.uint8))
        assert len(list(tmp_path.glob(".*.mp4"))) == 1
        raise error
    assert sorted(p.name for p in tmp_path.iterdir()) == ["out.mp4", "speech.wav"]
    assert (tmp_path / "out.mp4").read_bytes() == before


def test_a_full_disk_is_told(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    if not Path("/dev/full").exists():
        pytest.skip("needs /dev/full, a device that is always full")

    @contextmanager
    def full(path: Path) -> Iterator[Path]:
        (path.parent / ".full.mp4").symlink_to("/dev/full")
        yield path.parent / ".full.mp4"

    monkeypatch.setattr("dicetalk.files.claimed", full)
    noise = np.random.default_rng(0).integers(0, 255, (60, 128, 128, 3), dtype=np.uint8)
    with (
        pytest.raises(MediaError, match=r"no space left .* \(free: ") as raised,
        VideoWriter(tmp_path / "out.mp4", width=128, height=128) as video,
    ):
        video.write(noise)
    one_line(raised)
    assert list(tmp_path.iterdir()) == []


def test_a_file_size_limit_is_told(tmp_path: Path) -> None:
    program = f"""
import resource, numpy as np
from dicetalk.media import VideoWriter
resource.setrlimit(resource.RLIMIT_FSIZE, (100_000, 100_000))
with VideoWriter({str(tmp_path / "out.mp4")!r}, width=128, height=128) as video:
    video.write(np.random.default_rng(0).integers(0, 255, (60, 128, 128, 3), dtype=np.uint8))
"""
    done = subprocess.run([sys.executable, "-c", program], capture_output=True, text=True, check=False)
    assert "MediaError" in done.stderr.splitlines()[-1]
    assert "File too large" in done.stderr.splitlines()[-1]
    assert list(tmp_path.iterdir()) == []


def test_bad_videos_to_write_are_refused(tmp_path: Path) -> None:
    rows = bad_outputs(tmp_path, ".mp4")
    before = sorted(tmp_path.iterdir())
    for path, says in rows.items():
        with pytest.raises(MediaError, match=says) as raised, VideoWriter(path, width=64, height=64):
            pass
        one_line(raised)
    assert sorted(tmp_path.iterdir()) == before


def test_the_speech_is_not_overwritten(tmp_path: Path, speech: Path) -> None:
    write_video(tmp_path / "own.mp4", speech)
    with pytest.raises(MediaError, match="would be overwritten"):
        write_video(tmp_path / "own.mp4", tmp_path / "own.mp4")


def test_frames_of_another_size_are_our_own_mistake(tmp_path: Path) -> None:
    for width, height in ((63, 64), (64, 63), (0, 64)):
        with pytest.raises(ValueError, match="even"):
            VideoWriter(tmp_path / "out.mp4", width=width, height=height)
    with pytest.raises(ValueError, match="expected"), VideoWriter(tmp_path / "out.mp4", width=64, height=64) as video:
        video.write(np.zeros((64, 32, 3), np.uint8))
    with pytest.raises(ValueError, match="expected"), VideoWriter(tmp_path / "out.mp4", width=64, height=64) as video:
        video.write(np.zeros((64, 64, 3), np.float32))


def test_memory_does_not_grow_with_length(tmp_path: Path) -> None:
    program = """
import sys, numpy as np
from dicetalk.media import VideoWriter, read_sound
sound = read_sound(sys.argv[1])
frame = np.zeros((64, 64, 3), np.uint8)
with VideoWriter(sys.argv[2], width=64, height=64, speech=sound) as video:
    for _ in range(sound.waveform.size // 640):
        video.write(frame)
peak = next(line for line in open("/proc/self/status") if line.startswith("VmHWM"))
print(int(peak.split()[1]) / 1024 - sound.waveform.nbytes / 2**20)
"""
    if not Path("/proc/self/status").exists():
        pytest.skip("needs /proc to read the peak of a process")
    peaks = []
    for seconds in (10, 80):
        speech = write_wav(tmp_path / f"{seconds}.wav", (chirp(48000, seconds) * 32767).astype(np.int16), 48000)
        arguments = [sys.executable, "-c", program, str(speech), str(tmp_path / "out.mp4")]
        peaks.append(float(subprocess.run(arguments, capture_output=True, text=True, check=True).stdout))
    assert peaks[1] - peaks[0] < 8  # [MB]; 2000 frames are 24 MB raw, the speech 7.7 MB more


def alpha_of(path: Path) -> NDArray[Any]:
    """(T, H, W) alpha; FFmpeg's own VP9 decoder leaves it out, the reference's keeps it."""
    with av.open(str(path)) as container:
        stream = container.streams.video[0]
        decoder = av.CodecContext.create("libvpx-vp9", "r") if path.suffix == ".webm" else stream.codec_context
        assert isinstance(decoder, av.VideoCodecContext)
        packets = [packet for packet in container.demux(stream) if packet.size]
        frames = [frame for packet in [*packets, None] for frame in decoder.decode(packet)]
        return np.stack([frame.to_ndarray(format="rgba")[..., 3] for frame in frames])


@pytest.mark.parametrize("name", ["out.webm", "out.mov"])
def test_what_is_transparent_stays_so(tmp_path: Path, name: str) -> None:
    frames = np.full((10, 64, 96, 4), 90, np.uint8)
    frames[..., 3] = np.linspace(0, 255, 96).astype(np.uint8)
    with VideoWriter(tmp_path / name, width=96, height=64, alpha=True) as video:
        video.write(frames)
    found = alpha_of(tmp_path / name)
    assert found.shape == (10, 64, 96)
    assert np.abs(found.astype(int) - frames[..., 3]).mean() < 3


def test_an_mp4_keeps_none(tmp_path: Path) -> None:
    with pytest.raises(ValueError, match="cannot keep alpha"):
        VideoWriter(tmp_path / "out.mp4", width=96, height=64, alpha=True)


@pytest.mark.parametrize("suffix", [".mp4", ".webm"])
def test_better_pictures_are_larger_and_nearer(tmp_path: Path, hopper_picture: Picture, suffix: str) -> None:
    frames = np.stack([np.roll(hopper_picture[:256, :256], i, 1) for i in range(8)])
    sizes, errors = [], []
    for quality in ("low", "medium", 95):
        path = tmp_path / f"{quality}{suffix}"
        with VideoWriter(path, width=256, height=256, quality=quality) as video:
            video.write(frames)
        sizes.append(path.stat().st_size)
        errors.append(np.abs(np.stack(list(read_video(path))).astype(int) - frames).mean())
    assert sizes == sorted(sizes) and errors == sorted(errors, reverse=True)


@pytest.mark.parametrize("joins", [None, 1, 4, 30])
@pytest.mark.parametrize("vast", [False, True])
def test_whatever_the_encoder_is_told_the_frames_are_there(
    tmp_path: Path, hopper_picture: Picture, monkeypatch: pytest.MonkeyPatch, vast: bool, joins: int | None
) -> None:
    if vast:
        monkeypatch.setattr(video_module, "VAST", 100)
    frame, count = hopper_picture[:64, :96], joins or 12
    with VideoWriter(tmp_path / "out.mp4", width=96, height=64, joins=joins) as video:
        for shift in range(count):
            video.write(np.roll(frame, shift, 1))
    written = list(read_video(tmp_path / "out.mp4"))
    assert len(written) == count
    assert all(np.abs(one.astype(int) - np.roll(frame, i, 1)).mean() < 8 for i, one in enumerate(written))


def test_webm_speaks(tmp_path: Path, speech: Path) -> None:
    sound = read_sound(speech)
    with VideoWriter(tmp_path / "out.webm", width=64, height=64, speech=sound) as video:
        video.write(np.zeros((30, 64, 64, 3), np.uint8))
    pictures, voice = probe(tmp_path / "out.webm")
    assert pictures and voice and (pictures.codec, voice.codec) == ("vp9", "opus")
    assert abs(read_sound(tmp_path / "out.webm").seconds - sound.seconds) < 0.05
