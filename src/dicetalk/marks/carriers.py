"""How a packet of XMP lies in a finished file of each kind."""

from __future__ import annotations

import struct
import zlib
from pathlib import Path
from typing import Any

XMP_BOX = bytes.fromhex("be7acfcb97a942e89c71999491e3afac")
"""The name of the box in MP4 and QuickTime files (XMP specification, part 3)."""
SEGMENT, TAGS, TAG, TARGETS, SIMPLE_TAG, TAG_NAME, TAG_STRING = (
    bytes.fromhex(name) for name in ("18538067", "1254c367", "7373", "63c0", "67c8", "45a3", "4487")
)
"""Elements of WebM files."""
PNG_HEAD = 33
"""Of a PNG file [bytes]: its signature and the chunk with its size."""
PNG_NAME = b"XML:com.adobe.xmp"
JPEG_HEAD = 2
"""Of a JPEG file [bytes]: that it begins."""
JPEG_NAME = b"http://ns.adobe.com/xap/1.0/\0"


def box(packet: bytes) -> bytes:
    """The part of an MP4 or QuickTime file that holds a packet; stands behind all others."""
    return struct.pack(">I4s", 24 + len(packet), b"uuid") + XMP_BOX + packet


def tag(packet: bytes) -> bytes:
    """The part of a WebM file that holds a packet; stands behind all others, where `lengthen` made room for it."""
    name = _element(TAG_NAME, b"XMP") + _element(TAG_STRING, packet)
    return _element(TAGS, _element(TAG, _element(TARGETS, b"") + _element(SIMPLE_TAG, name)))


def lengthen(path: Path, by: int) -> None:
    """Let the one segment of a WebM file be longer by so many bytes."""
    with path.open("r+b") as file:
        place = file.read(4096).index(SEGMENT) + len(SEGMENT)
        file.seek(place)
        size = int.from_bytes(file.read(8)) & (1 << 56) - 1
        file.seek(place)
        file.write(_size(size + by))


def append(path: Path, part: bytes) -> None:
    """Put a part behind all others."""
    with path.open("ab") as file:
        file.write(part)


def _element(name: bytes, content: bytes) -> bytes:
    return name + _size(len(content)) + content


def _size(number: int) -> bytes:
    """A length of eight bytes, as WebM writes it."""
    return (1 << 56 | number).to_bytes(8)


def chunk(packet: bytes) -> bytes:
    """The part of a PNG file that holds a packet."""
    body = b"iTXt" + PNG_NAME + bytes(5) + packet
    return struct.pack(">I", len(body) - 4) + body + struct.pack(">I", zlib.crc32(body))


def with_chunk(data: bytes, packet: bytes) -> bytes:
    """A PNG file with a packet, behind the chunk with its size."""
    return data[:PNG_HEAD] + chunk(packet) + data[PNG_HEAD:]


def with_segment(data: bytes, packet: bytes) -> bytes:
    """A JPEG file with a packet, at its beginning."""
    body = JPEG_NAME + packet
    return data[:JPEG_HEAD] + b"\xff\xe1" + struct.pack(">H", len(body) + 2) + body + data[JPEG_HEAD:]


def chunk_place(data: Any) -> tuple[int, int]:
    """From where to where a PNG file (bytes, or a map of them) holds the chunk of `with_chunk`."""
    ours = data[PNG_HEAD + 4 : PNG_HEAD + 8 + len(PNG_NAME)] == b"iTXt" + PNG_NAME
    return PNG_HEAD, PNG_HEAD + (12 + int.from_bytes(data[PNG_HEAD : PNG_HEAD + 4]) if ours else 0)
