"""What brings its process down, for tests of those who start it again."""

from __future__ import annotations

import os
import signal
from pathlib import Path


def dying(folder: Path, times: int) -> int:
    """Kill the process that runs it so often; then tells how often that was."""
    before = len(list(folder.iterdir()))
    if before < times:
        (folder / str(before)).touch()
        os.kill(os.getpid(), signal.SIGKILL)
    return before
