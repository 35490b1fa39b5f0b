"""The good things that bad ones are made of: a small portrait, half a second of speech."""

from __future__ import annotations

import io
import wave
from functools import cache
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from PIL import Image
from places import TESTS

from dicetalk import assets
from dicetalk.media import Waveform, read_sound
from dicetalk.rates import SPEECH_RATE

WIDTH, HEIGHT = 200, 234
SECONDS, FRAMES = 0.4, 10


@cache
def portrait() -> Image.Image:
    """Grace Hopper, RGB, 200 x 234."""
    with Image.open(TESTS / "pictures" / "hopper.jpg") as image:
        return image.convert("RGB").resize((WIDTH, HEIGHT), Image.Resampling.LANCZOS)


@cache
def spoken(seconds: float = SECONDS) -> Waveform:
    """A stretch of the demo's speech, int16 at 16 kHz."""
    start = int(0.8 * SPEECH_RATE)
    return read_sound(assets.speech()).waveform[start : start + round(seconds * SPEECH_RATE)]


@cache
def encoded(format: str, mode: str = "RGB", **options: object) -> bytes:
    """The portrait in a format of Pillow's."""
    return written(portrait().convert(mode), format, **options)


def written(image: Image.Image, format: str, **options: object) -> bytes:
    """Any picture in a format of Pillow's."""
    import pillow_heif

    pillow_heif.register_heif_opener()
    content = io.BytesIO()
    image.save(content, format, **options)
    return content.getvalue()


@cache
def wav() -> bytes:
    """The speech, 16 bit at 16 kHz."""
    return riff(spoken())


def riff(samples: NDArray[np.int16], rate: int = SPEECH_RATE, channels: int = 1) -> bytes:
    content = io.BytesIO()
    with wave.open(content, "wb") as file:
        file.setnchannels(channels)
        file.setsampwidth(2)
        file.setframerate(rate)
        file.writeframes(samples.tobytes())
    return content.getvalue()


def put(folder: Path, name: str, content: bytes) -> str:
    """A file in a folder; gives its path as it is typed."""
    path = folder / name
    path.write_bytes(content)
    return str(path)
