"""What encoders of text reach: `python benchmarks/text.py DATA RUN [RUN ...]`, prints Markdown.

DATA holds `empathetic_dialogues` and `dailytalk` as tables; each RUN is a folder of `dicetalk train text-small`, one a
seed. Nothing that is reported on is learned from: the valid part of the one, the dev part of the other, and
`plain_lines.txt`, 50 plain lines of our own. Intervals are of 95 %: over rows by resampling, of the mean of the seeds.
"""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

from dicetalk.data.text_corpora import read_situations, read_turns
from dicetalk.emotion.fine import COARSE, FINE
from dicetalk.emotion.vocabulary import NAMES
from dicetalk.training.softmax_regression import fit
from dicetalk.training.text_small import Readers, TextRecipe, encoder_of, texts_of
from dicetalk.words.encoder import PLAIN, GramEncoder, load_encoder

LINES = Path(__file__).with_name("plain_lines.txt")
RESAMPLED = 1000
BINS = 10


def f_score(found: np.ndarray, truth: np.ndarray) -> float:
    """Mean over the names."""
    scores = [
        2 * ((found == name) & (truth == name)).sum() / max((found == name).sum() + (truth == name).sum(), 1)
        for name in range(len(NAMES))
    ]
    return float(np.mean(scores))


def calibration(sure: np.ndarray, right: np.ndarray) -> float:
    """Expected calibration error over ten bins."""
    bins = np.minimum((sure * BINS).astype(int), BINS - 1)
    return float(
        sum(abs(sure[bins == one].mean() - right[bins == one].mean()) * (bins == one).mean() for one in set(bins))
    )


def plain_encoder(data: Path) -> GramEncoder:
    """The plain baseline: logistic regression on the grams of situations alone."""
    recipe = TextRecipe()
    texts = texts_of(read_situations(data / "empathetic_dialogues" / "train.csv"), [], [], recipe)
    shares = np.ones(len(texts.fine), np.float32)
    classes = np.eye(PLAIN + 1, dtype=np.float32)[texts.fine]
    weights, bias = fit(texts.rows, classes, shares, recipe.stories, np.random.default_rng(0))
    bias[PLAIN] = -50
    count, units = len(texts.codes), np.float32
    readers = Readers(
        story=(weights, bias),
        layer=(np.zeros((count, 1), units), np.zeros((1, PLAIN + 1), units), np.zeros(PLAIN + 1, units)),
        turn=(np.zeros((count, len(NAMES)), units), np.zeros(len(NAMES), units)),
        gate=(np.zeros((count, 1), units), np.array([50], units)),
    )
    return encoder_of(texts, readers, recipe, (1.0, 1.0), 0.0)


Measure = Callable[[np.ndarray], float]


def measures(encoder: GramEncoder, data: Path) -> dict[str, tuple[int, Measure]]:
    """What is measured of an encoder: how many rows there are, and the figure of some of them."""
    told = read_situations(data / "empathetic_dialogues" / "valid.csv")
    said = read_turns(data / "dailytalk" / "train.csv", "dev")
    stories, turns = (encoder.read([row.text for row in rows]) for rows in (told, said))
    lines = encoder.read(LINES.read_text(encoding="utf-8").splitlines())
    fine = np.array([FINE.index(row.label) for row in told])
    shares = np.array([reading.fine for reading in stories])
    order = np.argsort(-shares, axis=1)
    name = np.array([NAMES.index(COARSE[row.label]) for row in told])
    found = np.array([reading.weights.argmax() for reading in stories])
    sure = np.array([reading.sure for reading in stories])
    felt = np.array([NAMES.index(row.label) for row in said])
    seen = np.array([reading.weights.argmax() for reading in turns])
    turn_sure = np.array([reading.sure for reading in turns])
    plain = np.array([reading.weights.argmax() > 0 for reading in lines])
    emotional = np.flatnonzero(felt > 0)
    calm = np.flatnonzero(felt == 0)
    return {
        "32-way": (len(fine), lambda rows: (order[rows, 0] == fine[rows]).mean()),
        "top 5": (len(fine), lambda rows: (order[rows, :5] == fine[rows, None]).any(axis=1).mean()),
        "8-way": (len(fine), lambda rows: (found[rows] == name[rows]).mean()),
        "8-way macro-F1": (len(fine), lambda rows: f_score(found[rows], name[rows])),
        "calibration error": (len(fine), lambda rows: calibration(sure[rows], found[rows] == name[rows])),
        "plain turns": (len(calm), lambda rows: (seen[calm[rows]] == 0).mean()),
        "felt turns": (len(emotional), lambda rows: (seen[emotional[rows]] == felt[emotional[rows]]).mean()),
        "calibration, turns": (len(felt), lambda rows: calibration(turn_sure[rows], seen[rows] == felt[rows])),
        "50 plain lines with a feeling": (len(plain), lambda rows: plain[rows].mean() * len(plain)),
    }


def interval(rows: int, measure: Measure, draws: np.random.Generator) -> tuple[float, float]:
    values = [measure(draws.integers(rows, size=rows)) for _ in range(RESAMPLED)]
    return float(np.quantile(values, 0.025)), float(np.quantile(values, 0.975))


def main() -> None:
    data, *runs = map(Path, sys.argv[1:])
    each = [measures(load_encoder(run), data) for run in runs]
    plain = measures(plain_encoder(data), data)
    print("| figure | plain n-grams | mean of the seeds | each | 95 % over rows |\n|---|---|---|---|---|")
    for name, (count, measure) in plain.items():
        values = [one[name][1](np.arange(one[name][0])) for one in each]
        low, high = interval(*each[0][name], np.random.default_rng(0))
        told = ", ".join(f"{value:.3f}" for value in values)
        base = measure(np.arange(count))
        print(f"| {name} | {base:.3f} | {np.mean(values):.3f} | {told} | {low:.3f} to {high:.3f} |", flush=True)


if __name__ == "__main__":
    main()
