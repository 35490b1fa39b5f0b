"""How good an embedder is: linear probes of emotion and identity on its frozen means, beside chance and raw rows."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import numpy as np

from dicetalk.arrays import Float64, Int64
from dicetalk.evaluation.probes import (
    Score,
    cluster_ratio,
    confusion,
    fit_probe,
    plane,
    score,
)


@dataclass(frozen=True, eq=False)
class Vectors:
    """Vectors of some clips, and what is known of them.

    Attributes:
        values: (N, D).
        emotions: number in the vocabulary, (N,).
        identities: (N,).
    """

    values: Float64
    emotions: Int64
    identities: Int64

    def __len__(self) -> int:
        return len(self.values)


@dataclass(frozen=True)
class Row:
    """One line of the table: what was looked at, and what probes could tell from it.

    Attributes:
        what: "audio", "audio, raw rows", ...
        emotion: a probe fitted on the people learned from, tested on the held-out ones.
        identity: a probe fitted on half of the held-out people's clips, tested on the other half.
        everyone: the same over all people, those learned from included.
        ratio: of the held-out clips' emotions, between over within.
    """

    what: str
    emotion: Score
    identity: Score
    everyone: Score
    ratio: float


def probe_row(what: str, learned: Vectors, held_out: Vectors) -> tuple[Row, Float64]:
    """A line of the table, and the confusion of emotions (8, 8) behind it."""
    predicted = fit_probe(learned.values, learned.emotions).predict(held_out.values)
    row = Row(
        what,
        score(predicted, held_out.emotions),
        probe_identity(held_out),
        probe_identity(together(learned, held_out)),
        cluster_ratio(held_out.values, held_out.emotions),
    )
    return row, confusion(predicted, held_out.emotions, 8)


def probe_identity(vectors: Vectors, seed: int = 0) -> Score:
    """How well a probe tells who it is: fitted on one half of each person's clips, tested on the other."""
    order = np.random.default_rng(seed).permutation(len(vectors))
    place = np.empty(len(vectors), np.int64)
    for who in np.unique(vectors.identities):
        own = order[vectors.identities[order] == who]
        place[own] = np.arange(len(own))
    fit, test = place % 2 == 0, place % 2 == 1
    probe = fit_probe(vectors.values[fit], vectors.identities[fit])
    return score(probe.predict(vectors.values[test]), vectors.identities[test])


def together(one: Vectors, other: Vectors) -> Vectors:
    """The vectors of both."""
    values = np.concatenate([one.values, other.values])
    emotions = np.concatenate([one.emotions, other.emotions])
    return Vectors(values, emotions, np.concatenate([one.identities, other.identities]))


def table(rows: Sequence[Row]) -> str:
    """The rows as Markdown."""
    lines = [
        "| looked at | emotion, held out | chance | who, of the held-out | who, of everyone | cluster ratio | clips |",
        "|---|---|---|---|---|---|---|",
    ]
    for row in rows:
        lines.append(
            f"| {row.what} | {row.emotion} | {row.emotion.chance:.2f} | {_who(row.identity)} | {_who(row.everyone)} "
            f"| {row.ratio:.2f} | {row.emotion.samples} |"
        )
    return "\n".join(lines)


def _who(found: Score) -> str:
    """An identity probe's accuracy, and how many times chance that is."""
    return f"{found}, {found.accuracy / found.chance:.1f} x chance of {found.chance:.3f}"


def to_json(rows: Sequence[Row]) -> list[dict[str, Any]]:
    """The rows as plain values."""
    return [asdict(row) for row in rows]


def draw_confusion(path: Path, shares: Float64, names: Sequence[str]) -> None:
    """A picture of a confusion matrix, truth down, heard across; emotions that do not occur are left out."""
    from matplotlib.figure import Figure

    there = [number for number in range(len(names)) if shares[number].any()]
    labels = [names[number] for number in there]
    figure = Figure(figsize=(6, 5.5), layout="constrained")
    axes = figure.subplots()
    axes.imshow(shares[np.ix_(there, there)], cmap="Blues", vmin=0, vmax=1)
    axes.set_xticks(range(len(there)), labels, rotation=45)
    axes.set_yticks(range(len(there)), labels)
    for y, truth in enumerate(there):
        for x, heard in enumerate(there):
            axes.text(x, y, f"{shares[truth, heard]:.2f}", ha="center", va="center", fontsize=8)
    axes.set_xlabel("told")
    axes.set_ylabel("acted")
    figure.savefig(path, dpi=100)


def draw_map(path: Path, vectors: Vectors, names: Sequence[str]) -> None:
    """A 2-D map of vectors, one colour to an emotion, one mark to a person."""
    from matplotlib.figure import Figure

    places = plane(vectors.values, vectors.emotions)
    figure = Figure(figsize=(7, 6), layout="constrained")
    axes = figure.subplots()
    marks = "osD^vP*X"
    for number, who in enumerate(np.unique(vectors.identities)):
        for emotion in np.unique(vectors.emotions):
            chosen = (vectors.emotions == emotion) & (vectors.identities == who)
            label = names[emotion] if number == 0 else None
            axes.scatter(
                places[chosen, 0], places[chosen, 1], s=14, color=f"C{emotion}", marker=marks[number % 8], label=label
            )
    axes.legend()
    axes.set_xticks([])
    axes.set_yticks([])
    figure.savefig(path, dpi=100)
