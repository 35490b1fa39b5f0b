"""Which marks a file gets, and how they are put on it."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass, replace
from importlib.util import find_spec
from pathlib import Path
from typing import Literal

from dicetalk.checks import truth
from dicetalk.errors import ConfigError
from dicetalk.files import PathLike, path_of
from dicetalk.marks.carriers import append_box, append_tag
from dicetalk.marks.credentials import KINDS, check_installed, sign
from dicetalk.marks.key import Key, development_key, own_key
from dicetalk.marks.origin import Origin, check_consent
from dicetalk.marks.seal import seal_picture, seal_video
from dicetalk.marks.xmp import SIGNED, UNSEALED, packet

Which = Literal["signed", "plain", "none"]
WHICH: tuple[Which, ...] = ("signed", "plain", "none")
"""Content credentials and XMP; XMP with a checksum; nothing."""


@dataclass(frozen=True, kw_only=True)
class Marks:
    """The marks of a file.

    Attributes:
        which: "signed", "plain" or "none"; None is "signed" where the extra `provenance` is installed and the kind of
            file can carry credentials (.mp4, .m4v, .mov), else "plain".
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

    def signs(self, path: Path) -> bool:
        """Whether a file of this name is signed.

        Raises:
            ConfigError: it is asked for, and this kind of file cannot be.
        """
        asked, carries = self.which == "signed" or self.key is not None, path.suffix.lower() in KINDS
        if asked and not carries:
            raise ConfigError(
                f"{path.suffix} files cannot carry content credentials; {', '.join(KINDS)} can, or take plain marks"
            )
        if asked:
            check_installed()
        return asked or (self.which is None and carries and _installed())

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
        origin = replace(origin, consent="" if self.consent is None else check_consent(self.consent))
        told = origin.to_json()
        if not self.signs(path):
            return lambda file: mark_plainly(file, origin)
        key = self.signing_key()

        def signed(file: Path) -> None:
            append_box(file, packet(told, SIGNED))
            sign(file, told, key)

        return signed


def _installed() -> bool:
    return find_spec("c2pa") is not None and find_spec("cryptography") is not None


def mark_plainly(path: Path, origin: Origin) -> None:
    """Put XMP with a checksum into a finished file."""
    told, suffix = origin.to_json(), path.suffix.lower()
    if suffix == ".png":
        seal_picture(path, told)
        return
    add = append_tag if suffix == ".webm" else append_box
    add(path, packet(told, UNSEALED))
    seal_video(path)
