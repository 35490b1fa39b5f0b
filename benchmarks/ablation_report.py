"""The report of `ablation.py`: tables in Markdown, pictures of the differences and of what the bank shares."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Any

import numpy as np
import numpy.typing as npt
import torch
from ablated import ROWS
from bank_relations import ordered, similarity
from matplotlib.axes import Axes
from matplotlib.figure import Figure

from dicetalk.emotion.vocabulary import AROUSAL, NAMES, NEUTRAL, VALENCE
from dicetalk.files import whole

Array = npt.NDArray[np.float64]
Told = dict[str, Any]

MEASURES = {
    "held-out error": "of clean motion told at three levels of noise [spreads squared]; lower is better",
    "opening": "correlation of the lips' opening with the actor's",
    "closure": "share of the frames with the actor's lips shut in which they are",
    "false closure": "share of the frames with the actor's lips apart in which they are shut; lower is better",
    "emotion": "share of seven feelings read right by the embedder that ships, chance 0.12",
    "weak emotion": "the same of feelings asked for at a quarter of that strength",
    "intensity": "how far faces go from neutral towards the feeling's posture",
    "diversity": "between two seeds [spreads]",
}
DRAWS = 2000


def write_report(out: Path, runs: Sequence[Told]) -> None:
    """Everything that the runs tell, in `ablation.md`, `ablation.png`, `bank-sharing.png`."""
    whole_runs = [run for run in runs if not run["left out"]]
    parts = [
        figures(whole_runs, "figures as they are", lambda values, _: interval(values)),
        figures(whole_runs, "differences to full", difference),
        budget(whole_runs),
        by_emotion(whole_runs),
        bank(whole_runs),
        identities(whole_runs),
        few_shots(runs),
    ]
    with whole(out / "ablation.md") as hidden:
        hidden.write_text("\n".join("\n".join(part) for part in parts if part), encoding="utf-8")
    draw(whole_runs).savefig(out / "ablation.png", dpi=100)
    if of_row(whole_runs, "full"):
        draw_bank(whole_runs).savefig(out / "bank-sharing.png", dpi=90)


def of_row(runs: Sequence[Told], row: str) -> list[Told]:
    return sorted((run for run in runs if run["row"] == row), key=lambda run: run["seed"])


def values_of(runs: Sequence[Told], row: str, measure: str) -> Array:
    """Of each seed and window, `(S, W)`."""
    return np.array([run["figures"][measure] for run in of_row(runs, row)], np.float64)


Interval = tuple[float, float, float]


def interval(values: Array) -> Interval:
    """Mean and its 95 % interval over seeds and windows `(S, W)`, both drawn anew; NaN counts nowhere."""
    rng = np.random.default_rng(0)
    seeds, windows = (rng.integers(count, size=(DRAWS, count)) for count in values.shape)
    means = [np.nanmean(values[s][:, w]) for s, w in zip(seeds, windows, strict=True)]
    low, high = np.percentile(means, [2.5, 97.5])
    return float(np.nanmean(values)), float(low), float(high)


def difference(values: Array, full: Array) -> Interval:
    """The same of the difference to `full`, seed by seed and window by window."""
    count = min(len(values), len(full))
    return interval(values[:count] - full[:count])


def text(found: Interval, sign: str = "") -> str:
    mean, low, high = (f"{each:{sign}.3f}" for each in found)
    return f"{mean} ({low} to {high})"


def table(title: str, head: Sequence[str], rows: Sequence[Sequence[str]]) -> list[str]:
    lines = [f"| {' | '.join(row)} |" for row in (head, ["---"] * len(head), *rows)]
    return [f"## {title[0].upper()}{title[1:]}", "", *lines, ""] if rows else []


def figures(runs: Sequence[Told], title: str, of: Callable[[Array, Array], Interval]) -> list[str]:
    """A table with a row for each ablation and a column for each measure."""
    rows = []
    against = title.startswith("differences")
    for row in there(runs, against):
        cells = [
            text(of(values_of(runs, row, m), values_of(runs, "full", m)), "+" if against else "") for m in MEASURES
        ]
        rows.append([ROWS[row].says, str(len(of_row(runs, row))), *cells])
    return table(title, ["", "seeds", *MEASURES], rows)


def there(runs: Sequence[Told], against: bool) -> list[str]:
    """Rows of which there are runs, `full` among them unless rows are held against it."""
    names = [row for row in ROWS if of_row(runs, row)]
    if not against:
        return names
    return [row for row in names if row != "full"] if "full" in names else []


def budget(runs: Sequence[Told]) -> list[str]:
    rows = [
        [ROWS[row].says, f"{found[0]['parameters']:,}", f"{np.mean([run['training s'] for run in found]):.0f}"]
        for row in there(runs, against=False)
        if (found := of_row(runs, row))
    ]
    return table("what was learned", ["", "parameters that learn", "training [s]"], rows)


def by_emotion(runs: Sequence[Told]) -> list[str]:
    rows = [
        [ROWS[row].says, *(f"{np.mean(values_of(runs, row, f'emotion {name}')):.2f}" for name in NAMES[1:])]
        for row in there(runs, against=False)
    ]
    own = [f"{run['actors read right']:.2f}" for run in of_row(runs, "full")[:1]]
    heading = f"read right, by emotion (the actors themselves, at half strength and more: {', '.join(own)})"
    return table(heading, ["", *NAMES[1:]], rows)


def bank(runs: Sequence[Told]) -> list[str]:
    rows = []
    for row in there(runs, against=False):
        found = [run["bank"] for run in of_row(runs, row) if "bank" in run]
        if found:
            cells = [", ".join(f"{each[what]:.1f}" for each in found) for what in ("entries found", "entries attended")]
            rows.append([ROWS[row].says, *cells])
    head = ["", "entries that drawn priors find, by seed", "entries an emotion attends to, by seed"]
    return [*table("entries of the bank in use (perplexity)", head, rows), *_on_the_circle(of_row(runs, "full"))]


def _on_the_circle(full: Sequence[Told]) -> list[str]:
    """How sharing entries goes with being near on the circle."""
    lines = []
    for what, beyond in (("found", False), ("attended", True)) if full else ():
        cosine = alike([torch.tensor(run["bank"][what]) for run in full], beyond=beyond)
        angles, cosines, pairs = circle(cosine)
        ranked = sorted(zip(cosines, pairs, strict=True), reverse=True)
        nearest = ", ".join(f"{one}-{other} {value:+.2f}" for value, (one, other) in ranked[:4])
        farthest = ", ".join(f"{one}-{other} {value:+.2f}" for value, (one, other) in ranked[-3:])
        r = np.corrcoef(angles, cosines)[0, 1]
        lines.append(
            f"Entries {what}: r of cosine and angle on the circle {r:+.2f}; most alike {nearest}; least {farthest}."
        )
    return [*lines, ""]


def identities(runs: Sequence[Told]) -> list[str]:
    rows = []
    for row in there(runs, against=False):
        for run in of_row(runs, row):
            if "identity" in run:
                cells = [text(tuple(found)) for found in run["identity"].values()]
                rows.append([ROWS[row].says, str(run["seed"]), *cells])
    head = ["", "seed", "faces", "readings of faces", "tokens of these", "tokens of named priors"]
    return table("which of 20 actors it is, by a linear probe (chance 0.05)", head, rows)


def few_shots(runs: Sequence[Told]) -> list[str]:
    """Emotions that were never learned from, told by a prior of five clips."""
    rows = []
    for name in sorted({run["left out"] for run in runs if run["left out"]}):
        for row, left_out in (("full", ""), ("full", name), ("no-bank", name)):
            found = [run["few shot"][name] for run in of_row(runs, row) if run["left out"] == left_out]
            if found:
                cells = [text(interval(np.array([each[what] for each in found]))) for what in found[0]]
                rows.append([name, f"{ROWS[row].says}, {'never learned' if left_out else 'learned'}", *cells])
    head = ["emotion", "", "read right", "intensity", "cosine to its posture"]
    return table("an emotion told by five clips", head, rows)


def draw(runs: Sequence[Told]) -> Figure:
    """Differences to full with their intervals, a field for each measure."""
    rows = there(runs, against=True)
    figure = Figure(figsize=(14, 1.6 + 0.42 * len(rows)), layout="constrained")
    for axes, measure in zip(figure.subplots(1, len(MEASURES), sharey=True), MEASURES, strict=True):
        found = [difference(values_of(runs, row, measure), values_of(runs, "full", measure)) for row in rows]
        _draw_intervals(axes, measure, found)
        axes.set_yticks(range(len(rows)), [ROWS[row].says for row in rows])
        axes.set_ylim(len(rows) - 0.5, -0.5)
    figure.supxlabel("difference to the full model, with 95 % intervals over seeds and held-out windows", fontsize=9)
    return figure


def _draw_intervals(axes: Axes, measure: str, found: Sequence[Interval]) -> None:
    axes.axvline(0, color="0.7", linewidth=0.8)
    axes.set_title(measure, fontsize=10)
    axes.tick_params(labelsize=8)
    for place, (mean, low, high) in enumerate(found):
        clear = low > 0 or high < 0
        axes.plot([low, high], [place, place], color="tab:blue" if clear else "0.6", linewidth=2)
        axes.plot(mean, place, "o", color="tab:blue" if clear else "0.6", markersize=5)


def draw_bank(runs: Sequence[Told]) -> Figure:
    """Which entries priors of each emotion find, and how that goes with where emotions lie on the circle."""
    found = [torch.tensor(run["bank"]["found"]) for run in of_row(runs, "full")]
    attended = [torch.tensor(run["bank"]["attended"]) for run in of_row(runs, "full")]
    figure = Figure(figsize=(14, 4.6), layout="constrained")
    left, middle, right = figure.subplots(1, 3, width_ratios=(1.6, 1, 1))
    percent = 100 * ordered(found[0])
    drawn = left.imshow(percent.numpy(), cmap="Blues", aspect="auto", vmin=0)
    left.set_yticks(range(len(NAMES)), NAMES)
    left.set_xticks([])
    left.set_xlabel(f"{percent.shape[1]} entries, in the order of who finds them most (seed 0)")
    figure.colorbar(drawn, ax=left, label="share of an emotion's priors that find it [%]")
    for axes, shares, what in ((middle, found, "entries found"), (right, attended, "attention, beyond what all share")):
        _draw_circle(axes, alike(shares, beyond=shares is attended), what)
    return figure


def alike(shares: Sequence[torch.Tensor], *, beyond: bool) -> Array:
    """Cosine between emotions' shares of entries `(8, codes)`, mean over banks; `beyond` what all share."""
    own = [each - each.mean(0) if beyond else each for each in shares]
    return torch.stack([similarity(each) for each in own]).mean(0).double().numpy()


def _draw_circle(axes: Axes, cosine: Array, what: str) -> None:
    angles, cosines, pairs = circle(cosine)
    axes.plot(angles, cosines, "o", color="tab:blue", markersize=4)
    for (one, other), x, y in zip(pairs, angles, cosines, strict=True):
        axes.annotate(f"{one[:3]}-{other[:3]}", (x, y), fontsize=6, xytext=(3, 2), textcoords="offset points")
    axes.set_title(f"{what}: r = {np.corrcoef(angles, cosines)[0, 1]:+.2f}", fontsize=10)
    axes.set_xlabel("angle between two emotions on the circle [degrees]")
    axes.set_ylabel("cosine")


def circle(cosine: Array) -> tuple[list[float], list[float], list[tuple[str, str]]]:
    """Angle on the circle and cosine `(8, 8)` of each pair of feelings."""
    names = [name for name in NAMES if name != NEUTRAL]
    pairs = [(one, other) for number, one in enumerate(names) for other in names[number + 1 :]]
    cosines = [float(cosine[NAMES.index(one), NAMES.index(other)]) for one, other in pairs]
    return [apart(*pair) for pair in pairs], cosines, pairs


def apart(one: str, other: str) -> float:
    """Angle between two emotions in the plane of valence and arousal [degrees]."""
    turns = np.diff([np.degrees(np.arctan2(AROUSAL[name], VALENCE[name])) for name in (one, other)])[0]
    return float(abs((turns + 180) % 360 - 180))
