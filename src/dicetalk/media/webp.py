"""WebP files that lack their end, of which Pillow reads nothing."""

from __future__ import annotations

import struct
from io import BytesIO

import av
from PIL import Image

HEADER = 12
"""RIFF, the length of what follows, WEBP."""


def lacks_its_end(head: bytes, size: int) -> bool:
    """Whether a file of some size [bytes], which begins so, is a WebP file that should be longer."""
    return head[:4] == b"RIFF" and head[8:HEADER] == b"WEBP" and 8 + _number(head, 4) > size


def what_is_there(data: bytes, most: int) -> Image.Image | None:
    """The picture of a file that lacks its end, plainly coloured from there on.

    Args:
        data: the file.
        most: of pixels.

    Returns:
        None where nothing can be seen of it: it is stored without loss, is animated, or lacks too much or all.
    """
    chunks = _chunks(data)
    if b"VP8 " not in chunks:
        return None
    start = chunks[b"VP8 "]
    rest = data[start + 8 :]
    body = b"WEBP" + data[HEADER:start] + b"VP8 " + struct.pack("<I", len(rest)) + rest + bytes(len(rest) % 2)
    try:
        with av.open(BytesIO(b"RIFF" + struct.pack("<I", len(body)) + body), "r") as container:
            stream = container.streams.video[0]
            if not 0 < stream.width * stream.height <= most:
                return None
            frame = next(container.decode(stream))
    except (av.FFmpegError, StopIteration, IndexError):
        return None
    image = Image.fromarray(frame.to_ndarray(format="rgba" if "a" in frame.format.name else "rgb24"))
    if b"ICCP" in chunks:
        profile = chunks[b"ICCP"]
        image.info["icc_profile"] = data[profile + 8 : profile + 8 + _number(data, profile + 4)]
    image.format = "WEBP"
    return image


def _chunks(data: bytes) -> dict[bytes, int]:
    """Where each of its parts begins, by name."""
    found: dict[bytes, int] = {}
    place = HEADER
    while place + 8 <= len(data):
        found.setdefault(data[place : place + 4], place)
        size = _number(data, place + 4)
        place += 8 + size + size % 2
    return found


def _number(data: bytes, place: int) -> int:
    return int.from_bytes(data[place : place + 4], "little")
