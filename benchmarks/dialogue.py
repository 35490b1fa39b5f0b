"""The planner of dialogues by five folds of dialogues: the line alone, the plain model, the graph; prints Markdown.

    python benchmarks/dialogue.py dailytalk/train.csv -o runs/dialogue

What was made is kept in the folder, and not made again.
"""

from __future__ import annotations

import argparse
import itertools
from collections.abc import Callable, Iterator
from dataclasses import replace
from pathlib import Path

import numpy as np
import torch
from scipy.sparse.linalg import svds

from dicetalk.data.dailytalk import Lines, read_lines
from dicetalk.sources.turns import EMOTIONS, OUTPUTS, alone, shares, surroundings
from dicetalk.training.dialogue_fit import GraphRecipe, graph_says, train_graph
from dicetalk.training.turns import (
    USUAL,
    changes,
    fitted_words,
    free_part,
    lean_of,
    macro_f1,
    talk_of,
    tied_part,
    vocabulary_of,
    word_rows,
)

FOLDS = 5
SEEDS = 3
LATENT = 48
"""Numbers that stand for a text in the graph."""
GRAPH = GraphRecipe(epochs=6)
EMOTION, STRENGTH = slice(0, len(EMOTIONS)), slice(len(EMOTIONS), OUTPUTS)
Arrays = dict[str, np.ndarray]


def kept(path: Path, make: Callable[[], Arrays]) -> Arrays:
    """What is in a file, made where there is none."""
    if not path.exists():
        np.savez(path, **make())
    return dict(np.load(path))


def guesses(lines: Lines, folds: np.ndarray) -> Arrays:
    """What words say (n, 10) of the lines of fold k where fold o is held out, as `o_k`: fitted without either."""
    rows, found = word_rows(lines, *vocabulary_of(lines, USUAL.seen)), {}
    for one, other in itertools.combinations_with_replacement(range(FOLDS), 2):
        taken = (folds != one) & (folds != other)
        words, base = fitted_words(rows[taken], lines.only(taken), USUAL)
        for fold in {one, other}:
            found[f"{one + other - fold}_{fold}"] = rows[folds == fold] @ words + base
    return found


def held_out(lines: Lines, folds: np.ndarray, said: Arrays) -> Iterator[tuple[np.ndarray, np.ndarray]]:
    """For each fold: which lines are held out (N,), and what words say of all of them (N, 10)."""
    for fold in range(FOLDS):
        guess = np.zeros((len(lines), OUTPUTS))
        for other in range(FOLDS):
            guess[folds == other] = said[f"{fold}_{other}"]
        yield folds == fold, guess


def line_alone(lines: Lines, folds: np.ndarray, said: Arrays) -> Arrays:
    found = {name: np.zeros((len(lines), OUTPUTS)) for name in ("n", "n_leant")}
    for out, guess in held_out(lines, folds, said):
        found["n"][out] = guess[out]
        found["n_leant"][out] = guess[out] + lean_of(guess[~out], lines.only(~out), replace(USUAL, changes=9.0))
    return found


def plain(lines: Lines, folds: np.ndarray, said: Arrays, seed: int) -> Arrays:
    """Logits of the plain model, leant (n: no labels, h: with true history) and not (n_raw)."""
    found = {name: np.zeros((len(lines), OUTPUTS)) for name in ("n", "h", "n_raw")}
    for out, guess in held_out(lines, folds, said):
        known, new, recipe = lines.only(~out), lines.only(out), replace(USUAL, seed=seed)
        free, tied = free_part(known, guess[~out], recipe), tied_part(known, guess[~out], recipe)
        found["n_raw"][out] = free(alone(talk_of(new, np.zeros(len(new), bool)), guess[out]))
        found["n"][out] = found["n_raw"][out] + free.lean
        told = surroundings(talk_of(new, np.ones(len(new), bool)), guess[out], ahead=False)
        found["h"][out] = tied(told) + tied.lean
    return found


def graph(lines: Lines, folds: np.ndarray, said: Arrays, texts: np.ndarray, seed: int) -> Arrays:
    """The same of the graph."""
    found = {name: np.zeros((len(lines), OUTPUTS)) for name in ("n", "h")}
    for out, guess in held_out(lines, folds, said):
        known, new = lines.only(~out), lines.only(out)
        made = train_graph(known, texts[~out], guess[~out], GRAPH, seed)
        lean = lean_of(graph_says(made, known, texts[~out], guess[~out], history=False), known, USUAL)
        for name, history in (("n", False), ("h", True)):
            found[name][out] = graph_says(made, new, texts[out], guess[out], history=history) + lean
    return found


def latent(lines: Lines) -> np.ndarray:
    """Texts as numbers of about unit size (N, LATENT + 9): their words' main directions, and where they stand."""
    rows = word_rows(lines, *vocabulary_of(lines, USUAL.seen))
    main = svds(rows.astype(np.float64), k=LATENT, random_state=0)[0] * np.sqrt(len(lines)) / 2
    plain_rows = alone(talk_of(lines, np.zeros(len(lines), bool)), np.zeros((len(lines), OUTPUTS)))
    return np.hstack([main, plain_rows[:, 2 * OUTPUTS : 2 * OUTPUTS + 9]])  # place and signs


def interval(values: list[float]) -> str:
    """The mean of the folds, and half of its 95 % interval (Student's t with four degrees of freedom)."""
    return f"{np.mean(values):.3f} ± {2.776 * np.std(values, ddof=1) / np.sqrt(len(values)):.3f}"


def row(name: str, lines: Lines, folds: np.ndarray, logits: np.ndarray) -> str:
    emotion, strength = logits[:, EMOTION].argmax(axis=1), logits[:, STRENGTH].argmax(axis=1)
    pooled = macro_f1(lines.emotions, emotion, 7), macro_f1(lines.strengths, strength, 3)
    parts = [folds == fold for fold in range(FOLDS)]
    emotions = interval([macro_f1(lines.emotions[part], emotion[part], 7) for part in parts])
    strengths = interval([macro_f1(lines.strengths[part], strength[part], 3) for part in parts])
    changed = changes(emotion, lines)
    return f"| {name} | {pooled[0]:.3f} | {emotions} | {pooled[1]:.3f} | {strengths} | {changed:.3f} |"


def calibration(lines: Lines, raw: np.ndarray, leant: np.ndarray) -> float:
    """How far the confidence in what is chosen is from how often it is right, on average over ten bins."""
    chosen = leant[:, EMOTION].argmax(axis=1)
    sure = shares(raw)[np.arange(len(lines)), chosen]
    right, bins = chosen == lines.emotions, np.minimum((sure * 10).astype(int), 9)
    gaps = [abs(right[bins == b].mean() - sure[bins == b].mean()) * (bins == b).mean() for b in set(bins.tolist())]
    return float(sum(gaps))


def each(lines: Lines, chosen: np.ndarray) -> str:
    found = []
    for kind, name in enumerate(EMOTIONS):
        hits = ((chosen == kind) & (lines.emotions == kind)).sum()
        both = (chosen == kind).sum() + (lines.emotions == kind).sum()
        found.append(f"{name} {2 * hits / max(both, 1):.2f}")
    return ", ".join(found)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("table", type=Path)
    parser.add_argument("-o", "--output", type=Path, required=True)
    parser.add_argument("--seeds", type=int, default=SEEDS)
    parser.add_argument("--no-graph", action="store_true")
    given = parser.parse_args()
    torch.set_num_threads(1)
    given.output.mkdir(parents=True, exist_ok=True)
    lines = read_lines(given.table)
    folds = lines.folds(FOLDS)
    said = kept(given.output / "guesses.npz", lambda: guesses(lines, folds))
    print("| model | emotion, pooled | folds | strength, pooled | folds | changes |")
    print("|---|---|---|---|---|---|", flush=True)
    line = kept(given.output / "line.npz", lambda: line_alone(lines, folds, said))
    print(row("line alone", lines, folds, line["n"]), flush=True)
    print(row("line alone, leant", lines, folds, line["n_leant"]), flush=True)
    first: Arrays = {}
    for seed in range(given.seeds):
        made = kept(given.output / f"plain{seed}.npz", lambda seed=seed: plain(lines, folds, said, seed))
        first = first or made
        print(row(f"plain, no labels, seed {seed}", lines, folds, made["n"]), flush=True)
        print(row(f"plain, true history, seed {seed}", lines, folds, made["h"]), flush=True)
    print(f"\nplain, no labels: {each(lines, first['n'][:, EMOTION].argmax(axis=1))}", flush=True)
    print(f"calibration error of its confidence: {calibration(lines, first['n_raw'], first['n']):.3f}\n", flush=True)
    if given.no_graph:
        return
    texts = kept(given.output / "texts.npz", lambda: {"texts": latent(lines)})["texts"]
    for seed in range(given.seeds):
        made = kept(given.output / f"graph{seed}.npz", lambda seed=seed: graph(lines, folds, said, texts, seed))
        print(row(f"graph, no labels, seed {seed}", lines, folds, made["n"]), flush=True)
        print(row(f"graph, true history, seed {seed}", lines, folds, made["h"]), flush=True)


if __name__ == "__main__":
    main()
