"""Commands as they are typed."""

from __future__ import annotations

from pathlib import Path

from dicetalk.cli import cli
from dicetalk.cli.failures import run


def dicetalk(*arguments: str) -> int:
    """Run one; gives its exit code."""
    return run(cli, list(arguments))


def names(folder: Path) -> list[str]:
    """What lies in a folder."""
    return sorted(path.name for path in folder.iterdir())
