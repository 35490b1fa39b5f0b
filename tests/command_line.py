"""Commands as they are typed."""

from __future__ import annotations

import sys
from pathlib import Path

from dicetalk.cli import cli
from dicetalk.cli.failures import run


def dicetalk(*arguments: str) -> int:
    """Run one; gives its exit code."""
    return run(cli, list(arguments))


HEARS_CTRL_C = (
    "import os, signal, sys; signal.signal(signal.SIGINT, signal.SIG_DFL);"
    "os.execv(sys.executable, [sys.executable, '-m', 'dicetalk', *sys.argv[1:]])"
)


def typed(*arguments: str) -> list[str]:
    """One in a process of its own, as from a terminal: what tests in the background start would not hear Ctrl-C."""
    return [sys.executable, "-c", HEARS_CTRL_C, *arguments]


def names(folder: Path) -> list[str]:
    """What lies in a folder."""
    return sorted(path.name for path in folder.iterdir())
