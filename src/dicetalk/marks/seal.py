"""The seal: a checksum of the whole file inside its XMP. It shows what changed by chance or by a program; whoever wants
to deceive can make a new one, which is what a signature is for."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from dicetalk.marks.carriers import chunk, chunk_place, with_chunk
from dicetalk.marks.xmp import UNSEALED, packet

BLOCK = 1 << 20


def seal_video(path: Path) -> None:
    """Put the digest of a file, which ends in a packet without seal, into that packet."""
    digest = hashlib.sha256()
    with path.open("r+b") as file:
        while block := file.read(BLOCK):
            digest.update(block)
        last = max(0, file.tell() - BLOCK)
        file.seek(last)
        file.seek(last + file.read().rindex(UNSEALED.encode()))
        file.write(digest.hexdigest().encode())


def seal_picture(path: Path, told: Mapping[str, Any]) -> None:
    """Put a packet into a PNG file, with the digest of the file as it would be without seal."""
    bare = path.read_bytes()
    digest = hashlib.sha256(with_chunk(bare, packet(told, UNSEALED))).hexdigest()
    path.write_bytes(with_chunk(bare, packet(told, digest)))


def is_sealed(data: Any, found: tuple[int, bytes], seal: str, *, picture: bool) -> bool:
    """Whether a file is what was sealed.

    Args:
        data: what it holds: bytes, or a map of them.
        found: where its packet begins, and the packet, as of `packet_in`.
        seal: that of the packet.
        picture: whether it is a PNG file.
    """
    begin, raw = found
    if picture:
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
