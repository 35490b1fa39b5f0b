"""Read any recording of speech: 16 kHz mono for analysis, its own samples block by block for the sound track."""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from itertools import chain, groupby
from pathlib import Path

import av
import numpy as np
from av.container import InputContainer
from av.stream import Disposition

from dicetalk.arrays import Waveform
from dicetalk.errors import MediaError
from dicetalk.files import existing_file
from dicetalk.media.container import decoded, opened
from dicetalk.rates import SPEECH_RATE

MIN_RATE = 4_000  # [Hz], telephone speech has twice that
MIN_SPEECH = 0.2  # [s]
SILENCE = 0.001  # of full scale: -60 dBFS


@dataclass(frozen=True)
class Sound:
    """A recording of speech.

    Attributes:
        path: the file; its own samples are decoded from it again when they are needed.
        rate: its own sampling rate [Hz].
        channels: its own number of channels.
        waveform: the whole at 16 kHz, mono, int16 `(N,)`, read-only; sample 0 is what plays at time 0.
    """

    path: Path
    rate: int
    channels: int
    waveform: Waveform = field(repr=False, compare=False)

    @property
    def seconds(self) -> float:
        """Length of what was decoded [s]."""
        return self.waveform.size / SPEECH_RATE


def read_sound(path: str | Path) -> Sound:
    """Read any sound that FFmpeg's decoders know, the sound of a video included.

    Raises:
        MediaError: no such file, no sound track, unreadable codec, damaged, NaN samples, no samples at all, under
            0.2 s or 4 kHz, or silent (peak below -60 dBFS).
    """
    path = existing_file(path)
    frames = decode_sound(path)
    first = next(frames, None)
    if first is None:
        raise MediaError(f"{path} holds no sound samples; record it again")
    rate, channels = first.rate, len(first.layout.channels)
    if rate < MIN_RATE:
        raise MediaError(f"{path} has {rate} samples a second; speech needs at least {MIN_RATE}")
    samples = bytearray()  # grows in place: the waveform is held once
    for block in resampled(chain([first], frames), "s16", "mono", SPEECH_RATE):
        samples += block.to_ndarray().tobytes()
    waveform = np.frombuffer(samples, np.int16)
    waveform.flags.writeable = False
    _check_speech(path, waveform)
    return Sound(path, rate, channels, waveform)


def _check_speech(path: Path, waveform: Waveform) -> None:
    if waveform.size < MIN_SPEECH * SPEECH_RATE:
        seconds = waveform.size / SPEECH_RATE
        raise MediaError(f"{path} lasts {seconds:.3f} s; speech needs at least {MIN_SPEECH} s")
    if int(waveform.max()) - int(waveform.min()) < 2 * SILENCE * 32768:  # a constant offset is silence too
        raise MediaError(f"{path} is silent (below -60 dBFS throughout); give a recording with a voice in it")


def decode_sound(path: Path) -> Iterator[av.AudioFrame]:
    """Decoded blocks of the sound track at its own rate. The libraries cut off the encoder's delay themselves."""
    with opened(path) as container:
        stream = container.streams.best("audio")
        if not isinstance(stream, av.AudioStream):
            raise MediaError(f"{path} has no sound track; give a recording of speech")
        started = False
        for frame in decoded(path, container, stream):
            assert isinstance(frame, av.AudioFrame)
            if not started:
                yield from _lead_in(container, frame)
                started = True
            _check_finite(path, frame)
            yield frame


def _lead_in(container: InputContainer, first: av.AudioFrame) -> Iterator[av.AudioFrame]:
    """Silence before a sound track that begins after its video, a second or less at a time."""
    pictures = [track for track in container.streams.video if Disposition.attached_pic not in track.disposition]
    if not pictures or first.time is None or container.start_time is None:
        return
    missing = round((first.time - container.start_time / av.time_base) * first.rate)
    for start in range(0, missing, first.rate):
        silence = av.AudioFrame(first.format, first.layout, min(first.rate, missing - start))
        for plane in silence.planes:
            plane.update((b"\x80" if first.format.name.startswith("u8") else b"\0") * plane.buffer_size)
        silence.rate = first.rate
        yield silence


def _check_finite(path: Path, frame: av.AudioFrame) -> None:
    if frame.format.name[:3] in ("flt", "dbl") and not np.isfinite(frame.to_ndarray()).all():
        raise MediaError(f"{path} has NaN or infinite samples; export the sound again")


def resampled(frames: Iterable[av.AudioFrame], kind: str, layout: str, rate: int) -> Iterator[av.AudioFrame]:
    """Bring blocks to one sample format, channel layout and rate, also when theirs change on the way."""
    for _, alike in groupby(frames, key=lambda frame: (frame.format.name, frame.layout.name, frame.rate)):
        resampler = av.AudioResampler(kind, layout, rate)
        for frame in alike:
            frame.pts = None  # gaps in the time stamps are not ours to judge: samples follow one another
            yield from resampler.resample(frame)
        yield from resampler.resample(None)
