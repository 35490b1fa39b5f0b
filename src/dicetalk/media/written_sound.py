"""Write a sound: one channel, whole or not at all."""

from __future__ import annotations

from pathlib import Path

import av
import numpy as np

from dicetalk.arrays import Float64
from dicetalk.files import taking_place

SOUNDS = {".wav": "pcm_s16le", ".flac": "flac", ".ogg": "libopus"}
"""Codecs by suffix."""
BITRATE = 48_000
"""Of Opus, which needs no more for one voice [bits a second]."""
BLOCK = 1 << 16
"""Samples that are handed on at once."""


def write_sound(path: Path, samples: Float64, rate: int, *, comment: str = "") -> Path:
    """Write samples (N,), mono, -1 to 1; nothing is left behind if it fails.

    Args:
        path: .wav, .flac or .ogg (Opus).
        samples: what is heard.
        rate: of them [Hz]; Opus knows 8, 12, 16, 24 and 48 kHz.
        comment: is written into the file.

    Raises:
        MediaError: it cannot be written.
    """
    kind = path.suffix.lower()
    whole = np.round(np.clip(samples, -1, 1) * 32767).astype(np.int16)
    with taking_place(path) as hidden, av.open(str(hidden), "w", format=kind[1:]) as container:
        container.metadata["comment"] = comment
        stream = container.add_stream(SOUNDS[kind], rate=rate, layout="mono")
        assert isinstance(stream, av.AudioStream)
        if kind == ".ogg":
            stream.bit_rate = BITRATE
        resampler = av.AudioResampler(stream.format, "mono", rate, stream.frame_size or None)
        for start in range(0, len(whole), BLOCK):
            block = av.AudioFrame.from_ndarray(whole[None, start : start + BLOCK], "s16", "mono")
            block.rate = rate
            for part in resampler.resample(block):
                container.mux(stream.encode(part))
        for part in resampler.resample(None):
            container.mux(stream.encode(part))
        container.mux(stream.encode(None))
    return path
