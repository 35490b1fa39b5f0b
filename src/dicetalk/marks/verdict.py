"""Whether a file is as it was when it was made."""

from __future__ import annotations

import mmap
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal

from dicetalk.errors import MediaError
from dicetalk.files import existing_file, read_bytes
from dicetalk.marks.credentials import KINDS, MOST, STORE, Found, beside, read
from dicetalk.marks.key import anchors_of
from dicetalk.marks.seal import is_sealed
from dicetalk.marks.xmp import SIGNATURE, SIGNED, TRACES, UNSEALED, packet_in, read_packet
from dicetalk.media import is_still, probe

State = Literal["intact", "changed", "unmarked"]

PNG = b"\x89PNG\r\n\x1a\n"
JPEG = b"\xff\xd8\xff"
EBML = b"\x1aE\xdf\xa3"
WEBM = KINDS[".webm"]


@dataclass(frozen=True)
class Verdict:
    """What the marks of a file show.

    Attributes:
        state: "intact", "changed" (it was marked, and is not what it was), or "unmarked".
        why: in one line.
        signed: whether a signature was found; without one, whoever wants to can make the marks anew.
        signer: whom the certificate names; "" without a signature.
        trusted: whether somebody who is trusted vouches for the signer.
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


def verify(path: Path, trust: Path | None = None) -> Verdict:
    """Look at the marks of a file.

    Args:
        path: of the file.
        trust: certificates of those who may vouch for a signer; None trusts nobody.

    Raises:
        MediaError: it cannot be read, or is neither marked nor a video or picture.
        ConfigError: `trust` holds no certificates.
        MissingExtraError: it carries content credentials, and what reads them is not installed.
    """
    path, anchors = existing_file(path), None if trust is None else anchors_of(trust)
    try:
        with path.open("rb") as file, mmap.mmap(file.fileno(), 0, access=mmap.ACCESS_READ) as data:
            credentials = _credentials(path, data, anchors)
            return _by_credentials(credentials) if credentials is not None else _by_packet(path, data)
    except OSError as error:
        raise MediaError(f"{path} cannot be read ({error.strerror}); copy it again") from error


def _credentials(path: Path, data: mmap.mmap, anchors: str | None) -> Found | None:
    kind = _kind(data[:12])
    if kind == WEBM:
        return _credentials_beside(path, data, anchors)
    return read(path, kind, anchors) if kind is not None and data.find(STORE) >= 0 else None


def _credentials_beside(path: Path, data: mmap.mmap, anchors: str | None) -> Found | None:
    """Those of a WebM file; None where there are none, or where its marks tell that they are not its own."""
    found, credentials = packet_in(data), beside(path)
    told = None if found is None else read_packet(found[1])
    if not credentials.is_file() or (told is not None and SIGNATURE not in told):
        return None
    held = read(path, WEBM, anchors, read_bytes(credentials, MOST))
    return held or Found(False, f"{credentials.name} beside it holds no credentials")


def _kind(head: bytes) -> str | None:
    """The type of a file that begins so, where it is one whose credentials are read."""
    if head[4:8] == b"ftyp":
        return "video/quicktime" if head[8:12] == b"qt  " else "video/mp4"
    if head.startswith(EBML):
        return WEBM
    if head.startswith(PNG):
        return "image/png"
    return "image/jpeg" if head.startswith(JPEG) else None


def _by_credentials(found: Found) -> Verdict:
    told = (True, found.signer, found.trusted, found.tool, found.origin)
    if not found.intact:
        return Verdict("changed", found.why, *told)
    doubt = f", but {found.why}" if found.why else ""
    return Verdict("intact", f"nothing has changed since it was signed{doubt}", *told)


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
    apart = told.pop(SIGNATURE, None) is not None
    if seal == SIGNED:
        return Verdict("changed", "the content credentials that it had are gone", tool=tool, origin=told)
    if len(seal) == len(UNSEALED) and is_sealed(data, found, seal, png=data[:8] == PNG):
        signature = f"its signature, {beside(path).name}, is not beside it" if apart else "nobody has signed it"
        return Verdict("intact", f"its checksum fits; {signature}", tool=tool, origin=told)
    return Verdict("changed", "it does not fit its checksum", tool=tool, origin=told)
