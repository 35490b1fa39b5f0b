"""What a mouth does for a recording, as a table and as a picture: for looking, checking and other programs."""

from __future__ import annotations

import csv
from pathlib import Path

import numpy as np

from dicetalk.arrays import Float32
from dicetalk.files import whole
from dicetalk.media import Waveform
from dicetalk.rates import HOP, HOPS_PER_SECOND
from dicetalk.speech.broad import PHONES
from dicetalk.speech.echo import find_echoes
from dicetalk.speech.phonetics import PhoneRows

HEADER = ("time", *PHONES, "voicing", "opening")


def hear_mouth(waveform: Waveform) -> Float32:
    """(T, 26) rows of 10 ms of a clip (N,): shares of `PHONES`, voicing, opening; 0 to 1 each."""
    return PhoneRows(waveform, find_echoes(waveform)).between(0, -(-len(waveform) // HOP))


def write_mouth(path: Path, rows: Float32) -> None:
    """Write rows as CSV under `HEADER`, the time [s] of the beginning of each before it."""
    with whole(path) as hidden, hidden.open("w", newline="", encoding="utf-8") as file:
        table = csv.writer(file, lineterminator="\n")
        table.writerow(HEADER)
        for number, row in enumerate(rows):
            table.writerow([f"{number / HOPS_PER_SECOND:.2f}", *(f"{value:.4f}" for value in row)])


INCHES_A_SECOND = 1.6
WIDEST = 60.0
"""Of a picture [inches]."""


def plot_mouth(path: Path, rows: Float32) -> None:
    """Draw rows into a PNG: the phones as a map, voicing and opening as curves below it."""
    from matplotlib.figure import Figure

    seconds = len(rows) / HOPS_PER_SECOND
    figure = Figure(figsize=(float(np.clip(INCHES_A_SECOND * seconds, 8, WIDEST)), 6), layout="constrained")
    above, below = figure.subplots(2, 1, sharex=True, height_ratios=(3, 1))
    span = (0, seconds, len(PHONES) - 0.5, -0.5)
    above.imshow(
        rows[:, : len(PHONES)].T, aspect="auto", extent=span, cmap="Greys", interpolation="none", vmin=0, vmax=1
    )
    above.set_yticks(range(len(PHONES)), PHONES, fontsize=7)
    times = (np.arange(len(rows)) + 0.5) / HOPS_PER_SECOND
    for number, name in enumerate(HEADER[-2:]):
        below.plot(times, rows[:, len(PHONES) + number], label=name, linewidth=1)
    below.set_xlabel("s")
    below.legend(loc="upper right")
    with whole(path) as hidden:
        figure.savefig(hidden, format="png", dpi=100)
