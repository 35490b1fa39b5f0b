"""C2PA content credentials: signed, and checked; nothing is asked of the network."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import IO, Any

from dicetalk.errors import MediaError, require
from dicetalk.files import claimed, whole
from dicetalk.marks.key import Key
from dicetalk.marks.origin import SOURCE_TYPE

KINDS = {
    ".mp4": "video/mp4", ".m4v": "video/mp4", ".mov": "video/quicktime", ".webm": "video/webm",
    ".png": "image/png", ".jpg": "image/jpeg", ".jpeg": "image/jpeg",
}  # fmt: skip
"""The files that are signed: all that are written."""
BESIDE = (".webm",)
"""Those that have no room for credentials, which lie beside them."""
MOST = 1 << 20
"""Of credentials that lie beside a file [bytes]."""
LABEL = "org.dicetalk.generation"
"""Of the assertion that holds what `Origin` tells."""
STORE = bytes.fromhex("6332706100110010800000aa00389b71")
"""What every store of credentials holds, in any file: the name of its kind of box."""
VERIFYING = {"remote_manifest_fetch": False, "ocsp_fetch": False, "verify_after_sign": False}
SIGNER = "signingCredential."
"""How the names of doubts begin that are about the signer and not about the file."""
SETTINGS = {
    "verify": VERIFYING,
    "builder": {"thumbnail": {"enabled": False}},  # a picture would get ten times as large, and wait two seconds
    "core": {"backing_store_memory_threshold_in_mb": 16},  # else as much memory as twice the file
}


@dataclass(frozen=True)
class Found:
    """What credentials say.

    Attributes:
        intact: whether the file is what was signed.
        why: what is wrong with it, or with the signer's certificate, in one line; "" where nothing is.
        signer: whom the certificate names.
        trusted: whether somebody who is trusted vouches for that.
        tool: what made the file.
        origin: as `Origin.to_json`; None where another program signed.
    """

    intact: bool
    why: str = ""
    signer: str = ""
    trusted: bool = False
    tool: str = ""
    origin: dict[str, Any] | None = None


def check_installed() -> None:
    """Make sure that credentials can be written.

    Raises:
        MissingExtraError: what they need is not installed.
    """
    require("c2pa", "provenance")
    require("cryptography", "provenance")


def beside(path: Path) -> Path:
    """Where the credentials of a file lie that has no room for them, as other programs look for them."""
    return path.with_suffix(".c2pa")


def sign(path: Path, told: Mapping[str, Any], key: Key) -> None:
    """Sign a finished file, which is replaced by the signed one.

    Raises:
        MediaError: it cannot be signed, with this key or on this disk.
    """
    with claimed(path) as signed:
        try:
            with signed.open("w+b") as target:
                _sign(path, told, key, target)
            signed.replace(path)
        finally:
            signed.unlink(missing_ok=True)


def sign_beside(path: Path, told: Mapping[str, Any], key: Key, credentials: Path) -> None:
    """Sign a finished file, which stays as it is; its credentials take the place of a file of their own.

    Raises:
        MediaError: as `sign`; the credentials cannot be written.
    """
    with whole(credentials) as hidden:
        with Path(os.devnull).open("w+b") as nowhere:
            made = _sign(path, told, key, nowhere, embed=False)
        hidden.write_bytes(made)


def _sign(path: Path, told: Mapping[str, Any], key: Key, target: IO[bytes], *, embed: bool = True) -> bytes:
    """The credentials of a file, which is written to `target`, with them or as it is."""
    import c2pa

    info = c2pa.C2paSignerInfo(key.algorithm.encode(), key.certificates, key.private, None)
    try:
        with (
            path.open("rb") as source,
            c2pa.Context.from_dict(SETTINGS) as context,
            c2pa.Signer.from_info(info) as signer,
            c2pa.Builder(_manifest(told), context=context) as builder,
        ):
            if not embed:
                builder.set_no_embed()
            return bytes(builder.sign(signer, KINDS[path.suffix.lower()], source, target))
    except c2pa.C2paError as error:
        reason = " ".join(str(error).split())
        raise MediaError(
            f"the file cannot be signed ({reason}); check key, certificate and disk, or take plain marks"
        ) from error


def _manifest(told: Mapping[str, Any]) -> dict[str, Any]:
    generator = {"name": "DiceTalk", "version": told["version"]}
    created = {"action": "c2pa.created", "digitalSourceType": SOURCE_TYPE, "softwareAgent": generator}
    return {
        "claim_generator_info": [generator],
        "assertions": [
            {"label": "c2pa.actions.v2", "data": {"actions": [created]}},
            {"label": LABEL, "data": dict(told)},
        ],
    }


def read(path: Path, kind: str, anchors: str | None = None, credentials: bytes | None = None) -> Found | None:
    """What the credentials of a file say; None where there are none.

    Args:
        path: of the file.
        kind: its type, as "video/mp4".
        anchors: certificates of those who may vouch for a signer, PEM; None trusts nobody.
        credentials: those that lie beside it; None takes those within it.

    Raises:
        MissingExtraError: what reads them is not installed.
    """
    require("c2pa", "provenance")
    import c2pa

    trust = {} if anchors is None else {"trust": {"trust_anchors": anchors}}
    verifying = {**VERIFYING, "verify_trust": anchors is not None}
    try:
        with (
            path.open("rb") as file,
            c2pa.Context.from_dict({**SETTINGS, "verify": verifying, **trust}) as context,
            c2pa.Reader(kind, file, manifest_data=credentials, context=context) as reader,
        ):
            return _found(str(reader.get_validation_state()), json.loads(reader.json()))
    except c2pa.C2paError.ManifestNotFound:
        return None
    except c2pa.C2paError:  # what cannot be parsed is no longer what was signed
        return Found(False, "its content credentials are damaged")


def _found(state: str, told: dict[str, Any]) -> Found:
    """From the reader's report."""
    wrong, doubted = _wrong(told)
    intact = state in ("Valid", "Trusted") or (bool(doubted) and not wrong)
    active = told.get("manifests", {}).get(told.get("active_manifest"), {})
    signature = active.get("signature_info", {})
    generator: dict[str, Any] = next(iter(active.get("claim_generator_info") or [{}]), {})
    assertions = {one.get("label"): one.get("data") for one in active.get("assertions", [])}
    origin = assertions.get(LABEL)
    return Found(
        intact,
        _why(intact, wrong, doubted),
        str(signature.get("common_name") or signature.get("issuer") or "unknown"),
        state == "Trusted",
        " ".join(str(generator[part]) for part in ("name", "version") if part in generator),
        origin if isinstance(origin, dict) else None,
    )


def _wrong(told: dict[str, Any]) -> tuple[list[str], list[str]]:
    """What is wrong with the file, and with the certificate: one that has expired changes no file."""
    codes = dict.fromkeys(str(one.get("code")) for one in told.get("validation_status", []))
    bad = [code for code in codes if code != "signingCredential.untrusted"]
    doubted = [code for code in bad if code.startswith(SIGNER)]
    return [code for code in bad if code not in doubted], doubted


def _why(intact: bool, wrong: list[str], doubted: list[str]) -> str:
    if intact:
        return f"its certificate does not hold: {', '.join(doubted)}" if doubted else ""
    return f"it is not what was signed: {', '.join(wrong)}" if wrong else "its credentials do not hold"
