"""C2PA content credentials: signed, and checked; nothing is asked of the network."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dicetalk.errors import MediaError, require
from dicetalk.files import claimed
from dicetalk.marks.key import Key
from dicetalk.marks.origin import SOURCE_TYPE

KINDS = {".mp4": "video/mp4", ".m4v": "video/mp4", ".mov": "video/quicktime"}
"""The files that can carry them, of those that are written."""
LABEL = "org.dicetalk.generation"
"""Of the assertion that holds what `Origin` tells."""
STORE = bytes.fromhex("6332706100110010800000aa00389b71")
"""What every store of credentials holds, in any file: the name of its kind of box."""
OFFLINE = {"verify": {"remote_manifest_fetch": False, "ocsp_fetch": False, "verify_after_sign": False}}


@dataclass(frozen=True)
class Found:
    """What credentials say.

    Attributes:
        intact: whether the file is what was signed.
        why: what is wrong with it, in one line; "" where nothing is.
        signer: whom the certificate names.
        trusted: whether somebody vouches for that.
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


def sign(path: Path, told: Mapping[str, Any], key: Key) -> None:
    """Sign a finished file, which is replaced by the signed one.

    Raises:
        MediaError: it cannot be signed, with this key or on this disk.
    """
    import c2pa

    try:
        with (
            claimed(path) as signed,
            c2pa.Context.from_dict(OFFLINE) as context,
            c2pa.Signer.from_info(
                c2pa.C2paSignerInfo(key.algorithm.encode(), key.certificates, key.private, None)
            ) as signer,
            c2pa.Builder(_manifest(told), context=context) as builder,
        ):
            try:
                with path.open("rb") as source, signed.open("w+b") as target:
                    builder.sign(signer, KINDS[path.suffix.lower()], source, target)
                signed.replace(path)
            finally:
                signed.unlink(missing_ok=True)
    except c2pa.C2paError as error:
        reason = " ".join(str(error).split())
        raise MediaError(
            f"the video cannot be signed ({reason}); check key, certificate and disk, or take plain marks"
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


def read(path: Path, kind: str) -> Found | None:
    """What the credentials of a file say; None where there are none.

    Args:
        path: of a file that holds `STORE`.
        kind: its type, as "video/mp4".

    Raises:
        MissingExtraError: what reads them is not installed.
    """
    require("c2pa", "provenance")
    import c2pa

    try:
        with (
            path.open("rb") as file,
            c2pa.Context.from_dict(OFFLINE) as context,
            c2pa.Reader(kind, file, context=context) as reader,
        ):
            return _found(str(reader.get_validation_state()), json.loads(reader.json()))
    except c2pa.C2paError.ManifestNotFound:
        return None
    except c2pa.C2paError:  # what cannot be parsed is no longer what was signed
        return Found(False, "its content credentials are damaged")


def _found(state: str, told: dict[str, Any]) -> Found:
    """From the reader's report."""
    active = told.get("manifests", {}).get(told.get("active_manifest"), {})
    signature = active.get("signature_info", {})
    generator: dict[str, Any] = next(iter(active.get("claim_generator_info") or [{}]), {})
    assertions = {one.get("label"): one.get("data") for one in active.get("assertions", [])}
    origin = assertions.get(LABEL)
    return Found(
        state in ("Valid", "Trusted"),
        "" if state in ("Valid", "Trusted") else _wrong(told),
        str(signature.get("common_name") or signature.get("issuer") or "unknown"),
        state == "Trusted",
        " ".join(str(generator[part]) for part in ("name", "version") if part in generator),
        origin if isinstance(origin, dict) else None,
    )


def _wrong(told: dict[str, Any]) -> str:
    codes = [str(one.get("code")) for one in told.get("validation_status", [])]
    bad = [code for code in codes if code != "signingCredential.untrusted"]
    return f"it is not what was signed: {', '.join(dict.fromkeys(bad))}" if bad else "its credentials do not hold"
