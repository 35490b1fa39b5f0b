"""Pictures of what was measured: sets beside each other, and a clip's mouth, head and blinks in time."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from dicetalk.evaluation.clip_set import Measured
from dicetalk.evaluation.comparison import Column, Comparison
from dicetalk.evaluation.figures import Figure
from dicetalk.evaluation.footage import OPENING, Footage
from dicetalk.evaluation.head_motion import CHANNELS, FREQUENCIES
from dicetalk.evaluation.heads import spectra_of
from dicetalk.evaluation.lips import SHUT_GAP
from dicetalk.files import whole
from dicetalk.motion.blinks import blink_starts
from dicetalk.motion.space import index
from dicetalk.rates import FPS, HOPS_PER_SECOND
from dicetalk.speech.broad import PHONES, closures

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure as Sheet

ACROSS = 4
"""Figures in a row."""
INCHES_A_SECOND, NARROWEST, WIDEST = 1.6, 8.0, 60.0


def draw_columns(path: Path, comparison: Comparison) -> None:
    """Each figure as a small picture: a dot a set, with its interval."""
    from matplotlib.figure import Figure as Sheet

    down = -(-len(comparison.figures) // ACROSS)
    sheet = Sheet(figsize=(4 * ACROSS, 0.8 + 1.9 * down), layout="constrained")
    places = sheet.subplots(down, ACROSS, squeeze=False).ravel()
    for place, figure in zip(places, comparison.figures, strict=False):
        _dots(place, figure, comparison.columns)
    for place in places[len(comparison.figures) :]:
        place.axis("off")
    handles = [places[0].plot([], [], "o", color=f"C{number}")[0] for number in range(len(comparison.columns))]
    names = [column.name for column in comparison.columns]
    sheet.legend(handles, names, loc="outside lower center", ncols=len(names), frameon=False)
    _save(sheet, path)


def _dots(axes: Axes, figure: Figure, columns: Sequence[Column]) -> None:
    for number, column in enumerate(columns):
        found = column.figures.get(figure.key)
        if found is None:
            continue
        axes.plot([found.value], [-number], "o", color=f"C{number}")
        if found.low is not None and found.high is not None:
            axes.plot([found.low, found.high], [-number, -number], color=f"C{number}")
    axes.set_title(figure.what, fontsize=8, parse_math=False)
    axes.set_yticks([])
    axes.set_ylim(-len(columns) + 0.4, 0.6)
    axes.tick_params(labelsize=7)
    axes.grid(axis="x", linewidth=0.3)


def draw_spectra(path: Path, sets: Mapping[str, Sequence[Measured]]) -> bool:
    """The spectra of the heads of each set, mean and each clip; whether there was a clip long enough."""
    from matplotlib.figure import Figure as Sheet

    found = {name: spectra_of([clip.footage for clip in clips]) for name, clips in sets.items()}
    if not any(len(spectra) for spectra in found.values()):
        return False
    sheet = Sheet(figsize=(14, 3.4), layout="constrained")
    for channel, axes in enumerate(sheet.subplots(1, len(CHANNELS), sharex=True)):
        for number, (name, spectra) in enumerate(found.items()):
            if len(spectra):
                axes.semilogx(FREQUENCIES, spectra[:, channel].T, color=f"C{number}", alpha=0.15, linewidth=0.6)
                axes.semilogx(FREQUENCIES, spectra[:, channel].mean(0), color=f"C{number}", linewidth=2, label=name)
        axes.set_title(f"head, {CHANNELS[channel]}", fontsize=9)
        axes.set_xlabel("Hz", fontsize=8)
        axes.tick_params(labelsize=7)
    sheet.axes[0].set_ylabel("log10 power density", fontsize=8)
    sheet.axes[0].legend(fontsize=8)
    _save(sheet, path)
    return True


def draw_clip(path: Path, footage: Footage, threshold: float) -> None:
    """A clip in time: lips as heard and as seen, with p, b and m shaded; head; lids."""
    from matplotlib.figure import Figure as Sheet

    width = float(np.clip(INCHES_A_SECOND * footage.seconds, NARROWEST, WIDEST))
    sheet = Sheet(figsize=(width, 6))
    lips, head, lids = sheet.subplots(3, 1, sharex=True, height_ratios=(2, 1, 1))
    # By hand: to find out how much room labels take doubles the time.
    sheet.subplots_adjust(left=0.7 / width, right=1 - 0.6 / width, top=0.95, bottom=0.08, hspace=0.25)
    times = (np.arange(footage.frames) + 0.5) / FPS
    _draw_lips(lips, footage, threshold)
    for column, name in enumerate(CHANNELS[:3]):
        head.plot(times, np.degrees(footage.motion.pose[:, column]), label=name, linewidth=1)
    head.set_ylabel("head [degrees]")
    lids.plot(times, footage.motion.shapes[:, [index("eyeBlinkLeft"), index("eyeBlinkRight")]].mean(1), linewidth=1)
    starts = blink_starts(footage.motion.shapes)
    lids.plot(times[starts], np.full(len(starts), 1.05), "v", color="C3", markersize=5, label="blink")
    lids.set_ylim(-0.05, 1.15)
    lids.set_ylabel("lids shut")
    lids.set_xlabel("s")
    lids.set_xlim(0, footage.seconds)
    for axes in (lips, head, lids):
        axes.legend(loc="lower right", bbox_to_anchor=(1, 1), ncols=3, fontsize=7, frameon=False)
    # A name is no formula, and may hold bytes that are no text.
    name = footage.name.encode(errors="replace").decode()
    lips.set_title(name, fontsize=9, loc="left", parse_math=False)
    _save(sheet, path)


def _draw_lips(axes: Axes, footage: Footage, threshold: float) -> None:
    hops = (np.arange(len(footage.mouth)) + 0.5) / HOPS_PER_SECOND
    times = (np.arange(footage.frames) + 0.5) / FPS
    for number, (start, stop) in enumerate(closures(footage.mouth[:, : len(PHONES)], threshold)):
        label = "p, b, m heard" if number == 0 else None
        axes.axvspan(start / HOPS_PER_SECOND, stop / HOPS_PER_SECOND, color="C3", alpha=0.2, linewidth=0, label=label)
    axes.plot(times, footage.gap, ".-", color="C0", linewidth=1, markersize=3, label="gap of the lips, seen")
    axes.axhline(SHUT_GAP, color="C0", linewidth=0.6, linestyle="--", label="shut")
    axes.set_ylabel("[inter-ocular distances]")
    heard = axes.twinx()
    heard.plot(hops, footage.mouth[:, OPENING], color="0.6", linewidth=1)
    heard.set_ylabel("opening, heard", color="0.5")
    heard.set_ylim(0, 1.05)


def _save(sheet: Sheet, path: Path) -> None:
    with whole(path) as hidden:
        sheet.savefig(hidden, format="png", dpi=90)
