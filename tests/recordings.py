"""Recordings that tests make: a sweep whose place is unmistakable, in any codec; and what a bad one does."""

from __future__ import annotations

from fractions import Fraction
from pathlib import Path
from typing import Any

import av
import numpy as np
import pytest
from numpy.typing import NDArray
from scipy.io import wavfile
from scipy.signal import correlate

from dicetalk.errors import MediaError
from dicetalk.media import (
    VideoWriter,
    frame_count,
    read_sound,
)
from dicetalk.rates import SPEECH_RATE

SECONDS = 1.5


def chirp(rate: int, seconds: float = SECONDS) -> NDArray[Any]:
    """Silence, a sweep from 0.5 s to 0.7 s, silence: float64 in [-0.6, 0.6], its place is unmistakable."""
    time = np.arange(round(rate * seconds)) / rate
    sweep = np.sin(2 * np.pi * (300 + 3000 * (time - 0.5)) * (time - 0.5))
    envelope = np.sin(np.pi * np.clip((time - 0.5) / 0.2, 0, 1)) ** 2
    return 0.6 * sweep * envelope


def encode_sound(
    path: Path,
    codec: str,
    rate: int,
    layout: str,
    signal: NDArray[Any],
    start: float = 0.0,
    *,
    leave_out: tuple[float, float] | None = None,
    again: float = 0.0,
    tremble: float = 0.0,
    options: dict[str, str] | None = None,
) -> None:
    """Write `signal` on every channel; with `start` the file also has a picture track, which begins at 0.

    Args:
        path, codec, rate, layout, signal: of the file.
        start: when the sound begins [s].
        leave_out: from when until when blocks are left out [s].
        again: when the signal comes a second time, behind what is left out [s]; 0 never.
        tremble: how far every second time stamp is off [s].
        options: of the file format.
    """
    channels = av.AudioLayout(layout).nb_channels
    if again:
        gap = np.zeros(round(again * rate))
        signal = np.concatenate([signal, gap]) + np.concatenate([gap, signal])
    with av.open(str(path), "w", options=options or {}) as container:
        stream = container.add_stream(codec, rate=rate, layout=layout, options={"strict": "-2"})
        assert isinstance(stream, av.AudioStream)
        kind = (stream.codec_context.codec.audio_formats or [])[0].name
        stream.codec_context.format = kind
        if start:
            write_black(container, container.add_stream("libx264", rate=25))
        frame = av.AudioFrame.from_ndarray(
            np.tile(signal.astype(np.float32), (channels, 1)), format="fltp", layout=layout
        )
        frame.rate, frame.pts, frame.time_base = rate, round(start * rate), Fraction(1, rate)
        resampler = av.AudioResampler(kind, layout, rate, frame_size=960 if codec == "libopus" else 1024)
        packets = []
        for block in resampler.resample(frame) + resampler.resample(None):
            packets += stream.encode(block)
        packets += stream.encode(None)
        for number, packet in enumerate(packets):
            assert packet.pts is not None and packet.time_base is not None
            time = float(packet.pts * packet.time_base) - start
            if leave_out and leave_out[0] <= time < leave_out[1]:
                continue
            if tremble and number % 2:
                packet.pts = packet.dts = packet.pts + round(tremble / packet.time_base)
            container.mux(packet)


def write_black(container: av.container.OutputContainer, stream: av.VideoStream) -> None:
    stream.width = stream.height = 32
    for index in range(50):
        frame = av.VideoFrame.from_ndarray(np.zeros((32, 32, 3), np.uint8), format="rgb24")
        frame.pts, frame.time_base = index, Fraction(1, 25)
        container.mux(stream.encode(frame))
    container.mux(stream.encode(None))


def delay(heard: NDArray[Any], signal: NDArray[Any], rate: int = SPEECH_RATE) -> float:
    """How much later `signal` lies in `heard` [s]."""
    return (int(np.argmax(correlate(heard.astype(float), signal, method="fft"))) - signal.size + 1) / rate


def write_wav(path: Path, samples: NDArray[Any], rate: int = SPEECH_RATE) -> Path:
    wavfile.write(path, rate, samples)
    return path


def one_line(raised: pytest.ExceptionInfo[MediaError]) -> str:
    message = str(raised.value)
    assert "\n" not in message
    assert len(message) > 20
    return message


def picture_only(path: Path) -> None:
    with av.open(str(path), "w", format="mp4") as container:
        write_black(container, container.add_stream("libx264", rate=25))


def damaged(data: bytes, seed: int, changes: int) -> bytes:
    random = np.random.default_rng(seed)
    changed = np.frombuffer(data, np.uint8).copy()
    changed[random.integers(0, changed.size, changes)] = random.integers(0, 256, changes)
    return changed[: random.integers(1, changed.size + 1)].tobytes() if seed % 3 == 0 else changed.tobytes()


def write_video(path: Path, speech: Path) -> None:
    sound = read_sound(speech)
    with VideoWriter(path, width=64, height=64, speech=sound) as video:
        video.write(np.zeros((frame_count(sound.waveform.size), 64, 64, 3), np.uint8))


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
