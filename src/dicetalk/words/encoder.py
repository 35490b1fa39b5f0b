"""The light encoder: a sentence -> shares of 32 feelings and of none, of eight names, and how much each word did.

Two readers share it, which go by words, pairs and stretches of letters (`grams`): one learned from situations that
people tell of, one from turns of dialogues, in most of which nothing is felt. How much a sentence is like the one or
the other says whom to believe. It ships, numpy runs it, and it was trained on English alone (`weights/text/card.md`).
"""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from pathlib import Path
from typing import Any, Protocol

import numpy as np
from numpy.typing import NDArray

from dicetalk.arrays import Float32, Float64, Int64
from dicetalk.emotion.fine import FINE, STRENGTH, coarse_shares
from dicetalk.emotion.vocabulary import NAMES, NEUTRAL
from dicetalk.errors import CheckpointError
from dicetalk.networks import WEIGHTS
from dicetalk.words.grams import Grams, grams, is_letters, word_code

FOLDER = WEIGHTS / "text"
PLAIN = len(FINE)
"""The column of the first reader for what nothing is felt in, behind those of the 32."""
STORIES, TURNS = slice(0, PLAIN + 1), slice(PLAIN + 1, PLAIN + 1 + len(NAMES))
GATE = slice(TURNS.stop, TURNS.stop + 1)
"""Columns of the two readers and of the gate, which tells a situation from a turn."""
COLUMNS = PLAIN + 2 + len(NAMES)
"""Of all these; behind them lie the units of a hidden layer, which belongs to the first reader."""
_STRENGTH = np.array([STRENGTH[name] for name in FINE])
LOUDER, LOUDEST = 0.1, 1.0
"""What an exclamation mark adds to a strength, and the most that there is."""


@dataclass(frozen=True, eq=False)
class Reading:
    """What was read in a text.

    Attributes:
        fine: (32,) shares of `FINE`, sum 1: what is felt, if anything is.
        weights: (8,) shares of `NAMES`, sum 1.
        sure: how sure it is of the name of most weight, 0 to 1.
        strength: of what is felt, 0 to 1.
        words: those of the text, and its signs.
        moved: (words,) how much each spoke for what was found.
        known: share of the words that the encoder knows; 0 where there are none.
    """

    fine: Float64
    weights: Float64
    sure: float
    strength: float
    words: tuple[str, ...]
    moved: Float64
    known: float


class Encoder(Protocol):
    """What reads feelings in texts; the one that ships, or a heavier one."""

    def read(self, texts: Sequence[str]) -> list[Reading]:
        """One reading a text, in their order."""
        ...


@dataclass(frozen=True, eq=False)
class GramEncoder:
    """Reads by grams.

    Attributes:
        codes: (V,) uint32, rising: the grams that it knows.
        rarity: (V,) float16, inverse document frequency of each.
        weights: (V, 42 + H) int8, what each speaks for, and does to the H units of the hidden layer, times `units`.
        units: (V, 4) float16, of the columns of the readers, of the gate and of the layer.
        bias: (42,).
        out: (H, 33) of the layer, to what the first reader sums up.
        coolness: (2,) by what the sums of each reader are multiplied, so that shares are true.
        lean: by how much less the second reader says "neutral" than would be true on average: most turns are plain, and
            a feeling that is missed costs more than one too many.
    """

    codes: NDArray[np.uint32]
    rarity: NDArray[np.float16]
    weights: NDArray[np.int8]
    units: NDArray[np.float16]
    bias: Float32
    out: Float32
    coolness: Float32
    lean: Float32

    def read(self, texts: Sequence[str]) -> list[Reading]:
        """One reading a text."""
        return [self._reading(grams(text)) for text in texts]

    def _reading(self, held: Grams) -> Reading:
        rows, counts, places = self._known(held)
        amounts = gram_amounts(self.codes[rows], counts, self.rarity[rows].astype(np.float32))
        parts = amounts[:, None] * self.units[rows][:, self._blocks()] * self.weights[rows]
        sums = parts.sum(axis=0, dtype=np.float64)
        hidden = np.tanh(sums[COLUMNS:])
        sums = sums[:COLUMNS] + self.bias
        sums[STORIES] += hidden @ self.out
        stories, turns, leaned, told = self._shares(sums)
        weights = told * stories_by_name(stories) + (1 - told) * leaned
        true = told * stories_by_name(stories) + (1 - told) * turns
        top = int(weights.argmax())
        fine_way, way = told * _towards_fine(stories, top), (1 - told) * _towards(turns, top)
        towards = np.concatenate([fine_way, way, [0.0], (1 - hidden**2) * (self.out @ fine_way)])
        spoke = (parts @ towards / np.maximum(counts, 1)).repeat(counts)
        fine = stories[:PLAIN] / max(stories[:PLAIN].sum(), 1e-12)
        return Reading(
            fine=fine,
            weights=weights / weights.sum(),
            sure=float(true[top]),
            strength=min(float(fine @ _STRENGTH) + LOUDER * ("!" in held.words), LOUDEST),
            words=held.words,
            moved=np.bincount(places, spoke, len(held.words)).astype(np.float64),
            known=self._share(held),
        )

    def _shares(self, sums: Float64) -> tuple[Float64, Float64, Float64, float]:
        """Of the first reader (33,), of the second (8,), of that as it leans, and how much the first is believed."""
        turns = sums[TURNS] * self.coolness[1]
        leaned = turns - self.lean[0] * (np.arange(len(NAMES)) == NAMES.index(NEUTRAL))
        told = float(1 / (1 + np.exp(-np.clip(sums[GATE][0], -50, 50))))
        return softmax(sums[STORIES] * self.coolness[0]), softmax(turns), softmax(leaned), told

    def _blocks(self) -> Int64:
        """(42 + H,) which of `units` is that of each column."""
        widths = [STORIES.stop, TURNS.stop - TURNS.start, COLUMNS - TURNS.stop, self.weights.shape[1] - COLUMNS]
        return np.repeat(np.arange(len(widths)), widths)

    def _known(self, held: Grams) -> tuple[Int64, Int64, Int64]:
        """Rows of the grams that it knows, how often each comes, and of each such time, in that order, its place."""
        codes = np.array(held.codes, np.uint32)
        order = np.argsort(codes, kind="stable")
        unique, counts = np.unique(codes, return_counts=True)
        rows = np.minimum(np.searchsorted(self.codes, unique), len(self.codes) - 1)
        knows = self.codes[rows] == unique
        places = np.array(held.places, np.int64)[order][knows.repeat(counts)]
        return rows[knows], counts[knows], places

    def _share(self, held: Grams) -> float:
        """Of the words, how many it knows."""
        letters = np.array([word_code(word) for word in held.words if word[0].isalpha()], np.uint32)
        if not len(letters):
            return 0.0
        rows = np.minimum(np.searchsorted(self.codes, letters), len(self.codes) - 1)
        return float((self.codes[rows] == letters).mean())


def gram_amounts(codes: NDArray[np.uint32], counts: Int64, rarity: Float32) -> Float32:
    """(G,) how much each gram of a text counts: rare ones and frequent ones more; words and letters half each."""
    amounts = ((1 + np.log(counts)) * rarity).astype(np.float32)
    for block in (is_letters(codes), ~is_letters(codes)):
        amounts[block] /= max(float(np.linalg.norm(amounts[block])), 1e-9)
    return amounts


def stories_by_name(stories: Float64) -> Float64:
    """(8,) shares of `NAMES` by those of the first reader (33,)."""
    shares: Float64 = coarse_shares(stories[None, :PLAIN])[0]
    shares[NAMES.index(NEUTRAL)] += stories[PLAIN]
    return shares


def _towards_fine(stories: Float64, top: int) -> Float64:
    """(33,) the direction from all others to the feelings of one name."""
    inside = np.array([*(coarse_shares(np.eye(PLAIN))[:, top] > 0), top == NAMES.index(NEUTRAL)])
    return _apart(stories, inside)


def _towards(turns: Float64, top: int) -> Float64:
    return _apart(turns, np.arange(len(NAMES)) == top)


def _apart(shares: Float64, inside: NDArray[np.bool_]) -> Float64:
    """The direction from what is outside to what is inside, each as it is shared."""
    one, other = np.where(inside, shares, 0), np.where(inside, 0, shares)
    apart: Float64 = one / max(one.sum(), 1e-12) - other / max(other.sum(), 1e-12)
    return apart


def softmax(sums: NDArray[Any]) -> Float64:
    """Shares of (..., K) sums."""
    raised = np.exp(sums.astype(np.float64) - sums.max(axis=-1, keepdims=True))
    shares: Float64 = raised / raised.sum(axis=-1, keepdims=True)
    return shares


@cache
def shipped_encoder() -> GramEncoder:
    """The encoder that ships.

    Raises:
        CheckpointError: it is not whole.
    """
    return load_encoder(FOLDER)


def load_encoder(folder: Path) -> GramEncoder:
    """An encoder that was trained (`dicetalk train text-small`).

    Raises:
        CheckpointError: the folder holds none, or one of other names.
    """
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    try:
        config = json.loads((folder / "config.json").read_text(encoding="utf-8"))
        held = load_file(folder / "encoder.safetensors")
        encoder = GramEncoder(**held)
    except (OSError, ValueError, KeyError, TypeError, SafetensorError) as error:
        raise CheckpointError(
            f"{folder} holds no encoder of text ({error}); train one: dicetalk train text-small"
        ) from None
    if config.get("feelings") != list(FINE) or encoder.weights.shape != (
        len(encoder.codes),
        COLUMNS + len(encoder.out),
    ):
        raise CheckpointError(f"the encoder in {folder} tells other feelings than the {len(FINE)} of this version")
    return encoder
