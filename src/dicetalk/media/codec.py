"""What a codec leaves of a recording: encoded and decoded in memory, on the recording's own time axis."""

from __future__ import annotations

import io
from collections.abc import Iterator
from dataclasses import dataclass

import av
import numpy as np
from scipy.signal import correlate

from dicetalk.arrays import Waveform
from dicetalk.errors import MediaError
from dicetalk.media.soundtrack import resampled
from dicetalk.rates import SPEECH_RATE

MAX_DELAY = 0.3
"""Longest delay of a codec that is looked for [s]."""


@dataclass(frozen=True)
class Codec:
    """A codec as FFmpeg names it, the file format that carries it, and the rate of the samples it is given [Hz]."""

    name: str
    container: str
    rate: int = SPEECH_RATE


OPUS = Codec("libopus", "ogg")
MP3 = Codec("libmp3lame", "mp3")
TELEPHONE = Codec("pcm_mulaw", "wav", 8000)


def through_codec(waveform: Waveform, codec: Codec, bit_rate: int | None = None) -> Waveform:
    """Encode and decode a recording; (N,) int16 at 16 kHz -> the same, without the codec's delay.

    Args:
        waveform: the recording.
        codec: the codec.
        bit_rate: of the encoder, where it has a choice [bit/s].

    Raises:
        MediaError: this build of FFmpeg lacks the codec.
    """
    try:
        coded = _decoded(_encoded(waveform, codec, bit_rate), codec)
    except (av.FFmpegError, ValueError) as error:
        raise MediaError(f"the codec {codec.name} cannot be used ({error}); install av from PyPI") from None
    return _aligned(coded, waveform)


def _encoded(waveform: Waveform, codec: Codec, bit_rate: int | None) -> bytes:
    """A whole file."""
    file = io.BytesIO()
    with av.open(file, "w", format=codec.container) as container:
        stream = container.add_stream(codec.name, rate=codec.rate)
        assert isinstance(stream, av.AudioStream)
        stream.layout = "mono"
        if bit_rate is not None:
            stream.bit_rate = bit_rate
        for frame in resampled(_frames(waveform), stream.format.name, "mono", codec.rate):
            container.mux(stream.encode(frame))
        container.mux(stream.encode(None))
    return file.getvalue()


def _frames(waveform: Waveform) -> Iterator[av.AudioFrame]:
    """The recording in blocks of a second."""
    for start in range(0, len(waveform), SPEECH_RATE):
        block = np.ascontiguousarray(waveform[None, start : start + SPEECH_RATE])
        frame = av.AudioFrame.from_ndarray(block, "s16", "mono")
        frame.rate = SPEECH_RATE
        yield frame


def _decoded(file: bytes, codec: Codec) -> Waveform:
    """(M,) int16 at 16 kHz."""
    with av.open(io.BytesIO(file), "r", format=codec.container) as container:
        frames = container.decode(container.streams.audio[0])
        blocks = [frame.to_ndarray()[0] for frame in resampled(frames, "s16", "mono", SPEECH_RATE)]
    return np.concatenate([np.zeros(0, np.int16), *blocks])


def _aligned(coded: Waveform, waveform: Waveform) -> Waveform:
    """(N,) int16: `coded` (M,) moved to where it resembles `waveform` (N,) most."""
    most = round(MAX_DELAY * SPEECH_RATE)
    padded = np.pad(coded, (most, max(0, len(waveform) + most - len(coded))))[: len(waveform) + 2 * most]
    likeness = correlate(padded.astype(np.float32), waveform.astype(np.float32), "valid", "fft")
    start = int(likeness.argmax()) if waveform.any() else most
    return padded[start : start + len(waveform)]
