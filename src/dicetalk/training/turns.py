"""Trains the model of a dialogue's turns on DailyTalk's lines: two convex fits, and what is added to rare feelings."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from pathlib import Path

import numpy as np
import scipy.sparse as sparse
from safetensors.numpy import save_file

from dicetalk.arrays import Float32, Float64, Int64
from dicetalk.data.dailytalk import Lines, read_lines
from dicetalk.errors import InputError
from dicetalk.files import existing_file, whole
from dicetalk.sources.turns import (
    EMOTIONS,
    LEVELS,
    OUTPUTS,
    PARTS,
    Part,
    Talk,
    TurnModel,
    alone,
    grams,
    hash_of,
    surroundings,
    weighed,
)
from dicetalk.training.softmax_regression import fit_exactly

HEADS = ((0, len(EMOTIONS)), (len(EMOTIONS), OUTPUTS))
"""Which outputs make shares together: of emotions, of strengths."""
LEANS = np.arange(-1.5, 2.01, 0.25)
"""Tried for each output, so far that what is hardly likely is never said: where 17 lines of 22,562 tell of fear, a free
search had found 143, two of them right."""
USUAL_LEAN = 0.3
"""Where they begin: so much of the logarithm of how rare each is."""


@dataclass(frozen=True, kw_only=True)
class TurnRecipe:
    """How the model is trained.

    Attributes:
        words_cost, around_cost: how much an error counts beside the size of the weights, in either part.
        words_steps, around_steps: of the fits, at most.
        seen: in how many lines a word must occur.
        folds: by which lines are guessed by words fitted without them.
        known: of a dialogue's lines, the share that is known in half of what the tied part learns from.
        rounds: over all outputs, when the lean is sought.
        seed: which lines are taken for known.
        changes: how far from people's the number of changes may be, as a share of it.
    """

    words_cost: float = 2.0
    around_cost: float = 0.1
    words_steps: int = 45
    around_steps: int = 60
    seen: int = 2
    folds: int = 5
    known: float = 0.3
    rounds: int = 2
    seed: int = 0
    changes: float = 0.1


USUAL = TurnRecipe()


CARD = """Not for commercial use: learned from DailyTalk, whose lines are those of DailyDialog (CC BY-NC-SA 4.0).

# The planner's model of turns

Tells for each line of a dialogue which of seven emotions is likely ({emotions}) and how strong it is, from the words of
the line and of those around it, and from what is known of them. Two linear models: of hashed words and pairs of words,
and of what these say around the line. `dicetalk train turns FOLDER -o OUT`, where FOLDER holds DailyTalk's `train.csv`,
writes it: {lines} lines of {dialogues} dialogues, seed {seed}.

English, small talk of every day; of contempt it knows nothing, and of fear next to nothing (17 lines). How well it
does, and beside what: `benchmarks/results/2026-11-27-dialogue.md`.
"""
TABLE, WEIGHTS, CARD_NAME = "train.csv", "turns.safetensors", "card.md"


def train_turns_on(
    data: Sequence[Path], out: Path, recipe: TurnRecipe, progress: Callable[[int, int], None] | None = None
) -> Path:
    """Train on the table of lines in a folder, or of that name; writes the weights and their card into a folder.

    Raises:
        InputError: not one table is given, or it is none of lines.
        MediaError: there is none.
    """
    if len(data) != 1:
        raise InputError(f"{len(data)} folders are given; expected one, with DailyTalk's {TABLE}")
    lines = read_lines(existing_file(data[0] / TABLE if data[0].is_dir() else data[0]))
    out.mkdir(parents=True, exist_ok=True)
    write_turns(out / WEIGHTS, train_turns(lines, recipe))
    told = {"emotions": ", ".join(EMOTIONS), "lines": len(lines), "dialogues": len(np.unique(lines.dialogues))}
    (out / CARD_NAME).write_text(CARD.format(**told, seed=recipe.seed), encoding="utf-8")
    if progress is not None:
        progress(1, 1)
    return out


def train_turns(lines: Lines, recipe: TurnRecipe = USUAL) -> TurnModel:
    """The model of some lines."""
    places, rarity = vocabulary_of(lines, recipe.seen)
    rows = word_rows(lines, places, rarity)
    words, base = fitted_words(rows, lines, recipe)
    guesses = guessed_apart(rows, lines, recipe)
    return TurnModel(places, rarity, words, base, free_part(lines, guesses, recipe), tied_part(lines, guesses, recipe))


def free_part(lines: Lines, guesses: Float64, recipe: TurnRecipe) -> Part:
    """What tells feelings where none is known.

    Args:
        lines: to learn from.
        guesses: (N, 10) what words say of them that were fitted without them.
        recipe: how.
    """
    rows, targets, folds = alone(talk_of(lines, np.zeros(len(lines), bool)), guesses), targets_of(lines), lines.folds(3)
    apart = np.zeros_like(guesses)
    for fold in range(3):
        weights, level = _fitted_around([rows[folds != fold]], targets[folds != fold], recipe)
        apart[folds == fold] = rows[folds == fold] @ weights + level
    return _part(*_fitted_around([rows], targets, recipe), lean_of(apart, lines, recipe))


def tied_part(lines: Lines, guesses: Float64, recipe: TurnRecipe) -> Part:
    """What tells feelings where some are known; arguments as for `free_part`."""
    views = [surroundings(talk, guesses, ahead=ahead) for talk, ahead in shown(lines, recipe)]
    weights, level = _fitted_around(views, targets_of(lines), recipe)
    return _part(weights, level, lean_of(views[0] @ weights + level, lines, recipe))


def _fitted_around(views: list[Float64], targets: Float64, recipe: TurnRecipe) -> tuple[Float64, Float64]:
    """Weights (F, 10) and level (10,) of several views (N, F) of lines."""
    seen = np.concatenate(views)
    middle, spread = seen.mean(axis=0), seen.std(axis=0) + 1e-6
    rows, all_targets = ((seen - middle) / spread).astype(np.float32), np.concatenate([targets] * len(views))
    cost = recipe.around_cost / len(views)
    weights, level = fit_exactly(rows, all_targets, np.ones((len(seen), 2)), HEADS, cost, recipe.around_steps)
    return weights / spread[:, None], level - (middle / spread) @ weights


def _part(weights: Float64, level: Float64, lean: Float64) -> Part:
    return Part(weights.astype(np.float32), level.astype(np.float32), lean.astype(np.float32))


def shown(lines: Lines, recipe: TurnRecipe) -> list[tuple[Talk, bool]]:
    """What the tied part learns from, and whether what is known of later lines counts: all that was before, or some."""
    some = np.random.default_rng(recipe.seed).random(len(lines)) < recipe.known
    return [(talk_of(lines, np.ones(len(lines), bool)), False), (talk_of(lines, some), True)]


def talk_of(lines: Lines, known: np.ndarray) -> Talk:
    """Lines of which some are known (N,)."""
    told = targets_of(lines) * known[:, None]
    (a, b), (c, d) = HEADS
    return Talk(lines.texts, lines.speakers, told[:, a:b], told[:, c:d], lines.dialogues)


def targets_of(lines: Lines) -> Float64:
    """What is felt in each line (N, 10)."""
    return np.hstack([np.eye(len(EMOTIONS))[lines.emotions], np.eye(len(LEVELS))[lines.strengths]])


def vocabulary_of(lines: Lines, seen: int) -> tuple[Int64, Float32]:
    """The hashes (K,) of the words and pairs that so many lines have, rising, and what each counts (K,)."""
    counts = Counter(hash_ for text in lines.texts for hash_ in {hash_of(gram) for gram in grams(text)})
    places = np.array(sorted(place for place, count in counts.items() if count >= seen), np.int64)
    often = np.array([counts[place] for place in places.tolist()])
    rarity = np.log((1 + len(lines)) / (1 + often)) + 1
    return places, rarity.astype(np.float16).astype(np.float32)


def word_rows(lines: Lines, places: Int64, rarity: Float32) -> sparse.csr_matrix:
    """The known words and pairs of lines (N, K)."""
    found = [weighed(text, places, rarity) for text in lines.texts]
    ends = np.cumsum([0, *(len(which) for which, _ in found)])
    values, which = np.concatenate([v for _, v in found]), np.concatenate([w for w, _ in found])
    return sparse.csr_matrix((values.astype(np.float32), which, ends), (len(lines), len(places)))


def fitted_words(rows: sparse.csr_matrix, lines: Lines, recipe: TurnRecipe) -> tuple[Float32, Float32]:
    """The weights of words (K, 10) and what is added (10,): all emotions count alike, however rare."""
    counts = np.stack([balance(lines.emotions, len(EMOTIONS)), balance(lines.strengths, len(LEVELS))], axis=1)
    words, base = fit_exactly(rows, targets_of(lines), counts, HEADS, recipe.words_cost, recipe.words_steps)
    return words.astype(np.float16).astype(np.float32), base.astype(np.float32)


def balance(labels: Int64, count: int) -> Float64:
    """What each of the labels (N,) counts, so that all kinds do alike."""
    found: Float64 = (len(labels) / (count * np.maximum(np.bincount(labels, minlength=count), 1)))[labels]
    return found


def guessed_apart(rows: sparse.csr_matrix, lines: Lines, recipe: TurnRecipe) -> Float64:
    """What words say of each line (N, 10) that were fitted without its dialogue."""
    guesses = np.zeros((len(lines), OUTPUTS))
    folds = lines.folds(recipe.folds)
    for fold in range(recipe.folds):
        words, base = fitted_words(rows[folds != fold], lines.only(folds != fold), recipe)
        guesses[folds == fold] = rows[folds == fold] @ words + base
    return guesses


def lean_of(logits: Float64, lines: Lines, recipe: TurnRecipe) -> Float64:
    """What is added to each output (10,) so that the macro-F1 of what is chosen is best, output by output."""
    people = changes(lines.emotions, lines)

    def emotion(chosen: Int64) -> float:
        away = abs(changes(chosen, lines) / people - 1) if people else 0.0
        return macro_f1(lines.emotions, chosen, len(EMOTIONS)) - max(0.0, away - recipe.changes)

    def strength(chosen: Int64) -> float:
        return macro_f1(lines.strengths, chosen, len(LEVELS))

    often = np.log(np.maximum(targets_of(lines).mean(axis=0), 1 / len(lines)))
    parts = zip(HEADS, (emotion, strength), strict=True)
    return np.concatenate(
        [
            _climbed(logits[:, start:end], np.minimum(-USUAL_LEAN * often[start:end], LEANS[-1]), score, recipe)
            for (start, end), score in parts
        ]
    )


def _climbed(logits: Float64, lean: Float64, score: Callable[[Int64], float], recipe: TurnRecipe) -> Float64:
    """A lean, each of whose outputs is the best of `LEANS` by the mean of the scores of it and of those beside it."""
    lean = lean.copy()
    for place in np.tile(np.arange(len(lean)), recipe.rounds).tolist():
        scores = []
        for value in LEANS.tolist():
            lean[place] = value
            scores.append(score((logits + lean).argmax(axis=1)))
        smooth = np.convolve(np.pad(scores, 1, mode="edge"), np.ones(3) / 3, "valid")
        lean[place] = LEANS[int(smooth.argmax())]
    return lean


def macro_f1(labels: Int64, chosen: Int64, count: int) -> float:
    """The mean over all kinds of F1; of one that neither has it is 0."""
    hits = np.bincount(labels[labels == chosen], minlength=count)
    both = np.bincount(labels, minlength=count) + np.bincount(chosen, minlength=count)
    return float((2 * hits / np.maximum(both, 1)).mean())


def changes(labels: Int64, lines: Lines) -> float:
    """How often somebody's emotion (N,) is another one than in their last line."""
    order = np.lexsort([np.arange(len(labels)), lines.speakers, lines.dialogues])
    told = np.stack([lines.dialogues[order], lines.speakers[order]], axis=1)
    again = (told[1:] == told[:-1]).all(axis=1)
    sorted_labels = labels[order]
    return float((sorted_labels[1:] != sorted_labels[:-1])[again].mean()) if again.any() else 0.0


def write_turns(path: Path, model: TurnModel) -> None:
    """Write a model; its words with half the digits, as they were rounded."""
    known = {"places": model.places.astype(np.uint32)}
    half = {"rarity": model.rarity.astype(np.float16), "words": model.words.astype(np.float16)}
    parts = {"free": model.free, "tied": model.tied}
    rest = {f"{part}.{name}": getattr(values, name) for part, values in parts.items() for name in PARTS}
    with whole(path) as hidden:
        save_file({**known, **half, "base": model.base, **rest}, hidden)
