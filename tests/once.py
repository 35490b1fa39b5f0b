"""What takes long to make and is only read: made once in a run, by whichever of its processes comes first."""

from __future__ import annotations

import os
import shutil
from collections.abc import Callable
from pathlib import Path
from typing import IO

import pytest


def once(factory: pytest.TempPathFactory, name: str, make: Callable[[Path], object]) -> Path:
    """A folder that all processes of this run share; the others wait until it is made.

    Args:
        factory: pytest's.
        name: of the folder; the same name is the same content.
        make: fills an empty folder.
    """
    base = factory.getbasetemp()
    if "PYTEST_XDIST_WORKER" in os.environ:
        base = base.parent  # each process has a folder in that of the run
    folder, unfinished = base / f"once-{name}", base / f"once-{name}-unfinished"
    with (base / f"once-{name}-lock").open("w") as file:
        _wait_for(file)
        if not folder.is_dir():
            shutil.rmtree(unfinished, ignore_errors=True)  # of one that failed
            unfinished.mkdir()
            make(unfinished)
            unfinished.rename(folder)
    return folder


def _wait_for(file: IO[str]) -> None:
    """Hold a file against other processes until it is closed. On Windows a run has one process."""
    if os.name != "nt":
        import fcntl

        fcntl.flock(file, fcntl.LOCK_EX)
