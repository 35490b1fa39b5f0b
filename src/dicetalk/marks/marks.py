"""Which marks a file gets, and how they are put on it."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Any, Literal

from dicetalk.checks import truth
from dicetalk.errors import ConfigError
from dicetalk.files import PathLike, check_place, path_of
from dicetalk.marks.carriers import append, box, lengthen, tag, with_chunk, with_segment
from dicetalk.marks.credentials import BESIDE, beside, check_installed, sign, sign_beside
from dicetalk.marks.key import Key, development_key, own_key
from dicetalk.marks.origin import Origin, check_consent
from dicetalk.marks.seal import sealed_part, sealed_picture
from dicetalk.marks.xmp import SIGNATURE, SIGNED, UNSEALED, packet

Which = Literal["signed", "plain", "none"]
WHICH: tuple[Which, ...] = ("signed", "plain", "none")
"""Content credentials and XMP; XMP with a checksum; nothing."""


@dataclass(frozen=True, kw_only=True)
class Marks:
    """The marks of a file.

    Attributes:
        which: "signed", "plain" or "none"; None is "signed" where the extra `provenance` is installed, else "plain".
        consent: who agreed to what, kept with the file.
        visible: whether "AI generated" stands in a corner of every frame.
        key, certificate: PEM files to sign with; None takes the key for development, made at first run.

    Raises:
        ConfigError: these do not go together.
        InputError: the consent says nothing, or is too long.
    """

    which: Which | None = None
    consent: str | None = None
    visible: bool = False
    key: PathLike | None = None
    certificate: PathLike | None = None

    def __post_init__(self) -> None:
        if self.which is not None and self.which not in WHICH:
            raise ConfigError(f"no marks are called {str(self.which)[:20]!r}; use one of: {', '.join(WHICH)}")
        truth(self.visible, "visible")
        if self.consent is not None:
            check_consent(self.consent)
        if self.consent is not None and self.which == "none":
            raise ConfigError("consent is kept in the marks, which are none; leave one of the two out")
        if (self.key is None) != (self.certificate is None):
            raise ConfigError("a signing key goes with its certificate; give both")
        if self.key is not None and self.which not in (None, "signed"):
            raise ConfigError(f"marks that are {self.which} are not signed; leave the key out")

    @property
    def signs(self) -> bool:
        """Whether files are signed.

        Raises:
            MissingExtraError: it is asked for, and what signs is not installed.
        """
        asked = self.which == "signed" or self.key is not None
        if asked:
            check_installed()
        return asked or (self.which is None and _installed())

    @property
    def unsigned(self) -> Marks:
        """The same without a signature: for what is read while it is written."""
        return replace(self, which="none" if self.which == "none" else "plain", key=None, certificate=None)

    def signing_key(self) -> Key:
        """What signs.

        Raises:
            ConfigError, MediaError: it cannot be read, made or used.
        """
        if self.key is None or self.certificate is None:
            return development_key()
        return own_key(path_of(self.key), path_of(self.certificate))

    def stamp(self, path: Path, origin: Origin) -> Callable[[Path], None] | None:
        """What puts the marks on a finished file that will have this name; None where there are none.

        Raises:
            ConfigError, MediaError, MissingExtraError: they cannot be made; told before any frame is drawn.
        """
        if self.which == "none":
            return None
        told = replace(origin, consent="" if self.consent is None else check_consent(self.consent)).to_json()
        if not self.signs:
            return lambda file: mark_plainly(file, told)
        key = self.signing_key()
        if path.suffix.lower() in BESIDE:
            check_place(beside(path))
            return lambda file: _signed_beside(file, told, key, beside(path))
        return lambda file: _signed(file, told, key)


def _installed() -> bool:
    return find_spec("c2pa") is not None and find_spec("cryptography") is not None


def _signed(path: Path, told: Mapping[str, Any], key: Key) -> None:
    if (with_packet := PICTURES.get(path.suffix.lower())) is not None:
        path.write_bytes(with_packet(path.read_bytes(), packet(told, SIGNED)))
    else:
        append(path, box(packet(told, SIGNED)))
    sign(path, told, key)


def _signed_beside(path: Path, told: Mapping[str, Any], key: Key, credentials: Path) -> None:
    """The file keeps its checksum, for it may come to lie somewhere without its credentials."""
    mark_plainly(path, {**told, SIGNATURE: "beside"})
    sign_beside(path, told, key, credentials)


PICTURES = {".png": with_chunk, ".jpg": with_segment, ".jpeg": with_segment}
"""How a packet gets into pictures, by suffix."""


def mark_plainly(path: Path, told: Mapping[str, Any]) -> None:
    """Put XMP with a checksum into a finished file, which grows by it at once."""
    suffix = path.suffix.lower()
    if suffix in PICTURES:
        path.write_bytes(sealed_picture(path.read_bytes(), told, PICTURES[suffix]))
        return
    part = tag if suffix == ".webm" else box
    if part is tag:
        lengthen(path, len(tag(packet(told, UNSEALED))))
    append(path, sealed_part(path, told, part))
