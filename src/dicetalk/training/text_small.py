"""The light encoder of text (`words.encoder`): its two readers and the gate between them, from tables of text.

The reader of situations is a regression, naive Bayes and a hidden layer, added up; that of turns a regression alone,
which the others did not help. A tenth of the rows tells how true the shares are, and how far the reader of turns leans.
"""

from __future__ import annotations

import json
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
from numpy.typing import NDArray
from safetensors.numpy import save_file
from scipy import sparse
from scipy.optimize import minimize_scalar

from dicetalk.arrays import Bool, Float32, Float64, Int64
from dicetalk.data.own_lines import OwnLine, own_lines
from dicetalk.data.text_corpora import Labelled, read_situations, read_turns, tables
from dicetalk.emotion.fine import COARSE, FINE
from dicetalk.emotion.vocabulary import NAMES, NEUTRAL
from dicetalk.files import taking_place
from dicetalk.training.gram_layer import Layer, fit_layer
from dicetalk.training.softmax_regression import Descent, fit, leaning
from dicetalk.words.encoder import COLUMNS, GATE, PLAIN, STORIES, TURNS, GramEncoder, gram_amounts, softmax
from dicetalk.words.grams import grams, is_letters, tokens, word_code

OF_STORY, OF_TURN, OF_OWN = range(3)
"""Where a text comes from."""
_COARSE = np.array([[COARSE[fine] == name for name in NAMES] for fine in FINE] + [[name == NEUTRAL for name in NAMES]])
"""(33, 8) which of the eight names the columns of the first reader are."""
SMOOTHING = 8.0
"""Of naive Bayes."""


@dataclass(frozen=True, kw_only=True)
class TextRecipe:
    """How the encoder is trained.

    Attributes:
        seed: of all that is drawn.
        least: texts in which a gram must come to be known: of words, of letters.
        stories: how the regression on situations is fitted.
        layer: how a hidden layer on situations is fitted.
        layers: how many of those there are, from different seeds, averaged.
        bayes: how much naive Bayes counts beside that regression.
        mixed: how much the hidden layers count beside both.
        turns: how the regression on turns is fitted.
        felt: how much more a turn counts in which something is felt.
        own: how much a line of our own counts.
        gate: how what tells situations from turns is fitted.
        sharp: by what the gate's answer is multiplied; texts that it has not seen make it too unsure.
        plain: share of plain turns that the reader of turns must find plain; the gate costs some more of them.
        most: how many grams the encoder knows in the end, those that say most; single words are all kept.
        judged: one of so many rows is kept back to judge by.
    """

    seed: int = 0
    least: tuple[int, int] = (2, 4)
    stories: Descent = field(default_factory=lambda: Descent(penalty=1.2e-5, passes=12))
    layer: Layer = field(default_factory=Layer)
    layers: int = 2
    bayes: float = 0.5
    mixed: float = 1.5
    turns: Descent = field(default_factory=lambda: Descent(penalty=1e-4, passes=8))
    felt: float = 3.0
    own: float = 1.2
    gate: Descent = field(default_factory=lambda: Descent(penalty=5e-5, passes=6))
    sharp: float = 2.0
    plain: float = 0.86
    most: int = 66_000
    judged: int = 10


def train_text(data: Sequence[Path], out: Path, recipe: TextRecipe) -> Path:
    """Train an encoder on the folders of both corpora (`train.csv` of each) and on our own lines; gives its folder.

    Raises:
        InputError: a corpus is not there, or another one.
        MediaError: the folder cannot be written.
    """
    situations, turns = tables(data)
    encoder = trained(read_situations(situations), read_turns(turns, "train"), own_lines(recipe.seed), recipe)
    out.mkdir(parents=True, exist_ok=True)
    save_encoder(encoder, out)
    return out


def save_encoder(encoder: GramEncoder, folder: Path) -> None:
    """Write an encoder as `words.encoder.load_encoder` reads it."""
    with taking_place(folder / "encoder.safetensors") as hidden:
        save_file({name: np.ascontiguousarray(value) for name, value in vars(encoder).items()}, hidden)
    with taking_place(folder / "config.json") as hidden:
        hidden.write_text(json.dumps({"feelings": list(FINE), "names": list(NAMES)}) + "\n", encoding="utf-8")


def trained(
    situations: Sequence[Labelled], turns: Sequence[Labelled], own: Sequence[OwnLine], recipe: TextRecipe
) -> GramEncoder:
    """The encoder of some texts: without those that judge, to be calibrated by them, and then of all of them."""
    texts = texts_of(situations, turns, own, recipe)
    judges = texts.judges(recipe.judged)
    first = _readers(texts.some(~judges), recipe)
    stories, said = (texts.some(judges & (texts.origin == origin)) for origin in (OF_STORY, OF_TURN))
    cool_stories = _coolness(first.stories(stories.rows), _COARSE[:, _COARSE[stories.fine].argmax(axis=1)].T)
    cool_turns = _coolness(natural := first.turns(said.rows, recipe), _one_hot(said.names, len(NAMES)))
    lean = _lean(natural * cool_turns, said.names, recipe.plain)
    whole = encoder_of(texts, _readers(texts, recipe), recipe, (cool_stories, cool_turns), lean)
    return pruned(whole, [text.text for text in (*situations, *turns)], recipe.most)


@dataclass(frozen=True, eq=False)
class Texts:
    """Texts as rows of grams.

    Attributes:
        codes: (V,) uint32, rising: the grams that are known.
        rarity: (V,) of each.
        rows: (N, V) how much each gram counts in each text.
        origin: (N,) where each comes from.
        fine: (N,) which of `FINE` a situation is, `PLAIN` for our own plain lines; -1 for all others.
        names: (N,) which of `NAMES` a turn or line of our own is; -1 for situations.
        groups: (N,) what must stay together.
    """

    codes: NDArray[np.uint32]
    rarity: Float32
    rows: sparse.csr_matrix
    origin: Int64
    fine: Int64
    names: Int64
    groups: Int64

    def some(self, chosen: Bool) -> Texts:
        """Some of the texts, and all of the grams."""
        picked = {name: getattr(self, name)[chosen] for name in ("origin", "fine", "names", "groups")}
        return replace(self, rows=_plain(self.rows[np.flatnonzero(chosen)]), **picked)

    def judges(self, every: int) -> Bool:
        """(N,) those by which the others are judged: every so many situation and dialogue."""
        return (self.groups % every == 0) & (self.origin != OF_OWN)


def texts_of(
    situations: Sequence[Labelled], turns: Sequence[Labelled], own: Sequence[OwnLine], recipe: TextRecipe
) -> Texts:
    """Rows of grams; which are known is said by the corpora alone."""
    told = [text.text for text in (*situations, *turns)] + [line.text for line in own]
    held = [grams(text) for text in told]
    counted = [Counter(each.codes) for each in held]
    codes, often = _known(counted[: len(situations) + len(turns)], recipe.least)
    rarity = (np.log((1 + len(situations) + len(turns)) / (1 + often)) + 1).astype(np.float32)
    names = [NAMES.index(text.label) for text in turns] + [NAMES.index(line.name) for line in own]
    fine = [FINE.index(text.label) for text in situations] + [-1] * len(turns)
    fine += [PLAIN if line.name == NEUTRAL else -1 for line in own]
    dialogues = {name: number for number, name in enumerate(dict.fromkeys(turn.group for turn in turns))}
    return Texts(
        codes=codes,
        rarity=rarity,
        rows=_rows(counted, codes, rarity),
        origin=np.repeat([OF_STORY, OF_TURN, OF_OWN], [len(situations), len(turns), len(own)]),
        fine=np.array(fine),
        names=np.array([-1] * len(situations) + names),
        groups=np.array([*range(len(situations)), *(dialogues[turn.group] for turn in turns), *range(len(own))]),
    )


def _known(counted: Sequence[Counter[int]], least: tuple[int, int]) -> tuple[NDArray[np.uint32], Int64]:
    """The codes that come in enough texts, rising, and in how many each."""
    often = Counter(code for each in counted for code in each)
    codes = np.array(sorted(often), np.uint32)
    counts = np.array([often[code] for code in codes.tolist()])
    enough = counts >= np.where(is_letters(codes), least[1], least[0])
    return codes[enough], counts[enough]


def _rows(counted: Sequence[Counter[int]], codes: NDArray[np.uint32], rarity: Float32) -> sparse.csr_matrix:
    """(N, V) the amounts of the known grams of each text."""
    places = {code: number for number, code in enumerate(codes.tolist())}
    columns, values, starts = [], [], [0]
    for each in counted:
        found = np.array([(places[code], count) for code, count in each.items() if code in places], int).reshape(-1, 2)
        columns.append(found[:, 0])
        values.append(gram_amounts(codes[found[:, 0]], found[:, 1], rarity[found[:, 0]]))
        starts.append(starts[-1] + len(found))
    shape = (len(counted), len(codes))
    return _plain(sparse.csr_matrix((np.concatenate(values), np.concatenate(columns), starts), shape=shape))


def _plain(rows: sparse.csr_matrix) -> sparse.csr_matrix:
    """The same with the types that the descents are compiled for."""
    plain = sparse.csr_matrix(rows, dtype=np.float32)
    plain.indices, plain.indptr = plain.indices.astype(np.int32), plain.indptr.astype(np.int32)
    return plain


@dataclass(frozen=True, eq=False)
class Readers:
    """What was fitted, each with its bias.

    Attributes:
        story: (V, 33) and (33,), regression and naive Bayes together.
        layer: (V, H), (H, 33), (33,): the hidden layer, out of it already as much as it counts.
        turn: (V, 8) and (8,).
        gate: (V, 1) and (1,).
    """

    story: tuple[Float32, Float32]
    layer: tuple[Float32, Float32, Float32]
    turn: tuple[Float32, Float32]
    gate: tuple[Float32, Float32]

    def stories(self, rows: sparse.csr_matrix) -> Float64:
        """(N, 33) sums of the first reader."""
        into, out, bias = self.layer
        sums: Float64 = rows @ self.story[0] + self.story[1] + np.tanh(rows @ into) @ out + bias
        return sums

    def turns(self, rows: sparse.csr_matrix, recipe: TextRecipe) -> Float64:
        """(N, 8) sums of the second, as if felt turns had counted no more than others."""
        sums: Float64 = rows @ self.turn[0] + self.turn[1]
        return sums + np.log(recipe.felt) * (np.arange(len(NAMES)) == NAMES.index(NEUTRAL))


def _readers(texts: Texts, recipe: TextRecipe) -> Readers:
    """All of it, fitted to texts."""
    draws = np.random.default_rng(recipe.seed)
    told = texts.some(texts.fine >= 0)
    shares = np.where(told.origin == OF_OWN, recipe.own, 1).astype(np.float32)
    story, bias = fit(told.rows, _one_hot(told.fine, PLAIN + 1), shares, recipe.stories, draws)
    felt = texts.some(texts.origin == OF_STORY)
    story[:, :PLAIN] += recipe.bayes * leaning(felt.rows, felt.fine, PLAIN, SMOOTHING)
    into, out, shift = _layers(told, recipe)
    return Readers(
        story=(story, bias),
        layer=(into, out, shift),
        turn=_turn(texts.some(texts.names >= 0), recipe, draws),
        gate=_gate(texts, recipe, draws),
    )


def _layers(told: Texts, recipe: TextRecipe) -> tuple[Float32, Float32, Float32]:
    """Hidden layers side by side, out of them already as much as they count."""
    seeds = [recipe.seed * recipe.layers + number for number in range(recipe.layers)]
    fitted = [fit_layer(told.rows, told.fine, PLAIN + 1, recipe.layer, seed) for seed in seeds]
    share = np.float32(recipe.mixed / recipe.layers)
    intos, outs, shifts = zip(*fitted, strict=True)
    return np.concatenate(intos, axis=1), share * np.concatenate(outs), share * np.sum(shifts, axis=0)


def _turn(said: Texts, recipe: TextRecipe, draws: np.random.Generator) -> tuple[Float32, Float32]:
    shares = np.where(said.names != NAMES.index(NEUTRAL), recipe.felt, 1)
    shares = np.where(said.origin == OF_OWN, recipe.own, shares).astype(np.float32)
    return fit(said.rows, _one_hot(said.names, len(NAMES)), shares, recipe.turns, draws)


def _gate(texts: Texts, recipe: TextRecipe, draws: np.random.Generator) -> tuple[Float32, Float32]:
    """(V, 1), (1,) what tells a situation from a turn or line."""
    is_told = (texts.origin == OF_STORY).astype(np.int64)
    weights, bias = fit(texts.rows, _one_hot(is_told, 2), np.ones(len(is_told), np.float32), recipe.gate, draws)
    sides = np.array([[-recipe.sharp], [recipe.sharp]], np.float32)
    return weights @ sides, bias @ sides


def _one_hot(classes: Int64, count: int) -> Float32:
    return np.eye(count, dtype=np.float32)[classes]


def _coolness(sums: Float64, right: Float32) -> float:
    """By what sums are multiplied so that the shares of what is right (N, K), 1 or 0 each, are likeliest."""

    def unlikely(logarithm: float) -> float:
        shares = (softmax(sums * np.exp(logarithm)) * right).sum(axis=1)
        return -float(np.log(np.maximum(shares, 1e-12)).mean())

    return float(np.exp(minimize_scalar(unlikely, bounds=(-3, 3), method="bounded").x))


def _lean(sums: Float64, classes: Int64, plain: float) -> float:
    """How far neutral can be pushed back so that still such a share of the plain turns is found plain."""
    neutral = NAMES.index(NEUTRAL)
    margins = sums[:, neutral] - np.delete(sums, neutral, axis=1).max(axis=1)
    return float(np.quantile(margins[classes == neutral], 1 - plain))


def encoder_of(
    texts: Texts, readers: Readers, recipe: TextRecipe, coolness: tuple[float, float], lean: float
) -> GramEncoder:
    """All of it in 8 bits a weight."""
    natural = readers.turn[1] + np.float32(np.log(recipe.felt)) * (np.arange(len(NAMES)) == NAMES.index(NEUTRAL))
    into, out, shift = readers.layer
    blocks = [_eight_bits(weights) for weights in (readers.story[0], readers.turn[0], readers.gate[0], into)]
    return GramEncoder(
        codes=texts.codes,
        rarity=texts.rarity.astype(np.float16),
        weights=np.concatenate([weights for weights, _ in blocks], axis=1),
        units=np.stack([units for _, units in blocks], axis=1).astype(np.float16),
        bias=np.concatenate([readers.story[1] + shift, natural, readers.gate[1]]).astype(np.float32),
        out=out,
        coolness=np.array(coolness, np.float32),
        lean=np.array([lean], np.float32),
    )


def pruned(encoder: GramEncoder, texts: Sequence[str], most: int) -> GramEncoder:
    """The encoder with so many grams: all single words of the texts, by which English is known, and what says most."""
    blocks = (STORIES, TURNS, GATE, slice(COLUMNS, None))
    norms = [np.linalg.norm(encoder.weights[:, block].astype(np.float32), axis=1) for block in blocks]
    says = np.stack(norms, axis=1) * encoder.units
    worth = (says / np.maximum(says.mean(axis=0), 1e-12)).max(axis=1) * encoder.rarity
    single = [word_code(word) for text in texts for word in tokens(text)]
    worth[np.isin(encoder.codes, np.unique(np.array(single, np.uint32)))] = np.inf
    kept = np.sort(np.argsort(-worth, kind="stable")[:most])
    rows = {name: getattr(encoder, name)[kept] for name in ("codes", "rarity", "weights", "units")}
    return replace(encoder, **rows)


def _eight_bits(weights: Float32) -> tuple[NDArray[np.int8], Float32]:
    """(V, K) whole numbers of -127 to 127, and (V,) the unit of each row."""
    units = np.maximum(np.abs(weights).max(axis=1), 1e-12) / 127
    return np.round(weights / units[:, None]).astype(np.int8), units.astype(np.float32)
