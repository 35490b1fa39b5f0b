"""Whether a file is as it was when it was made."""

from __future__ import annotations

import mmap
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from dicetalk.errors import MediaError
from dicetalk.files import existing_file
from dicetalk.marks.credentials import STORE, Found, read
from dicetalk.marks.seal import is_sealed
from dicetalk.marks.xmp import SIGNED, TRACES, UNSEALED, packet_in, read_packet
from dicetalk.media import is_still, probe

State = Literal["intact", "changed", "unmarked"]

PNG = b"\x89PNG\r\n\x1a\n"
JPEG = b"\xff\xd8\xff"


@dataclass(frozen=True)
class Verdict:
    """What the marks of a file show.

    Attributes:
        state: "intact", "changed" (it was marked, and is not what it was), or "unmarked".
        why: in one line.
        signed: whether a signature was found; without one, whoever wants to can make the marks anew.
        signer: whom the certificate names; "" without a signature.
        trusted: whether somebody vouches for the signer.
        tool: what says that it made the file.
        origin: what it was made from, as far as it can be read.
    """

    state: State
    why: str
    signed: bool = False
    signer: str = ""
    trusted: bool = False
    tool: str = ""
    origin: dict[str, Any] | None = None

    def to_json(self) -> dict[str, Any]:
        """The same as what JSON can hold."""
        return dict(vars(self))


def verify(path: Path) -> Verdict:
    """Look at the marks of a file.

    Raises:
        MediaError: it cannot be read, or is neither marked nor a video or picture.
        MissingExtraError: it carries content credentials, and what reads them is not installed.
    """
    path = existing_file(path)
    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            credentials = _credentials(path, data)
            return _by_credentials(credentials) if credentials is not None else _by_packet(path, data)
    except OSError as error:
        raise MediaError(f"{path} cannot be read ({error.strerror}); copy it again") from error


def _credentials(path: Path, data: mmap.mmap) -> Found | None:
    kind = _kind(data[:12])
    return read(path, kind) if kind is not None and data.find(STORE) >= 0 else None


def _kind(head: bytes) -> str | None:
    """The type of a file that begins so, where it is one whose credentials are read."""
    if head[4:8] == b"ftyp":
        return "video/quicktime" if head[8:12] == b"qt  " else "video/mp4"
    if head.startswith(PNG[:8]):
        return "image/png"
    return "image/jpeg" if head.startswith(JPEG) else None


def _by_credentials(found: Found) -> Verdict:
    told = (True, found.signer, found.trusted, found.tool, found.origin)
    if not found.intact:
        return Verdict("changed", found.why, *told)
    return Verdict("intact", "nothing has changed since it was signed", *told)


def _by_packet(path: Path, data: mmap.mmap) -> Verdict:
    found = packet_in(data)
    if found is None and any(data.find(trace) >= 0 for trace in TRACES):
        return Verdict("changed", "its marks of origin are damaged")
    if found is None:
        if not is_still(path):
            probe(path)
        return Verdict("unmarked", "no mark of origin was found, which says nothing of where it comes from")
    told = read_packet(found[1])
    if told is None:
        return Verdict("changed", "its marks of origin are damaged")
    seal, tool = told.pop("seal"), f"DiceTalk {told.get('version', '')}".strip()
    if seal == SIGNED:
        return Verdict("changed", "the content credentials that it had are gone", tool=tool, origin=told)
    if len(seal) == len(UNSEALED) and is_sealed(data, found, seal, picture=data[:8] == PNG):
        return Verdict("intact", "its checksum fits; nobody has signed it", tool=tool, origin=told)
    return Verdict("changed", "it does not fit its checksum", tool=tool, origin=told)
