"""Run a command with a pseudo-terminal as its standard error, as a person sees it."""

from __future__ import annotations

import os
import subprocess

import pytest


def shown_on_a_terminal(arguments: list[str]) -> str:
    """What a command that succeeds writes to its terminal."""
    pty = pytest.importorskip("pty", reason="needs pseudo-terminals")
    ours, theirs = pty.openpty()
    environment = {**os.environ, "TERM": "xterm", "COLUMNS": "120", "OMP_NUM_THREADS": "1"}
    with subprocess.Popen(arguments, stderr=theirs, env=environment) as process:
        os.close(theirs)
        shown = b""
        while True:
            try:
                block = os.read(ours, 65536)
            except OSError:  # Linux tells the end of a terminal so
                break
            if not block:
                break
            shown += block
    os.close(ours)
    assert process.returncode == 0
    return shown.decode()
