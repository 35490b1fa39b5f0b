"""What the circle is worth: the loss on it, and the curve from clarity to strength.

    python benchmarks/circle.py loss DATA/emotion6/emotion6.safetensors
    python benchmarks/circle.py loss DATA/sjaffe/sjaffe.safetensors
    python benchmarks/circle.py strength DATA/crema_d_votes/votes.csv

`loss` teaches a net of 64 units the distributions of pictures or faces, by divergence alone and on the circle as well,
beside the mean distribution; three seeds, means of ten nets. `strength` predicts how strongly an actor was asked to act
from how clearly a crowd understood; five folds by actor, intervals over actors.
"""

from __future__ import annotations

import argparse
import csv
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import torch
from safetensors.numpy import load_file
from scipy.optimize import nnls
from torch import nn

from dicetalk.arrays import Bool, Float32, Float64, Int64
from dicetalk.emotion.circle import WHEEL, apart
from dicetalk.emotion.clarity import CLARITIES
from dicetalk.emotion.vocabulary import NAMES
from dicetalk.training.circle_loss import CircleLoss, divergence

ORDERS = {
    7: ("angry", "disgusted", "fear", "happy", "sad", "surprised", "neutral"),  # Emotion6
    6: ("happy", "sad", "surprised", "angry", "disgusted", "fear"),  # s-JAFFE
}
DEV_PEOPLE = (6, 7)
SEEDS, NETS, FOLDS, DRAWS = 3, 10, 5, 2000
LEVELS = {"XX": 0.0, "LO": 0.33, "MD": 0.66, "HI": 1.0}
CHANNELS = ("voice", "face", "both")
NEUTRAL_COUNTS = 5.0
"""How much a neutral clip counts: there is one to five at each level."""


@dataclass(frozen=True)
class Rows:
    """Features and distributions over `NAMES`, to learn from and to measure on."""

    features: Float32
    labels: Float32
    dev: Bool

    def part(self, dev: bool) -> tuple[Float32, Float32]:
        chosen = self.dev == dev
        return self.features[chosen], self.labels[chosen]


def read_rows(path: Path) -> Rows:
    """A file of distributions; its features at mean 0 and deviation 1 of what is learned from."""
    held = load_file(path)
    labels = np.zeros((len(held["labels"]), len(NAMES)), np.float32)
    labels[:, [NAMES.index(name) for name in ORDERS[held["labels"].shape[1]]]] = held["labels"]
    dev = np.isin(held["subject"], DEV_PEOPLE) if "subject" in held else held["row"] % 5 == 0
    known = held["features"][~dev]
    return Rows((held["features"] - known.mean(0)) / (known.std(0) + 1e-6), labels, dev)


def taught(rows: Rows, mu: float, seed: int, steps: int = 150) -> Float32:
    """The distributions that nets of 64 units see in the dev rows, on average."""
    features, labels = map(torch.from_numpy, rows.part(False))
    loss, found = CircleLoss(mu=mu), []
    names = torch.from_numpy(rows.labels.sum(0) > 0)
    for number in range(NETS):
        torch.manual_seed(1000 * seed + number)
        net = nn.Sequential(
            nn.Dropout(0.3), nn.Linear(features.shape[1], 64), nn.ReLU(), nn.Dropout(0.5), nn.Linear(64, len(NAMES))
        )
        optimiser = torch.optim.AdamW(net.parameters(), 3e-3, weight_decay=0.1)
        for _ in range(steps):
            optimiser.zero_grad()
            loss(labels, net(features).masked_fill(~names, -1e9).softmax(1)).backward()
            optimiser.step()
        with torch.no_grad():
            net.eval()
            found.append(net(torch.from_numpy(rows.part(True)[0])).masked_fill(~names, -1e9).softmax(1).numpy())
    return np.mean(found, axis=0)


def scores(label: Float32, found: Float32) -> Float64:
    """Of each row (N, 3): divergence, degrees apart (NaN where one has no angle), error of the clarity."""
    divergences = divergence(torch.from_numpy(label), torch.from_numpy(found)).numpy()
    clarity = np.abs(WHEEL.place(label).clarity - WHEEL.place(found).clarity)
    return np.column_stack([divergences, apart(label, found), clarity])


def loss(path: Path) -> Iterator[str]:
    rows = read_rows(path)
    label = rows.part(True)[1]
    mean = np.broadcast_to(rows.part(False)[1].mean(0), label.shape).astype(np.float32)
    head = "KL | seeds | degrees apart | fewer than by divergence | error of clarity"
    yield f"| {path.stem}, {len(label)} dev rows | {head} |"
    yield "|---|---|---|---|---|---|"
    kl, far, clear = _columns(scores(label, mean))
    yield f"| mean distribution | {kl} | | {far} | | {clear} |"
    alone = np.zeros(0)
    for mu in (0.0, 0.25, 0.5):
        each = np.array([scores(label, taught(rows, mu, seed)) for seed in range(SEEDS)])
        of_rows = np.nanmean(each, axis=0)
        alone = of_rows[:, 1] if mu == 0 else alone
        kl, far, clear = _columns(of_rows)
        seeds = ", ".join(f"{some:.4f}" for some in each[:, :, 0].mean(1))
        fewer = "" if mu == 0 else _over_rows(alone - of_rows[:, 1], 2)
        what = "divergence alone" if mu == 0 else f"and on the circle, mu {mu:g}"
        yield f"| 64 units, {what} | {kl} | {seeds} | {far} | {fewer} | {clear} |"


def _columns(of_rows: Float64) -> list[str]:
    return [_over_rows(column, digits) for column, digits in zip(of_rows.T, (4, 1, 3), strict=True)]


def _over_rows(values: Float64, digits: int) -> str:
    """The mean of what rows have, with its 95 % interval over them."""
    drawn = np.random.default_rng(0).integers(0, len(values), (DRAWS, len(values)))
    low, high = np.quantile(np.nanmean(values[drawn], axis=1), [0.025, 0.975])
    return f"{np.nanmean(values):.{digits}f} ({low:.{digits}f} to {high:.{digits}f})"


@dataclass(frozen=True)
class Votes:
    """Of clips at known levels: how clear they were, how strong was asked, by whom, how much each counts; all (N,)."""

    clarity: Float64
    strength: Float64
    actor: Int64

    @property
    def counts(self) -> Float64:
        return np.where(self.strength == 0, NEUTRAL_COUNTS, 1.0)

    def part(self, chosen: Bool) -> Votes:
        return Votes(self.clarity[chosen], self.strength[chosen], self.actor[chosen])


def read_votes(path: Path, channel: str) -> Votes:
    """The clips of the sentence that was acted at three levels, and neutral."""
    with path.open(newline="") as file:
        rows = [row for row in csv.DictReader(file) if row["channel"] == channel and row["sentence"] == "IEO"]
    rows = [row for row in rows if row["level"] != "XX" or row["acted"] == "neutral"]
    votes = np.array([[float(row.get(f"votes_{name}", 0)) for name in NAMES] for row in rows])
    clarity = WHEEL.place(votes / votes.sum(1, keepdims=True)).clarity
    return Votes(
        clarity, np.array([LEVELS[row["level"]] for row in rows]), np.array([int(row["actor"]) for row in rows])
    )


def fit_curve(votes: Votes) -> Float64:
    """Strengths at `CLARITIES`: rising, from 0, by least squares."""
    steps = np.tril(np.ones((len(CLARITIES), len(CLARITIES))))[:, 1:]
    hats = np.stack([np.interp(votes.clarity, CLARITIES, row) for row in np.eye(len(CLARITIES))], axis=1)
    root = np.sqrt(votes.counts)
    return steps @ nnls((hats @ steps) * root[:, None], votes.strength * root)[0]


def _mean(known: Votes, clarity: Float64) -> Float64:
    return np.full(len(clarity), np.average(known.strength, weights=known.counts))


def _line(known: Votes, clarity: Float64) -> Float64:
    return np.polyval(np.polyfit(known.clarity, known.strength, 1, w=np.sqrt(known.counts)), clarity)


WAYS: dict[str, Callable[[Votes, Float64], Float64]] = {
    "the mean strength": _mean,
    "strength = clarity": lambda known, clarity: clarity,
    "a straight line": _line,
    "the curve": lambda known, clarity: np.interp(clarity, CLARITIES, fit_curve(known)),
}


def errors(votes: Votes, way: Callable[[Votes, Float64], Float64]) -> Float64:
    """Squared errors (N,), each clip told by a fit to other actors."""
    fold, found = np.searchsorted(np.unique(votes.actor), votes.actor) % FOLDS, np.zeros(len(votes.actor))
    for number in range(FOLDS):
        found[fold == number] = way(votes.part(fold != number), votes.clarity[fold == number])
    return (found - votes.strength) ** 2


def interval(votes: Votes, squares: Sequence[Float64]) -> str:
    """The weighted root of the mean, or of two the difference, with the 95 % interval over actors."""
    actors = np.unique(votes.actor)
    sums = np.array([[(votes.counts * some)[votes.actor == who].sum() for who in actors] for some in squares])
    held = np.array([votes.counts[votes.actor == who].sum() for who in actors])
    drawn = np.random.default_rng(0).integers(0, len(actors), (DRAWS, len(actors)))
    roots = np.sqrt(sums[:, drawn].sum(2) / held[drawn].sum(1))
    whole = np.sqrt(sums.sum(1) / held.sum())
    spread, value = (roots[0], whole[0]) if len(squares) == 1 else (roots[0] - roots[1], whole[0] - whole[1])
    low, high = np.quantile(spread, [0.025, 0.975])
    return f"{value:.3f} ({low:.3f} to {high:.3f})"


def strength(path: Path) -> Iterator[str]:
    yield "| channel, clips | " + " | ".join(WAYS) + " | curve against line |"
    yield "|---" * (len(WAYS) + 2) + "|"
    curves = []
    for channel in CHANNELS:
        votes = read_votes(path, channel)
        found = {name: errors(votes, way) for name, way in WAYS.items()}
        each = [interval(votes, [some]) for some in found.values()]
        gain = interval(votes, [found["the curve"], found["a straight line"]])
        yield f"| {channel}, {len(votes.actor)} | {' | '.join(each)} | {gain} |"
        clear = {level: votes.clarity[votes.strength == level].mean() for level in LEVELS.values()}
        told = ", ".join(f"{level:g}: {mean:.3f}" for level, mean in clear.items())
        curves.append(f"{channel}: mean clarity at strength {told}; curve {fit_curve(votes).round(3).tolist()}")
    yield from ("", *(f"- {line}" for line in curves))


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("what", choices=("loss", "strength"))
    parser.add_argument("data", type=Path)
    chosen = parser.parse_args()
    torch.set_num_threads(1)
    for line in {"loss": loss, "strength": strength}[chosen.what](chosen.data):
        print(line, flush=True)


if __name__ == "__main__":
    main()
