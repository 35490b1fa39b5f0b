"""What a server is told at its start."""

from __future__ import annotations

import os
from dataclasses import dataclass, fields
from pathlib import Path

from dicetalk.checks import short
from dicetalk.errors import ConfigError

LEAST_KEY = 16
"""Characters of a key that nobody guesses."""
MOST_KEY_FILE = 1_000_000  # bytes


@dataclass(frozen=True, kw_only=True)
class ServerOptions:
    """How a server works.

    Attributes:
        data: the folder of its jobs, made where it is not there.
        workers: processes that make videos, one each.
        queue: most jobs that wait.
        most_mb: of a request [MB].
        most_seconds: of speech, of a recording to feel like, of an idle clip, of curves [s].
        most_megapixels: of a picture, or a frame of a recording.
        keep_hours: how long results stay after their job ended, and files that no job needs after they came [h].
        keys: who may ask has one of them; with none everybody may.
        hosts: names that may stand in `Host`, besides addresses and localhost.
        ask_consent: whether every job must say who agreed.
    """

    data: Path
    workers: int = 1
    queue: int = 100
    most_mb: float = 200.0
    most_seconds: float = 600.0
    most_megapixels: float = 55.0
    keep_hours: float = 24.0
    keys: tuple[str, ...] = ()
    hosts: tuple[str, ...] = ()
    ask_consent: bool = False

    def __post_init__(self) -> None:
        """Refuse what makes no sense.

        Raises:
            ConfigError: a number is not above 0, or the name of the folder would be cut where emotions are.
        """
        for field in fields(self):
            value = getattr(self, field.name)
            if type(value) in (int, float) and not 0 < value < float("inf"):
                raise ConfigError(f"{field.name.replace('_', '-')} is {value:g}; use a number above 0")
        if any(mark in str(self.data.absolute()) for mark in ",:") and os.name != "nt":
            raise ConfigError(f"{self.data} has a comma or a colon in its name; give a folder without")


def read_keys(path: Path) -> tuple[str, ...]:
    """The keys of a file, one a line; empty lines and those that begin with # are left out.

    Raises:
        MediaError: the file cannot be read.
        ConfigError: there is no key in it, or one that is short or could not be sent.
    """
    from dicetalk.files import read_bytes

    lines = [line.strip() for line in read_bytes(path, MOST_KEY_FILE).decode("utf-8", "replace").splitlines()]
    keys = tuple(line for line in lines if line and not line.startswith("#"))
    if not keys:
        raise ConfigError(f"{path} holds no key; write one a line")
    for key in keys:
        if len(key) < LEAST_KEY or not (key.isascii() and key.isprintable()) or " " in key:
            raise ConfigError(
                f"{path} holds the key {short(key[:3])}..., expected {LEAST_KEY} or more letters, digits and signs; "
                "make one: python -c 'import secrets; print(secrets.token_urlsafe())'"
            )
    return keys
