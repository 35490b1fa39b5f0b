"""The seal: a checksum of the whole file inside its XMP. It shows what changed by chance or by a program; whoever wants
to deceive can make a new one, which is what a signature is for."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

from dicetalk.marks.carriers import chunk, chunk_place
from dicetalk.marks.xmp import UNSEALED, packet

BLOCK = 1 << 20


def sealed_part(path: Path, told: Mapping[str, Any], part: Callable[[bytes], bytes]) -> bytes:
    """What is still to be appended to a file: a part with a packet, with the digest of all of it without seal."""
    with path.open("rb") as file:
        digest = hashlib.file_digest(file, "sha256")
    digest.update(part(packet(told, UNSEALED)))
    return part(packet(told, digest.hexdigest()))


def sealed_picture(bare: bytes, told: Mapping[str, Any], with_packet: Callable[[bytes, bytes], bytes]) -> bytes:
    """A picture file with a packet, with the digest of the file as it would be without seal."""
    digest = hashlib.sha256(with_packet(bare, packet(told, UNSEALED))).hexdigest()
    return with_packet(bare, packet(told, digest))


def is_sealed(data: Any, found: tuple[int, bytes], seal: str, *, png: bool) -> bool:
    """Whether a file is what was sealed.

    Args:
        data: what it holds: bytes, or a map of them.
        found: where its packet begins, and the packet, as of `packet_in`.
        seal: that of the packet.
        png: whether it is a PNG file, whose parts have checksums of their own.
    """
    begin, raw = found
    if png:
        start, end = chunk_place(data)
        unsealed = chunk(raw.replace(seal.encode(), UNSEALED.encode()))
        return bool(data[start:end] == chunk(raw)) and _digest(data, start, end, unsealed) == seal
    place = begin + raw.rfind(seal.encode())
    return place >= begin and _digest(data, place, place + len(UNSEALED), UNSEALED.encode()) == seal


def _digest(data: Any, start: int, end: int, instead: bytes) -> str:
    """Of what a file holds, with something else from `start` to `end`."""
    digest = hashlib.sha256()
    for block in range(0, start, BLOCK):
        digest.update(data[block : min(block + BLOCK, start)])
    digest.update(instead)
    for block in range(end, len(data), BLOCK):
        digest.update(data[block : block + BLOCK])
    return digest.hexdigest()
