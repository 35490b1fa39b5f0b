"""The key that signs: the user's own, or one for development that is made at first run."""

from __future__ import annotations

import os
import secrets
import sys
from contextlib import suppress
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from dicetalk.errors import ConfigError, require
from dicetalk.files import read_bytes

if TYPE_CHECKING:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
    from cryptography.x509 import Certificate

NAME = "DiceTalk development key"
"""Whom the certificate of such a key names."""
FILE = "development-key.pem"
YEARS = 20
MOST = 1_000_000
"""Of a file with a key or certificates [bytes]."""


@dataclass(frozen=True)
class Key:
    """What signs.

    Attributes:
        algorithm: as C2PA names it.
        private: PEM.
        certificates: PEM, the signer's first, then those that vouch for it.
    """

    algorithm: str
    private: bytes
    certificates: bytes

    def __repr__(self) -> str:
        """Without the private part, which belongs into no log."""
        return f"Key({self.algorithm!r})"


def folder() -> Path:
    """Where a user's programs keep their settings, and DiceTalk in it."""
    home = Path.home()
    if sys.platform == "win32":
        return Path(os.environ.get("APPDATA") or home / "AppData" / "Roaming") / "dicetalk"
    if sys.platform == "darwin":
        return home / "Library" / "Application Support" / "dicetalk"
    return Path(os.environ.get("XDG_CONFIG_HOME") or home / ".config") / "dicetalk"


def development_key() -> Key:
    """The key of this user for development; made if there is none yet, readable by the user alone.

    Raises:
        ConfigError: it cannot be kept or read.
    """
    path = folder() / FILE
    try:
        if not path.exists():
            _keep(path, _made())
        found = path.read_bytes()
    except OSError as error:
        raise ConfigError(
            f"the signing key {path} cannot be kept or read ({error.strerror}); set XDG_CONFIG_HOME to a folder of "
            f"your own, give a key, or take the marks 'plain', which need none"
        ) from error
    private, mark, certificates = found.partition(b"-----BEGIN CERTIFICATE-----")
    if not mark or b"PRIVATE KEY" not in private:
        raise ConfigError(f"{path} holds no signing key; remove it, and a new one is made")
    return Key("es256", private, mark + certificates)


def _keep(path: Path, content: bytes) -> None:
    """Write a file that nobody else can read, whole or not at all."""
    path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
    temporary = path.with_name(f".{secrets.token_hex(8)}.pem")
    try:
        with os.fdopen(os.open(temporary, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "wb") as file:
            file.write(content)
        temporary.replace(path)
    finally:
        with suppress(FileNotFoundError):
            temporary.unlink()


def _made() -> bytes:
    """A new key on the curve P-256, with the certificate it signs for itself."""
    from cryptography.hazmat.primitives import serialization
    from cryptography.hazmat.primitives.asymmetric import ec

    key = ec.generate_private_key(ec.SECP256R1())
    pem, kind, bare = serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    return key.private_bytes(pem, kind, bare) + _certificate(key).public_bytes(pem)


def _certificate(key: EllipticCurvePrivateKey) -> Certificate:
    """With what C2PA asks of one: for signatures, of nobody who may sign other certificates."""
    from cryptography import x509
    from cryptography.hazmat.primitives import hashes
    from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID

    who = x509.Name([x509.NameAttribute(oid, NAME) for oid in (NameOID.ORGANIZATION_NAME, NameOID.COMMON_NAME)])
    public, since = key.public_key(), datetime.now(UTC) - timedelta(days=1)
    made = x509.CertificateBuilder(who, who, public, x509.random_serial_number())
    made = made.not_valid_before(since).not_valid_after(since + timedelta(days=365 * YEARS))
    only_signs = x509.KeyUsage(True, False, False, False, False, False, False, False, False)
    made = made.add_extension(x509.BasicConstraints(ca=False, path_length=None), critical=True)
    made = made.add_extension(only_signs, critical=True)
    made = made.add_extension(x509.ExtendedKeyUsage([ExtendedKeyUsageOID.EMAIL_PROTECTION]), critical=False)
    made = made.add_extension(x509.SubjectKeyIdentifier.from_public_key(public), critical=False)
    made = made.add_extension(x509.AuthorityKeyIdentifier.from_issuer_public_key(public), critical=False)
    return made.sign(key, hashes.SHA256())


def own_key(private: Path, certificates: Path) -> Key:
    """A key of the user's own, from two PEM files.

    Raises:
        MediaError: one of them cannot be read.
        ConfigError: one of them holds something else, the key is locked or of a kind C2PA does not know, or the
            certificate is another key's.
    """
    from cryptography.exceptions import UnsupportedAlgorithm
    from cryptography.hazmat.primitives.serialization import load_pem_private_key
    from cryptography.x509 import load_pem_x509_certificates

    key, chain = read_bytes(private, MOST), read_bytes(certificates, MOST)
    try:
        opened = load_pem_private_key(key, password=None)
    except (TypeError, ValueError, UnsupportedAlgorithm) as error:
        raise ConfigError(f"{private} is no private key in PEM without a password; give one") from error
    try:
        first = load_pem_x509_certificates(chain)[0]
        same = first.public_key() == opened.public_key()
    except (ValueError, UnsupportedAlgorithm) as error:
        raise ConfigError(f"{certificates} holds no certificates in PEM; give the signer's first") from error
    if not same:
        raise ConfigError(f"the first certificate of {certificates} is not that of {private}; give the signer's first")
    return Key(_algorithm(opened, private), key, chain)


def anchors_of(path: Path) -> str:
    """Certificates of those who may vouch for a signer: roots, or ones that sign for themselves; PEM.

    Raises:
        MediaError: the file cannot be read.
        ConfigError: it holds no certificates.
        MissingExtraError: what reads them is not installed.
    """
    require("cryptography", "provenance")
    from cryptography.hazmat.primitives.serialization import Encoding
    from cryptography.x509 import load_pem_x509_certificates

    told = read_bytes(path, MOST)
    try:
        found = load_pem_x509_certificates(told)
    except ValueError as error:
        raise ConfigError(f"{path} holds no certificates in PEM; give those of whom you trust") from error
    return "".join(one.public_bytes(Encoding.PEM).decode() for one in found)


def _algorithm(key: object, path: Path) -> str:
    from cryptography.hazmat.primitives.asymmetric.ec import EllipticCurvePrivateKey
    from cryptography.hazmat.primitives.asymmetric.ed25519 import Ed25519PrivateKey
    from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey

    curves = {"secp256r1": "es256", "secp384r1": "es384", "secp521r1": "es512"}
    if isinstance(key, EllipticCurvePrivateKey) and key.curve.name in curves:
        return curves[key.curve.name]
    if isinstance(key, RSAPrivateKey) and key.key_size >= 2048:
        return "ps256"
    if isinstance(key, Ed25519PrivateKey):
        return "ed25519"
    raise ConfigError(f"{path} is of a kind that C2PA does not take; make one of P-256, P-384, P-521, Ed25519 or RSA")
