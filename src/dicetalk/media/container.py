"""Containers of sound and video: opened, decoded, and what FFmpeg says when it cannot write one."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import av
from av.container import InputContainer

from dicetalk.errors import MediaError
from dicetalk.files import writing


@contextmanager
def encoding(path: Path) -> Iterator[None]:
    """Say in one line why `path` cannot be written, where FFmpeg writes it."""
    try:
        with writing(path):
            yield
    except av.FFmpegError as error:
        raise MediaError(f"{path} cannot be written ({error.strerror}); choose another place") from error


def one_line(error: Exception) -> str:
    """What an exception of a library says, without line breaks or its own copy of the file name."""
    text = error.strerror if isinstance(error, av.FFmpegError) else str(error)
    return " ".join(str(text).split()) or type(error).__name__


@contextmanager
def opened(path: Path) -> Iterator[InputContainer]:
    """Open for demuxing. Only this very file: a playlist may not reach out to the network."""
    try:
        container = av.open(
            str(path.absolute()), mode="r", metadata_errors="replace", options={"protocol_whitelist": "file"}
        )
    except (av.FFmpegError, ValueError) as error:
        reason = one_line(error)
        raise MediaError(
            f"{path} is no sound or video that can be read ({reason}); convert it to WAV or MP4"
        ) from error
    with container:
        yield container


def decoded(
    path: Path, container: InputContainer, stream: av.AudioStream | av.VideoStream
) -> Iterator[av.AudioFrame | av.VideoFrame]:
    """Decode one stream. As in every player a few damaged packets are skipped; one in ten is too much."""
    good, bad, reason = 0, 0, ""
    packets = container.demux(stream)
    while True:
        packet, frames = None, []
        try:
            packet = next(packets, None)
            frames = packet.decode() if packet is not None else []
            good += bool(frames)
        except (av.FFmpegError, ValueError) as error:
            bad, reason = bad + 1, one_line(error)
        yield from (frame for frame in frames if isinstance(frame, av.AudioFrame | av.VideoFrame))
        if packet is None:
            break
    if bad * 10 > good:
        raise MediaError(f"{path} is damaged or its codec cannot be read ({reason}); convert it to WAV or MP4")
