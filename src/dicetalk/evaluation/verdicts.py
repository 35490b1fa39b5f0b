"""What judges read in clips, beside what the clips were meant to show."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np

from dicetalk.emotion.vocabulary import NAMES
from dicetalk.evaluation.clip_set import OWN, Measured
from dicetalk.evaluation.figures import Figure, Sums
from dicetalk.evaluation.judge import Reading, strongest_of
from dicetalk.files import whole

if TYPE_CHECKING:
    from matplotlib.axes import Axes


def key_of(judge: str) -> str:
    """The key of a judge's figure."""
    return f"emotion_{judge}"


def figure_of(judge: str) -> Figure:
    """How often a judge reads what was meant."""
    who = "our own judge" if judge == OWN else f"judge {judge}"
    return Figure(key_of(judge), f"emotion read as meant, {who}")


def verdict_figures(clip: Measured) -> dict[str, Sums]:
    """Whether each judge reads what a clip was meant to show; nothing of a judge that does not know it.

    Of a clip that was meant to show several emotions in turn our own judge is right for the share of the time in which
    it reads each when it was meant. Others see a few frames of all of it, and are asked about what was meant most.
    """
    found: dict[str, Sums] = {
        key_of(judge): (float(strongest_of(reading) == clip.wanted), 1)
        for judge, reading in clip.readings.items()
        if clip.wanted in reading
    }
    return found | ({key_of(OWN): (right_for(clip), 1)} if clip.parts else {})


def right_for(clip: Measured) -> float:
    """Share of the time of a clip's parts in which our own judge reads what was meant."""
    seconds = np.array([part.end - part.start for part, _ in clip.parts])
    right = np.array([strongest_of(reading) == part.name for part, reading in clip.parts])
    return float(seconds @ right / seconds.sum())


def confusion(clips: Sequence[Measured], judge: str) -> dict[str, dict[str, int]]:
    """How often each emotion that was meant, of a clip or a part of one, was read as which one by a judge."""
    counts: dict[str, dict[str, int]] = {}
    for meant, reading in (pair for clip in clips for pair in _meant_and_read(clip, judge)):
        row = counts.setdefault(meant, {})
        row[strongest_of(reading)] = row.get(strongest_of(reading), 0) + 1
    return counts


def _meant_and_read(clip: Measured, judge: str) -> Iterator[tuple[str, Reading]]:
    """What was meant and what a judge reads, of a clip or of each of its parts."""
    if judge == OWN and clip.parts:
        yield from ((part.name, reading) for part, reading in clip.parts)
    elif clip.wanted is not None and judge in clip.readings:
        yield clip.wanted, clip.readings[judge]


def draw_verdicts(path: Path, sets: Mapping[str, Sequence[Measured]], judge: str) -> bool:
    """What was meant (down) and read (across) in the sets together, with counts; whether any of it is known."""
    from matplotlib.figure import Figure as Sheet

    known = {name: counts for name, clips in sets.items() if (counts := confusion(clips, judge))}
    if not known:
        return False
    most = max(map(len, known.values()))
    sheet = Sheet(figsize=(5.6 * len(known), 1.8 + 0.5 * most), layout="constrained")
    for axes, (name, counts) in zip(sheet.subplots(1, len(known), squeeze=False)[0], known.items(), strict=True):
        _draw_counts(axes, counts)
        axes.set_title(f"{name}, {figure_of(judge).what}", fontsize=9, parse_math=False)
    with whole(path) as hidden:
        sheet.savefig(hidden, format="png", dpi=100)
    return True


def _draw_counts(axes: Axes, counts: Mapping[str, Mapping[str, int]]) -> None:
    meant = [name for name in NAMES if name in counts]
    read = [*NAMES, *sorted({name for row in counts.values() for name in row} - set(NAMES))]
    table = np.array([[counts[truth].get(name, 0) for name in read] for truth in meant])
    shares = table / table.sum(1, keepdims=True)
    axes.imshow(shares, cmap="Blues", vmin=0, vmax=1)
    for (down, across), count in np.ndenumerate(table):
        if count:
            ink = "white" if shares[down, across] > 0.6 else "black"
            axes.text(across, down, str(count), ha="center", va="center", fontsize=9, color=ink)
    axes.set_xticks(range(len(read)), read, rotation=45)
    axes.set_yticks(range(len(meant)), meant)
    axes.set_xlabel("read")
    axes.set_ylabel("meant")


def leading(reading: Reading) -> str:
    """What is read most, and its share."""
    name = strongest_of(reading)
    return f"{name} {reading[name]:.2f}"
