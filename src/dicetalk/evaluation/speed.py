"""How fast this machine makes videos: one second of the demo is made and timed."""

from __future__ import annotations

import sys
import tempfile
import time
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from dicetalk import assets
from dicetalk.rates import SPEECH_RATE

if TYPE_CHECKING:
    from dicetalk.video import Video


@dataclass(frozen=True)
class Speed:
    """What a second of speech cost on this machine.

    Attributes:
        frames_per_s: drawn and encoded, once running, of `size`.
        start_s: from the command to the first frame [s].
        speech_s: length of speech that the prediction is for [s].
        predicted_s: how long it would take, start included [s].
        memory_mb: the most that this process has held [MB].
        size: of the frames [px], width x height.
    """

    frames_per_s: float
    start_s: float
    speech_s: float
    predicted_s: float
    memory_mb: int | None
    size: str


def measure(name: str, seconds: float) -> Speed:
    """Make one second of the demo with a backbone and time it; predict what so many seconds of speech take.

    Raises:
        DiceTalkError: it cannot be made.
    """
    start = time.perf_counter()
    from dicetalk.media import read_sound
    from dicetalk.pipeline import load

    sound = read_sound(assets.speech())
    second = replace(sound, waveform=sound.waveform[:SPEECH_RATE])
    video = load(name)(assets.portrait(), second, emotion="happy")
    ends, frames = _timed_chunks(video)
    begin = ends[0] - start
    # The first chunk is where hearing and the mesh begin: the pace is that of the chunks after it, if there are any.
    pace = sum(frames[1:]) / (ends[-1] - ends[0]) if len(ends) > 1 else frames[0] / begin
    predicted = begin + seconds * video.fps / pace
    size = f"{video.width} x {video.height}"
    return Speed(round(pace, 1), round(begin, 2), seconds, round(predicted, 1), _memory_mb(), size)


def _timed_chunks(video: Video) -> tuple[list[float], list[int]]:
    """When each chunk of a video was drawn and encoded [s], and how many frames it had."""
    from dicetalk.media import VideoWriter

    ends, frames = [], []
    with (
        tempfile.TemporaryDirectory() as folder,
        VideoWriter(Path(folder) / "second.mp4", width=video.width, height=video.height) as writer,
    ):
        for chunk in video.stream():
            writer.write(chunk)
            ends.append(time.perf_counter())
            frames.append(len(chunk))
    return ends, frames


def _memory_mb() -> int | None:
    """The most memory this process has held [MB]; None where the system does not tell."""
    if sys.platform == "win32":
        return None
    import resource

    unit = 1 if sys.platform == "darwin" else 1024  # [bytes]
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit // 2**20
