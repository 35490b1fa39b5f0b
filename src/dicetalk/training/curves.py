"""What a run's losses did: `curves.csv` and `curves.png`."""

from __future__ import annotations

import csv
from collections.abc import Mapping
from pathlib import Path

import numpy as np
from scipy.ndimage import gaussian_filter1d

from dicetalk.files import whole

TABLE, PICTURE = "curves.csv", "curves.png"


class Curves:
    """The curves of a run; one that goes on keeps those of the steps before it."""

    def __init__(self, folder: Path, start: int) -> None:
        """Curves in a folder, of which the first `start` steps are kept."""
        self.folder = folder
        self.rows: list[dict[str, float]] = []
        if start and (folder / TABLE).exists():
            with (folder / TABLE).open(newline="", encoding="utf-8") as file:
                kept = [{name: float(value) for name, value in row.items()} for row in csv.DictReader(file)]
            self.rows = kept[:start]

    def add(self, step: int, values: Mapping[str, float]) -> None:
        """One step's values."""
        self.rows.append({"step": float(step), **values})  # as it is read back

    def write(self) -> None:
        """Write table and picture."""
        with whole(self.folder / TABLE) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
            writer = csv.DictWriter(file, list(self.rows[0]), lineterminator="\n")
            writer.writeheader()
            writer.writerows(self.rows)
        self._draw()

    def _draw(self) -> None:
        from matplotlib.figure import Figure

        names = [name for name in self.rows[0] if name != "step"]
        figure = Figure(figsize=(8, 2.5 * len(names)), layout="constrained")
        steps = [row["step"] for row in self.rows]
        for axes, name in zip(figure.subplots(len(names), squeeze=False)[:, 0], names, strict=True):
            values = np.array([row[name] for row in self.rows])
            axes.plot(steps, values, color="0.8", linewidth=0.6)
            axes.plot(steps, gaussian_filter1d(values, max(1.0, len(values) / 60)), color="C0")
            axes.set_ylabel(name)
        axes.set_xlabel("step")
        with whole(self.folder / PICTURE) as temporary:
            figure.savefig(temporary, dpi=100)
