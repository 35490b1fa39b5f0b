"""What was measured, as Markdown, as JSON and in pictures."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import Any

from dicetalk.data.clip import Dropped
from dicetalk.evaluation.clip_set import Measured, Options
from dicetalk.evaluation.comparison import Column, Comparison
from dicetalk.evaluation.figures import Figure, Sums, estimate
from dicetalk.evaluation.judge import Reading
from dicetalk.evaluation.pictures import draw_clip, draw_columns, draw_spectra
from dicetalk.evaluation.verdicts import confusion, draw_verdicts, leading
from dicetalk.evaluation.wanted import Part
from dicetalk.files import whole, writing

MARKDOWN, JSON = "evaluation.md", "evaluation.json"
CLIPS = "clips"
"""The folder with a picture of each clip."""


@dataclass(frozen=True, eq=False)
class Report:
    """All that is told.

    Attributes:
        comparison: the figures.
        sets: the clips that were measured, by the name of their set.
        left_out: what was not, and why.
        options: how it was measured.
        lacking: what is not told, and what would be needed for it, one line each.
        elapsed_s: how long it took [s].
    """

    comparison: Comparison
    sets: Mapping[str, Sequence[Measured]]
    left_out: Sequence[Dropped]
    options: Options
    lacking: Sequence[str]
    elapsed_s: float

    @property
    def seconds(self) -> float:
        """Length of all clips together [s]."""
        return sum(clip.footage.seconds for clips in self.sets.values() for clip in clips)


def to_json(report: Report) -> dict[str, Any]:
    """The report as plain values."""
    return {
        "figures": {
            figure.key: {"what": figure.what, "counted": figure.counted} for figure in report.comparison.figures
        },
        "sets": {column.name: _set_json(column, report) for column in report.comparison.columns},
        "emotions": {name: _emotions_json(clips, report.options) for name, clips in report.sets.items()},
        "left_out": [{"file": str(drop.file), "reason": drop.reason} for drop in report.left_out],
        "lacking": list(report.lacking),
        "threshold": report.options.threshold,
        "seam_every_s": report.options.seam_every,
        "seconds": round(report.seconds, 2),
        "elapsed_s": round(report.elapsed_s, 2),
    }


def _set_json(column: Column, report: Report) -> dict[str, Any]:
    return {
        "figures": {key: found.to_json() for key, found in column.figures.items()},
        "clips": {name: _clip_json(said, report.comparison.figures) for name, said in column.clips.items()},
    }


def _clip_json(said: Mapping[str, Sums], figures: Sequence[Figure]) -> dict[str, Any]:
    found = {figure.key: estimate(figure, [said[figure.key]]) for figure in figures if figure.key in said}
    return {key: {"value": one.value, "count": one.count} for key, one in found.items() if one is not None}


def _emotions_json(clips: Sequence[Measured], options: Options) -> dict[str, Any]:
    return {
        "clips": {
            clip.name: {"wanted": clip.wanted, "read": {judge: dict(read) for judge, read in clip.readings.items()}}
            | ({"parts": [_part_json(part, read) for part, read in clip.parts]} if clip.parts else {})
            for clip in clips
        },
        "confusion": {judge: confusion(clips, judge) for judge in options.judge_names},
    }


def _part_json(part: Part, read: Reading) -> dict[str, Any]:
    return {"start": part.start, "end": part.end, "wanted": part.name, "read": dict(read)}


def table(comparison: Comparison) -> str:
    """A line a figure, a column a set: value, 95 % interval, of how much."""
    names = [column.name for column in comparison.columns]
    lines = [f"| figure | {' | '.join(names)} | of |", "|---|" + "---|" * (len(names) + 1)]
    for figure in comparison.figures:
        cells = [_cell(column, figure) for column in comparison.columns]
        lines.append(f"| {figure.what} | {' | '.join(cells)} | {figure.counted} |")
    return "\n".join(lines)


def _cell(column: Column, figure: Figure) -> str:
    return column.figures[figure.key].text(figure.digits) if figure.key in column.figures else ""


def clip_table(column: Column, clips: Sequence[Measured], figures: Sequence[Figure]) -> str:
    """A line a clip: its figures, what was meant and what the first judge reads."""
    shown = [figure for figure in figures if any(_told(said, figure) for said in column.clips.values())]
    head = ["clip", "s", "meant", "read by our own judge", *(figure.key for figure in shown)]
    lines = [f"| {' | '.join(head)} |", "|---|" + "---|" * (len(head) - 1)]
    for clip in clips:
        said = column.clips[clip.name]
        cells = [_told(said, figure) for figure in shown]
        told = [
            clip.name.replace("|", r"\|"),
            f"{clip.footage.seconds:.1f}",
            clip.wanted or "",
            leading(next(iter(clip.readings.values()))),
        ]
        lines.append(f"| {' | '.join((*told, *cells))} |")
    return "\n".join(lines)


def _told(said: Mapping[str, Sums], figure: Figure) -> str:
    """A clip's figure, and of how much where that is more than itself."""
    one = estimate(figure, [said[figure.key]]) if figure.key in said else None
    if one is None:
        return ""
    return f"{one.value:.{figure.digits}f}" + ("" if figure.counted == "clips" else f" of {one.count:.3g}")


def markdown(report: Report, drawn: Sequence[str]) -> str:
    """The whole page; `drawn` are the names of the pictures beside it."""
    sets = ", ".join(f"{len(clips)} {name}" for name, clips in report.sets.items())
    pace = report.elapsed_s / report.seconds
    parts = [
        "# Evaluation",
        f"{sets}; {report.seconds:.0f} s of video, measured in {report.elapsed_s:.0f} s ({pace:.2f} s a second).",
        table(report.comparison),
        "Value (95 % interval by bootstrap over clips), of how many. Figures of lips depend on what networks of ours "
        "hear and see: read them beside the reference and the controls, never alone.",
        *(f"![{Path(name).stem}]({name})" for name in drawn),
    ]
    for name, clips in report.sets.items():
        column = next(column for column in report.comparison.columns if column.name == name)
        parts += [f"## Clips: {name}", clip_table(column, clips, report.comparison.figures)]
    if report.lacking:
        parts += ["## Not measured", "\n".join(f"- {line}" for line in report.lacking)]
    if report.left_out:
        parts += ["## Left out", "\n".join(f"- {drop.file.name}: {drop.reason}" for drop in report.left_out)]
    return "\n\n".join(parts) + "\n"


def write_report(report: Report, folder: Path, progress: Callable[[int, int], None]) -> None:
    """Write page, JSON and pictures into a folder, each whole or not at all.

    Args:
        report: what is written.
        folder: made if it is not there.
        progress: called with pictures of clips that are drawn and in all.

    Raises:
        MediaError: one of them cannot be written.
    """
    with writing(folder):
        (folder / CLIPS).mkdir(parents=True, exist_ok=True)
    drawn = _draw(report, folder)
    _draw_clips(report, folder / CLIPS, progress)
    with whole(folder / JSON) as hidden:
        hidden.write_text(json.dumps(to_json(report), indent=1) + "\n", encoding="utf-8")
    with whole(folder / MARKDOWN) as hidden:
        # Names of files may hold bytes that are no text.
        hidden.write_text(markdown(report, drawn), encoding="utf-8", errors="replace")


def _draw(report: Report, folder: Path) -> list[str]:
    """The pictures of sets; their names."""
    draw_columns(folder / "figures.png", report.comparison)
    drawn = ["figures.png"]
    if draw_spectra(folder / "spectra.png", report.sets):
        drawn.append("spectra.png")
    judges = report.options.judge_names
    names = _picture_names([f"emotions-{judge.replace(' ', '-')}" for judge in judges])
    for judge, name in zip(judges, names, strict=True):
        if draw_verdicts(folder / name, report.sets, judge):
            drawn.append(name)
    return drawn


def _draw_clips(report: Report, folder: Path, progress: Callable[[int, int], None]) -> None:
    clips = [(name, clip.footage) for name, clips in report.sets.items() for clip in clips]
    pictures = _picture_names([f"{name}_{footage.name.replace('/', '_')}" for name, footage in clips])
    for number, (picture, (_, footage)) in enumerate(zip(pictures, clips, strict=True), 1):
        draw_clip(folder / picture, footage, report.options.threshold)
        progress(number, len(clips))


def _picture_names(stems: Sequence[str]) -> list[str]:
    """A file's name for each; those that are alike, also where large and small letters are, are numbered from 2."""
    found: dict[str, str] = {}
    for stem in stems:
        tries = (stem if number == 1 else f"{stem}-{number}" for number in count(1))
        free = next(name for name in tries if name.casefold() not in found)
        found[free.casefold()] = f"{free}.png"
    return list(found.values())
