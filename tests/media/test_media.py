"""Pictures, sound and video go round; whatever cannot is refused in one line, and nothing is left behind."""

from __future__ import annotations

import io
import os
import struct
import subprocess
import sys
import tracemalloc
import zlib
from fractions import Fraction
from pathlib import Path

import av
import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from PIL import Image, ImageCms
from scipy.io import wavfile
from scipy.signal import correlate

import dicetalk
from dicetalk.errors import MediaError
from dicetalk.media import (
    VideoWriter,
    frame_count,
    probe,
    read_picture,
    read_sound,
    read_video,
    write_picture,
)
from dicetalk.rates import SAMPLES_PER_FRAME, SPEECH_RATE

SECONDS = 1.5


def chirp(rate: int, seconds: float = SECONDS) -> np.ndarray:
    """Silence, a sweep from 0.5 s to 0.7 s, silence: float64 in [-0.6, 0.6], its place is unmistakable."""
    time = np.arange(round(rate * seconds)) / rate
    sweep = np.sin(2 * np.pi * (300 + 3000 * (time - 0.5)) * (time - 0.5))
    envelope = np.sin(np.pi * np.clip((time - 0.5) / 0.2, 0, 1)) ** 2
    return 0.6 * sweep * envelope


def encode_sound(path: Path, codec: str, rate: int, layout: str, signal: np.ndarray, start: float = 0.0) -> None:
    """Write `signal` on every channel; with `start` the file also has a picture track, which begins at 0."""
    channels = av.AudioLayout(layout).nb_channels
    with av.open(str(path), "w") as container:
        stream = container.add_stream(codec, rate=rate, layout=layout, options={"strict": "-2"})
        kind = stream.codec_context.codec.audio_formats[0].name
        stream.codec_context.format = kind
        if start:
            write_black(container, container.add_stream("libx264", rate=25))
        frame = av.AudioFrame.from_ndarray(
            np.tile(signal.astype(np.float32), (channels, 1)), format="fltp", layout=layout
        )
        frame.rate, frame.pts, frame.time_base = rate, round(start * rate), Fraction(1, rate)
        resampler = av.AudioResampler(kind, layout, rate, frame_size=1024)
        for block in resampler.resample(frame) + resampler.resample(None):
            container.mux(stream.encode(block))
        container.mux(stream.encode(None))


def write_black(container: av.container.OutputContainer, stream: av.VideoStream) -> None:
    stream.width = stream.height = 32
    for index in range(50):
        frame = av.VideoFrame.from_ndarray(np.zeros((32, 32, 3), np.uint8), format="rgb24")
        frame.pts, frame.time_base = index, Fraction(1, 25)
        container.mux(stream.encode(frame))
    container.mux(stream.encode(None))


def delay(heard: np.ndarray, signal: np.ndarray, rate: int = SPEECH_RATE) -> float:
    """How much later `signal` lies in `heard` [s]."""
    return (int(np.argmax(correlate(heard.astype(float), signal, method="fft"))) - signal.size + 1) / rate


def write_wav(path: Path, samples: np.ndarray, rate: int = SPEECH_RATE) -> Path:
    wavfile.write(path, rate, samples)
    return path


@pytest.fixture
def speech(tmp_path: Path) -> Path:
    return write_wav(tmp_path / "speech.wav", (chirp(SPEECH_RATE) * 32767).astype(np.int16))


def one_line(raised: pytest.ExceptionInfo[MediaError]) -> str:
    message = str(raised.value)
    assert "\n" not in message
    assert len(message) > 20
    return message


# ------------------------------------------------------------------------------------------------------- sound

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


@given(st.integers(0, 10 * 3600 * SPEECH_RATE))
def test_frames_cover_the_speech_by_less_than_one_frame(samples: int) -> None:
    assert 0 <= frame_count(samples) * SAMPLES_PER_FRAME - samples < SAMPLES_PER_FRAME


def picture_only(path: Path) -> None:
    with av.open(str(path), "w", format="mp4") as container:
        write_black(container, container.add_stream("libx264", rate=25))


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


def damaged(data: bytes, seed: int, changes: int) -> bytes:
    random = np.random.default_rng(seed)
    changed = np.frombuffer(data, np.uint8).copy()
    changed[random.integers(0, changed.size, changes)] = random.integers(0, 256, changes)
    return changed[: random.integers(1, changed.size + 1)].tobytes() if seed % 3 == 0 else changed.tobytes()


# ------------------------------------------------------------------------------------------------------- video

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
        y, u, v = (np.frombuffer(plane, np.uint8)[0] for plane in frame.planes)
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


def write_video(path: Path, speech: Path) -> None:
    sound = read_sound(speech)
    with VideoWriter(path, width=64, height=64, speech=sound) as video:
        video.write(np.zeros((frame_count(sound.waveform.size), 64, 64, 3), np.uint8))


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

    def full(path: Path) -> Path:
        (path.parent / ".full.mp4").symlink_to("/dev/full")
        return path.parent / ".full.mp4"

    monkeypatch.setattr("dicetalk.files.claim_temporary", full)
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


def bad_outputs(folder: Path, suffix: str) -> dict[Path, str]:
    (folder / f"folder{suffix}").mkdir()
    (folder / "file").touch()
    return {
        folder / "out.avi": r"ends in '\.avi'; end the output name in \.",
        folder / "out": "ends in 'nothing'",
        folder / f"folder{suffix}": "is a folder",
        folder / "missing" / f"out{suffix}": "does not exist; make it first",
        folder / "file" / f"out{suffix}": "does not exist; make it first",
        folder / f"{'long' * 100}{suffix}": "too long",
        Path(f"/proc/out{suffix}"): "cannot be written|does not exist",
    }


def test_bad_videos_to_write_are_refused(tmp_path: Path) -> None:
    rows = bad_outputs(tmp_path, ".mp4")
    before = sorted(tmp_path.iterdir())
    for path, says in rows.items():
        with pytest.raises(MediaError, match=says) as raised, VideoWriter(path, width=64, height=64):
            pass
        one_line(raised)
    assert sorted(tmp_path.iterdir()) == before


def test_bad_pictures_to_write_are_refused(tmp_path: Path) -> None:
    rows = bad_outputs(tmp_path, ".png")
    before = sorted(tmp_path.iterdir())
    for path, says in rows.items():
        with pytest.raises(MediaError, match=says) as raised:
            write_picture(path, scene())
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


# ---------------------------------------------------------------------------------------------------- pictures


def scene(height: int = 40, width: int = 60) -> np.ndarray:
    """A smooth picture without symmetry, uint8 `(H, W, 3)`."""
    y, x = np.mgrid[:height, :width]
    return np.stack([x * 4, y * 6, 255 - x * 2 - y], -1).clip(0, 255).astype(np.uint8)


def save(path: Path, array: np.ndarray, mode: str | None = None, **options: object) -> Path:
    image = Image.fromarray(array)
    (image.convert(mode) if mode else image).save(path, **options)
    return path


@pytest.mark.parametrize("orientation", range(1, 9))
def test_the_rotation_of_the_camera_is_honoured(tmp_path: Path, orientation: int) -> None:
    stored = {
        1: lambda a: a,
        2: lambda a: a[:, ::-1],
        3: lambda a: a[::-1, ::-1],
        4: lambda a: a[::-1],
        5: lambda a: a.swapaxes(0, 1),
        6: lambda a: np.rot90(a, 1),
        7: lambda a: a[::-1, ::-1].swapaxes(0, 1),
        8: lambda a: np.rot90(a, -1),
    }[orientation](scene())
    exif = Image.Exif()
    exif[0x0112] = orientation
    for suffix in ("png", "tiff"):
        path = save(tmp_path / f"turned.{suffix}", np.ascontiguousarray(stored), exif=exif)
        assert np.array_equal(read_picture(path), scene())


def test_transparency_lies_on_white(tmp_path: Path) -> None:
    alpha = np.zeros((40, 60, 1), np.uint8)
    alpha[:20] = 255
    path = save(tmp_path / "cut.png", np.concatenate([scene(), alpha], 2))
    seen = read_picture(path)
    assert np.array_equal(seen[:20], scene()[:20])
    assert (seen[20:] == 255).all()
    grey = save(tmp_path / "la.png", np.concatenate([scene(), alpha], 2), "LA")
    assert (read_picture(grey)[20:] == 255).all()
    palette = Image.fromarray(scene()).quantize(16)
    palette.save(tmp_path / "p.png", transparency=int(np.asarray(palette)[0, 0]))
    assert (read_picture(tmp_path / "p.png")[0, 0] == 255).all()


@pytest.mark.parametrize(
    ("name", "mode", "within"),
    [("a.jpg", "CMYK", 12), ("a.tif", "CMYK", 2), ("a.gif", "P", 60), ("a.webp", "RGB", 30), ("a.bmp", "RGB", 0)],
)
def test_kinds_of_pictures(tmp_path: Path, name: str, mode: str, within: int) -> None:
    seen = read_picture(save(tmp_path / name, scene(), mode))
    assert seen.dtype == np.uint8
    assert np.abs(seen.astype(int) - scene()).max() <= within


@pytest.mark.parametrize("mode", ["L", "1"])
def test_grey_and_black_and_white(tmp_path: Path, mode: str) -> None:
    seen = read_picture(save(tmp_path / "a.png", scene(), mode))
    assert np.array_equal(seen, np.asarray(Image.fromarray(scene()).convert(mode).convert("RGB")))


@pytest.mark.parametrize(
    ("name", "dtype", "full"),
    [
        ("a.png", np.uint16, 65535),
        ("a.tif", np.uint16, 65535),
        ("a.tif", np.int32, 65535),
        ("a.tif", np.int32, 255),
        ("a.tif", np.int32, 2_000_000_000),
        ("a.tif", np.float32, 1.0),
        ("a.tif", np.float32, 255.0),
    ],
)
def test_deep_grey_is_scaled_and_not_clipped(tmp_path: Path, name: str, dtype: type, full: float) -> None:
    ramp = np.tile(np.linspace(0, 1, 256), (40, 1))
    path = save(tmp_path / name, (ramp * full).astype(dtype))
    assert np.abs(read_picture(path)[..., 0].astype(int) - np.arange(256)).max() <= 1


def test_the_first_frame_of_an_animation_is_taken(tmp_path: Path) -> None:
    frames = [Image.fromarray(np.full((40, 40, 3), value, np.uint8)) for value in (10, 200)]
    frames[0].save(tmp_path / "a.webp", save_all=True, append_images=frames[1:], lossless=True)
    assert (read_picture(tmp_path / "a.webp") == 10).all()


def test_a_colour_profile_is_brought_to_srgb(tmp_path: Path) -> None:
    srgb = ImageCms.ImageCmsProfile(ImageCms.createProfile("sRGB"))
    tagged = save(tmp_path / "srgb.png", scene(), icc_profile=srgb.tobytes())
    assert np.array_equal(read_picture(tagged), scene())
    broken = save(tmp_path / "broken.png", scene(), icc_profile=b"no profile at all")
    assert np.array_equal(read_picture(broken), scene())
    swapped = bytearray(srgb.tobytes().replace(b"s\0R\0G\0B", b"o\0d\0d\0 "))
    red, blue = swapped.index(b"rXYZ"), swapped.index(b"bXYZ")
    swapped[red : red + 4], swapped[blue : blue + 4] = b"bXYZ", b"rXYZ"
    odd = save(tmp_path / "odd.png", scene(), icc_profile=bytes(swapped))
    assert np.abs(read_picture(odd).astype(int) - scene()[..., ::-1]).max() <= 2


def png_header(width: int, height: int) -> bytes:
    """A PNG that claims a size and holds nothing."""
    buffer = io.BytesIO()
    Image.new("RGB", (32, 32)).save(buffer, "PNG")
    data = bytearray(buffer.getvalue())
    data[16:24] = struct.pack(">II", width, height)
    data[29:33] = struct.pack(">I", zlib.crc32(data[12:29]))
    return bytes(data)


BAD_PICTURES = {
    "is a folder": lambda path: path.mkdir(),
    "cannot be opened .No such file": lambda path: None,
    "0 bytes": lambda path: path.touch(),
    "not a picture that can be read; convert it to PNG or JPEG": lambda path: path.write_bytes(
        b"\0\0\0\x18ftypheic" * 9
    ),
    "is EPS": lambda path: path.write_bytes(b"%!PS-Adobe-3.0 EPSF-3.0\n%%BoundingBox: 0 0 90 90\n%%EndComments\n"),
    "7100 x 7100, more than 50": lambda path: path.write_bytes(png_header(7100, 7100)),
    "more than 50 megapixels": lambda path: path.write_bytes(png_header(60000, 60000)),
    "10000 x 10000": lambda path: path.write_bytes(png_header(10000, 10000)),
    "31 x 40; a picture needs at least 32": lambda path: Image.new("RGB", (31, 40)).save(path),
    "damaged": lambda path: path.write_bytes(png_header(700, 700)),
    "NaN": lambda path: Image.fromarray(np.full((40, 40), np.nan, np.float32)).save(path, "TIFF"),
}


@pytest.mark.parametrize("says", BAD_PICTURES)
@pytest.mark.filterwarnings("error")
def test_bad_pictures_are_refused(tmp_path: Path, says: str) -> None:
    path = tmp_path / "face.png"
    BAD_PICTURES[says](path)
    tracemalloc.start()
    with pytest.raises(MediaError, match=says) as raised:
        read_picture(path)
    peak = tracemalloc.get_traced_memory()[1]
    tracemalloc.stop()
    assert peak < 2**23
    assert str(path) in one_line(raised)


def test_a_truncated_photograph_is_refused(tmp_path: Path) -> None:
    path = save(tmp_path / "a.jpg", scene(200, 300))
    path.write_bytes(path.read_bytes()[:-300])
    with pytest.raises(MediaError, match="damaged"):
        read_picture(path)


@settings(max_examples=60, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(st.integers(0, 2**31), st.integers(1, 40), st.sampled_from(["png", "jpg", "tif", "gif", "webp", "jp2"]))
def test_damaged_pictures_are_read_or_refused(tmp_path: Path, seed: int, changes: int, suffix: str) -> None:
    whole = tmp_path / f"whole.{suffix}"
    if not whole.exists():
        save(whole, scene())
    path = tmp_path / f"damaged.{suffix}"
    path.write_bytes(damaged(whole.read_bytes(), seed, changes))
    try:
        assert read_picture(path).ndim == 3
    except MediaError as error:
        assert "\n" not in str(error)


def test_pictures_go_round(tmp_path: Path) -> None:
    write_picture(tmp_path / "a.png", scene())
    assert np.array_equal(read_picture(tmp_path / "a.png"), scene())
    write_picture(str(tmp_path / "a.jpeg"), scene())
    assert np.abs(read_picture(tmp_path / "a.jpeg").astype(int) - scene()).mean() < 5
    assert sorted(p.name for p in tmp_path.iterdir()) == ["a.jpeg", "a.png"]
    with pytest.raises(MediaError, match=r"\.png, \.jpg, \.jpeg"):
        write_picture(tmp_path / "a.tga", scene())


def test_the_demo_speech_is_there() -> None:
    path = Path(dicetalk.__file__).parent / "assets" / "demo.flac"
    assert path.stat().st_size <= 300_000
    sound = read_sound(path)
    assert (sound.rate, sound.channels) == (32_000, 1)
    assert 8 < sound.seconds < 10
