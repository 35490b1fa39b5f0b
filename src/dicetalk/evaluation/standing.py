"""Real videos, ours, and what others printed, side by side: rows of the figures that papers on MEAD tell."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from dicetalk.checkpoints import read_json
from dicetalk.errors import InputError
from dicetalk.evaluation import identity, likeness
from dicetalk.evaluation.comparison import FID, FVD, LSE, REFERENCE, VIDEOS, Comparison
from dicetalk.evaluation.figures import Estimate, Figure
from dicetalk.evaluation.literature import PUBLISHED, SOURCE
from dicetalk.evaluation.verdicts import key_of
from dicetalk.files import whole

if TYPE_CHECKING:
    from matplotlib.axes import Axes

THEIRS = Figure("emotion", "emotion, the paper's judge")
LITERATURE = "literature"
SYNC = "lse_c"


@dataclass(frozen=True)
class Row:
    """A system.

    Attributes:
        system: what is told of.
        source: "measured", of this run or an earlier one; or "literature".
        figures: by key.
    """

    system: str
    source: str
    figures: Mapping[str, Estimate]

    @property
    def is_printed(self) -> bool:
        """Whether somebody else's paper says so."""
        return self.source == LITERATURE

    def to_json(self) -> dict[str, Any]:
        """The row as plain values."""
        told = {key: found.to_json() for key, found in self.figures.items()}
        return {"system": self.system, "source": self.source, "figures": told}


def columns_of(comparison: Comparison) -> list[Figure]:
    """The figures that are told, in order: all that papers tell, whether they are known here or not."""
    judges = [figure for figure in comparison.figures if figure.key.startswith(key_of(""))]
    return [LSE[1], LSE[0], FID, FVD, identity.FIGURE, *likeness.FIGURES, *judges, THEIRS]


def rows_of(comparison: Comparison, system: str, others: Sequence[Row] = ()) -> list[Row]:
    """All rows: real, ours and its controls, those of earlier runs, those of the literature."""
    keys = {figure.key for figure in columns_of(comparison)}
    found = {
        column.name: Row(_name(column.name, system), "measured", _only(column.figures, keys))
        for column in comparison.columns
    }
    first = [found.pop(name) for name in (REFERENCE, VIDEOS) if name in found]
    controls = [row for row in found.values() if row.figures]
    printed = [
        Row(line.system, LITERATURE, {key: Estimate(value, None, None, 0, 0) for key, value in line.figures.items()})
        for line in PUBLISHED
    ]
    return [*first, *controls, *others, *printed]


def _name(column: str, system: str) -> str:
    if column.startswith(REFERENCE):
        return column.replace(REFERENCE, "real video, measured here", 1)
    return column.replace(VIDEOS, system, 1)


def _only(figures: Mapping[str, Estimate], keys: set[str]) -> dict[str, Estimate]:
    return {key: found for key, found in figures.items() if key in keys}


def read_rows(path: Path) -> list[Row]:
    """What an earlier run measured of its system, as its `protocol.json` keeps it.

    Raises:
        InputError: the file has no such rows.
        CheckpointError: it cannot be read.
    """
    told = read_json(path, "give the protocol.json of an earlier run")
    try:
        rows = [
            Row(str(row["system"])[:80], "measured", {key: Estimate(**one) for key, one in row["figures"].items()})
            for row in told["rows"]
            if row["source"] == "measured" and row["system"] == told["system"]
        ]
        if not rows or not all(isinstance(e.value, int | float) for row in rows for e in row.figures.values()):
            raise ValueError("no row of its own system")
    except (KeyError, TypeError, AttributeError, ValueError) as error:
        raise InputError(f"{path} holds no rows ({error}); give the protocol.json of an earlier run") from None
    return rows


def table(rows: Sequence[Row], columns: Sequence[Figure]) -> str:
    """A line a row; what is printed elsewhere is in italics."""
    lines = [f"| system | {' | '.join(figure.what for figure in columns)} |", "|---|" + "---|" * len(columns)]
    for row in rows:
        cells = [_cell(row, figure) for figure in columns]
        lines.append(f"| {_marked(row, row.system)} | {' | '.join(cells)} |")
    return "\n".join(lines)


def _cell(row: Row, figure: Figure) -> str:
    found = row.figures.get(figure.key)
    if found is None:
        return ""
    return _marked(row, f"{found.value:.{figure.digits}f}" if row.is_printed else found.text(figure.digits))


def _marked(row: Row, text: str) -> str:
    return f"*{text}*" if row.is_printed else text


def note() -> str:
    """What is to be known of the rows."""
    return (
        "Value (95 % interval by bootstrap over clips), of how many. Real video: FID and FVD of one half of the clips "
        "to the other, CSIM to the clip's own first frame. *In italics: printed elsewhere, not measured here.* "
        f"{SOURCE}"
    )


def draw(path: Path, rows: Sequence[Row], columns: Sequence[Figure]) -> None:
    """Emotion against lip sync, which pull against each other, then each figure by itself; rings are printed."""
    from matplotlib.figure import Figure as Sheet

    shown = [figure for figure in columns if any(figure.key in row.figures for row in rows)]
    across = 4
    down = -(-(len(shown) + 1) // across)
    sheet = Sheet(figsize=(4.2 * across, 3.0 * down), layout="constrained")
    places = sheet.subplots(down, across, squeeze=False).ravel()
    _draw_pull(places[0], rows)
    for place, figure in zip(places[1:], shown, strict=False):
        _draw_figure(place, rows, figure)
    for place in places[len(shown) + 1 :]:
        place.axis("off")
    with whole(path) as hidden:
        sheet.savefig(hidden, format="png", dpi=90)


def _draw_pull(axes: Axes, rows: Sequence[Row]) -> None:
    for number, row in enumerate(rows):
        emotions = [key for key in row.figures if key == THEIRS.key or key.startswith(key_of(""))]
        if SYNC not in row.figures or not emotions:
            continue
        place = (row.figures[SYNC].value, row.figures[emotions[-1]].value)
        _dot(axes, row, number, *place)
        axes.annotate(row.system, place, fontsize=6, xytext=(3, 3), textcoords="offset points", parse_math=False)
    axes.set_xlabel("LSE-C", fontsize=8)
    axes.set_ylabel("emotion read as meant", fontsize=8)
    axes.set_title("emotion against lip sync", fontsize=8)
    axes.tick_params(labelsize=7)


def _draw_figure(axes: Axes, rows: Sequence[Row], figure: Figure) -> None:
    there = [(number, row) for number, row in enumerate(rows) if figure.key in row.figures]
    for down, (number, row) in enumerate(there):
        found = row.figures[figure.key]
        _dot(axes, row, number, found.value, -down)
        if found.low is not None and found.high is not None:
            axes.plot([found.low, found.high], [-down, -down], color=f"C{number % 10}")
    axes.set_yticks([-down for down in range(len(there))], [row.system for _, row in there], fontsize=6)
    axes.set_title(figure.what, fontsize=8, parse_math=False)
    axes.tick_params(axis="x", labelsize=7)
    axes.grid(axis="x", linewidth=0.3)


def _dot(axes: Axes, row: Row, number: int, x: float, y: float) -> None:
    colour = f"C{number % 10}"
    axes.plot([x], [y], "o", color=colour, markerfacecolor="white" if row.is_printed else colour)
