"""How long a sound track should be, as its file tells it."""

from __future__ import annotations

import re
import struct
from typing import IO

import av
from av.container import InputContainer

UNKNOWN = (0, 0xFFFFFFFF)
"""Sizes in a WAV file that a recorder which cannot go back leaves in its head."""


def told_length(file: IO[bytes], container: InputContainer, stream: av.AudioStream) -> float | None:
    """How long a sound track is [s] as the file's head has it; None where it does not tell."""
    if container.format.name == "wav":
        return _wav_length(file, stream)
    tick = float(stream.time_base or 0)
    if stream.frames and _counts_samples(container, stream):
        return stream.frames * tick
    if stream.duration:
        length = stream.duration * tick
        return None if _guessed(container, stream, length) else length
    tag = re.fullmatch(r"(\d+):(\d+):(\d+\.\d+)", stream.metadata.get("DURATION", ""))
    if tag is not None:  # of Matroska: until when it lasts
        hours, minutes, seconds = (float(part) for part in tag.groups())
        return hours * 3600 + minutes * 60 + seconds - (stream.start_time or 0) * tick
    return None


def _counts_samples(container: InputContainer, stream: av.AudioStream) -> bool:
    """Whether the head tells how many ticks there are, which FFmpeg makes fewer where the file is shorter."""
    plain = stream.codec_context.name.startswith("pcm_")
    return container.format.name == "avi" or (container.format.name == "caf" and plain)


def _guessed(container: InputContainer, stream: av.AudioStream, length: float) -> bool:
    """Whether a length [s] is only the file's size by its bit rate, as FFmpeg tells it where no head does."""
    rate = stream.codec_context.bit_rate
    return bool(rate and abs(container.size * 8 / rate - length) < 0.02 * length)


def _wav_length(file: IO[bytes], stream: av.AudioStream) -> float | None:
    """The length [s] of a WAV file by the size of its data, which FFmpeg cuts to what is there."""
    size, rate = _data_size(file), stream.codec_context.bit_rate
    return None if size is None or size in UNKNOWN or not rate else size * 8 / rate


def _data_size(file: IO[bytes]) -> int | None:
    file.seek(12)  # behind RIFF, its size and WAVE
    while len(head := file.read(8)) == 8:
        name, size = struct.unpack("<4sI", head)
        if name == b"data":
            return int(size)
        file.seek(size + size % 2, 1)
    return None
