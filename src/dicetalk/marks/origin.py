"""Where a video comes from, as its marks tell it."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dicetalk.errors import InputError

SOURCE_TYPE = "http://cv.iptc.org/newscodes/digitalsourcetype/trainedAlgorithmicMedia"
"""IPTC's word for pictures that a trained model made."""

LONGEST_CONSENT = 2000
"""Characters."""


@dataclass(frozen=True, kw_only=True)
class Origin:
    """What a video was made by and from; no path, no name of a file and no date is among it.

    Attributes:
        version: of DiceTalk.
        backbone: its kind.
        emotion: shares of the names over the whole video, "happy 0.56, neutral 0.44".
        seed: which take.
        inputs: SHA-256 of what was given, by name.
        consent: what was said of it; "" for nothing.
        voice: towards what the voice was changed, "happy 0.80"; "" where it is the recording's own.
    """

    version: str
    backbone: str
    emotion: str
    seed: int
    inputs: Mapping[str, str] = field(default_factory=dict)
    consent: str = ""
    voice: str = ""

    def to_json(self) -> dict[str, Any]:
        """The same as what JSON can hold."""
        told = {"version": self.version, "backbone": self.backbone, "emotion": self.emotion, "seed": self.seed}
        said = {"consent": self.consent, "changed_voice": self.voice}
        inputs = {f"{name}_sha256": digest for name, digest in self.inputs.items()}
        return told | inputs | {name: text for name, text in said.items() if text}


def check_consent(text: object) -> str:
    """What is said of consent, without space around it.

    Raises:
        InputError: it is no text, says nothing, is too long, or holds characters that cannot be shown.
    """
    if not isinstance(text, str) or not text.strip():
        raise InputError("the consent says nothing; write who agreed to what, or leave it out")
    if len(text) > LONGEST_CONSENT:
        raise InputError(f"the consent has {len(text)} characters; expected at most {LONGEST_CONSENT}")
    if not all(sign.isprintable() or sign == "\n" for sign in text.strip()):
        raise InputError("the consent holds characters that cannot be shown; write it as plain text")
    return text.strip()


def file_digest(path: Path) -> str:
    """SHA-256 of a file, as `sha256sum` tells it."""
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()
