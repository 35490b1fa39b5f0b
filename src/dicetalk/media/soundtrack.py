"""The sound track of a file, block by block on the file's own clock, and what of it was lost."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from itertools import groupby
from pathlib import Path

import av
import numpy as np
from av.container import InputContainer
from av.stream import Disposition

from dicetalk.errors import MediaError
from dicetalk.media.beginnings import PICTURE, begins_as
from dicetalk.media.container import Damage, Held, decoded, opened
from dicetalk.media.length import told_length

JITTER = 0.06
"""Time stamps this far from where the samples have come [s] are as good as exact; live recorders write such ones."""
LONGEST_GAP = 600.0
"""Longest gap that is believed where a file does not tell its length [s]."""
WITHOUT_PAUSES = ("flac",)
"""Formats whose time stamps only count samples: a gap in them is damage."""
LOST = 0.1
"""Least end that counts as missing [s]: headers count the encoder's delay and the padding of the last block."""


class SoundDecoder:
    """Decodes the sound track at its own rate. The libraries cut off the encoder's delay themselves.

    Where the time stamps leave a gap (a recorder that sends nothing in pauses, damaged packets, a track that begins
    after its video), there is silence.

    Attributes:
        path: of the file.
        warnings: what is missing, one line; complete when all blocks were taken.
    """

    def __init__(self, path: Path, content: bytes | None = None) -> None:
        """Of a file, or of what it held when it was read. Nothing is decoded before the first block is asked for."""
        self.path, self._content = path, content
        self.warnings: tuple[str, ...] = ()
        self._damage = Damage()
        self._real = 0.0  # seconds that were decoded
        self._silent = 0.0  # seconds of silence between them
        self._torn = 0.0  # of those, seconds in the place of damage

    def __iter__(self) -> Iterator[av.AudioFrame]:
        """The blocks.

        Raises:
            MediaError: no sound track, nothing that can be decoded, or NaN samples.
        """
        with opened(self.path, self._content) as container:
            stream = container.streams.best("audio")
            if not isinstance(stream, av.AudioStream):
                raise MediaError(_mute(self.path))
            yield from self._in_time(container, decoded(container, stream, self._damage))
            self._damage.refuse(self.path, most=0.5)
            with self.path.open("rb") if self._content is None else Held(self.path, self._content) as file:
                self._judge(told_length(file, container, stream))

    def _in_time(
        self, container: InputContainer, frames: Iterator[av.AudioFrame | av.VideoFrame]
    ) -> Iterator[av.AudioFrame]:
        """Blocks with silence where the clock runs on without them."""
        clock: float | None = None
        bad = 0
        for frame in frames:
            assert isinstance(frame, av.AudioFrame)
            _check_finite(self.path, frame)
            if frame.time is not None and clock is None:
                clock = _begin(container, frame.time)
                yield from _silence(frame, frame.time - clock)
                clock = frame.time
            elif frame.time is not None and clock is not None:
                gap = _gap(container, clock, frame.time)
                yield from _silence(frame, gap)
                self._silent += gap
                torn = self._damage.bad > bad or container.format.name in WITHOUT_PAUSES
                self._torn += gap if torn else 0.0
                clock = _clock(clock + gap, frame.time)
            bad = self._damage.bad
            length = frame.samples / frame.rate
            clock = None if clock is None else clock + length
            self._real += length
            yield frame

    def _judge(self, length: float | None) -> None:
        """Compare what was decoded with the length [s] that the header tells."""
        end = 0.0 if length is None else length - self._real - self._silent
        lost = max(self._damage.lost, self._torn + (end if end > LOST else 0.0))
        if lost > 0:
            whole = self._real + self._silent - self._torn + lost
            self.warnings = (
                f"{self.path} is damaged: {lost:.2f} s of {whole:.2f} s are missing; going on with what can be read",
            )


def _mute(path: Path) -> str:
    """What is told of a file without sound."""
    found = "is a picture" if begins_as(path) == PICTURE else "has no sound track"
    return f"{path} {found}; give a recording of speech"


def _begin(container: InputContainer, first: float) -> float:
    """When the clock starts [s]: where the pictures begin, if there are any and they do so before the sound."""
    pictures = [track for track in container.streams.video if Disposition.attached_pic not in track.disposition]
    if not pictures or container.start_time is None:
        return first
    return min(first, container.start_time / av.time_base)


def _gap(container: InputContainer, clock: float, time: float) -> float:
    """Seconds of silence before a block that is to be heard at `time`; 0 where its time stamp is not to be believed."""
    if container.duration is None:
        longest = LONGEST_GAP
    else:
        longest = ((container.start_time or 0) + container.duration) / av.time_base - clock
    return time - clock if JITTER < time - clock <= longest else 0.0


def _clock(clock: float, time: float) -> float:
    """Where the samples have come [s]; a time stamp far from it begins another count."""
    return clock if abs(time - clock) <= JITTER else time


def _silence(like: av.AudioFrame, seconds: float) -> Iterator[av.AudioFrame]:
    """Silent blocks in the format of another, a second or less each."""
    samples = round(seconds * like.rate)
    for start in range(0, samples, like.rate):
        silence = av.AudioFrame(like.format, like.layout, min(like.rate, samples - start))
        for plane in silence.planes:
            plane.update((b"\x80" if like.format.name.startswith("u8") else b"\0") * plane.buffer_size)
        silence.rate = like.rate
        yield silence


def _check_finite(path: Path, frame: av.AudioFrame) -> None:
    if frame.format.name[:3] in ("flt", "dbl") and not np.isfinite(frame.to_ndarray()).all():
        raise MediaError(f"{path} has NaN or infinite samples; export the sound again")


def scaled(frames: Iterable[av.AudioFrame], gain: float) -> Iterator[av.AudioFrame]:
    """Blocks of real samples, times a gain."""
    for frame in frames:
        samples = frame.to_ndarray()
        samples *= gain
        louder = av.AudioFrame.from_ndarray(samples, frame.format.name, frame.layout.name)
        louder.rate = frame.rate
        yield louder


def resampled(frames: Iterable[av.AudioFrame], kind: str, layout: str, rate: int) -> Iterator[av.AudioFrame]:
    """Bring blocks to one sample format, channel layout and rate, also when theirs change on the way."""
    for _, alike in groupby(frames, key=lambda frame: (frame.format.name, frame.layout.name, frame.rate)):
        resampler = av.AudioResampler(kind, layout, rate)
        for frame in alike:
            frame.pts = None  # gaps were filled before: samples follow one another
            yield from resampler.resample(frame)
        yield from resampler.resample(None)
