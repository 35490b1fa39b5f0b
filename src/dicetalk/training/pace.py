"""How fast a run learns and how much memory it takes: `pace.csv`, a row a step."""

from __future__ import annotations

import csv
import sys
import time
from pathlib import Path

import torch

from dicetalk.files import writing

TABLE = "pace.csv"
COLUMNS = ("step", "seconds", "samples a second", "peak memory so far [GB]")


class Pace:
    """The pace of a run; one that goes on adds to what is there."""

    def __init__(self, folder: Path, device: torch.device, samples: int) -> None:
        """Of a step of so many samples, from now on."""
        self.path, self.device, self.samples = folder / TABLE, device, samples
        self._rows: list[tuple[int, float]] = []
        self._since = time.perf_counter()

    def add(self, step: int) -> None:
        """A step is done, counted from 0."""
        now = time.perf_counter()
        self._rows.append((step, now - self._since))
        self._since = now

    def write(self) -> None:
        """Add what is new to the table; what was done in between, saving and judging, counts for no step."""
        new, peak = not self.path.exists(), peak_memory(self.device) / 1e9
        with writing(self.path), self.path.open("a", newline="", encoding="utf-8") as file:
            writer = csv.writer(file, lineterminator="\n")
            if new:
                writer.writerow(COLUMNS)
            for step, seconds in self._rows:
                writer.writerow((step, f"{seconds:.4g}", f"{self.samples / seconds:.4g}", f"{peak:.3f}"))
        self._rows = []
        self._since = time.perf_counter()


def peak_memory(device: torch.device) -> float:
    """Most memory that this process has taken, on the device of its network [bytes]; NaN where nobody tells."""
    if device.type == "cuda":
        return float(torch.cuda.max_memory_allocated(device))
    if sys.platform == "win32":
        return float("nan")
    import resource

    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return float(most if sys.platform == "darwin" else most * 1024)
