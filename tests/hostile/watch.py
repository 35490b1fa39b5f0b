"""How much memory processes took at most, and what they left behind."""

from __future__ import annotations

import ctypes
import gc
import os
import re
import threading
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

MOST_BYTES = 2_000_000_000
"""Of one process, resident."""
IMPORTED_BYTES = 300_000_000
"""Of a process that has imported everything and done nothing yet."""
LINUX = Path("/proc/self/clear_refs").exists()
"""Where the most that a process took can be asked for, and counted anew."""


@contextmanager
def modest() -> Iterator[None]:
    """Refuse what would make a new process larger than 2 GB at any moment; what earlier tests keep is not counted."""
    if not LINUX:
        yield
        return
    gc.collect()
    ctypes.CDLL(None).malloc_trim(0)  # else what earlier tests have freed is taken again, and not seen
    Path("/proc/self/clear_refs").write_text("5")
    before = peak(os.getpid())
    yield
    grown = peak(os.getpid()) - before
    assert grown < MOST_BYTES - IMPORTED_BYTES, f"this process grew by {grown / 1e9:.2f} GB"


def assert_modest(processes: list[int]) -> None:
    """Refuse processes that were larger than 2 GB at any moment of their lives."""
    for process in processes:
        assert peak(process) < MOST_BYTES, f"process {process} took {peak(process) / 1e9:.2f} GB"


def peak(process: int) -> int:
    """The most memory that a process ever had [bytes]; 0 where that is not told, or it has ended."""
    try:
        told = re.search(r"VmHWM:\s+(\d+) kB", Path(f"/proc/{process}/status").read_text())
    except OSError:
        return 0
    return int(told[1]) * 1024 if told else 0


def family(process: int) -> list[int]:
    """A process and those that it started, and theirs."""
    try:
        children = Path(f"/proc/{process}/task/{process}/children").read_text().split()
    except OSError:
        return [process]
    return [process, *(one for child in children for one in family(int(child)))]


class Scales:
    """Weighs a process and its family for as long as it runs.

    Attributes:
        most: what the largest of them ever had [bytes].
    """

    def __init__(self, process: int) -> None:
        self.most, self._process, self._over = 0, process, threading.Event()
        self._thread = threading.Thread(target=self._weigh, daemon=True)
        self._thread.start()

    def _weigh(self) -> None:
        while not self._over.wait(0.2):
            self.most = max(self.most, *map(peak, family(self._process)))

    def stop(self) -> int:
        self._over.set()
        self._thread.join()
        return self.most


def files(*folders: Path) -> set[Path]:
    """All that lies in folders, links and pipes too."""
    return {path for folder in folders for path in folder.rglob("*") if not path.is_dir() or path.is_symlink()}


def until_gone(folder: Path, seconds: float = 20) -> None:
    """Wait until a folder is empty."""
    end = time.monotonic() + seconds
    while any(folder.iterdir()):
        assert time.monotonic() < end, list(folder.iterdir())
        time.sleep(0.05)
