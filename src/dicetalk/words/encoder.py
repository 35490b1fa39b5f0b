"""The light encoder: a sentence -> shares of 32 feelings and of none at all, and how much each word did for them.

A linear model of the words, pairs and stretches of letters of a sentence (`grams`), which ships; numpy runs it. It was
trained on English alone (`weights/text/card.md`).
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

from dicetalk.arrays import Float32, Float64
from dicetalk.emotion.fine import FINE, coarse_shares
from dicetalk.emotion.vocabulary import NAMES, NEUTRAL
from dicetalk.errors import CheckpointError
from dicetalk.networks import WEIGHTS
from dicetalk.words.grams import Grams, grams, word_code

FOLDER = WEIGHTS / "text"
PLAIN = len(FINE)
"""The column of what nothing is felt in, behind those of the 32."""


@dataclass(frozen=True, eq=False)
class Reading:
    """What was read in a text.

    Attributes:
        fine: (32,) shares of `FINE`, sum 1: what is felt, if anything is.
        plain: share of nothing being felt.
        strength: of what is felt, 0 to 1.
        words: those of the text, and its signs.
        moved: (words,) how much each spoke for what was found.
        known: share of the words that the encoder knows; 0 where there are none.
    """

    fine: Float64
    plain: float
    strength: float
    words: tuple[str, ...]
    moved: Float64
    known: float

    @property
    def weights(self) -> Float64:
        """(8,) shares of `NAMES`, sum 1."""
        shares = (1 - self.plain) * coarse_shares(self.fine[None])[0]
        shares[NAMES.index(NEUTRAL)] += self.plain
        found: Float64 = shares / shares.sum()
        return found


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
        rarity: (V,) inverse document frequency of each.
        weights: (V, 33) int8, what each speaks for, in units of `units`.
        units: (V,).
        bias: (33,).
        strengths: (33,) how strong each is, 0 to 1.
        temperature: by which the sums are divided, so that shares are true.
    """

    codes: NDArray[np.uint32]
    rarity: Float32
    weights: NDArray[np.int8]
    units: Float32
    bias: Float32
    strengths: Float32
    temperature: float

    def read(self, texts: Sequence[str]) -> list[Reading]:
        """One reading a text."""
        return [self._reading(grams(text)) for text in texts]

    def _reading(self, held: Grams) -> Reading:
        rows, counts, places, shares = self._known(held)
        amounts = (1 + np.log(counts)) * self.rarity[rows]
        amounts /= max(float(np.linalg.norm(amounts)), 1e-9)
        parts = (amounts * self.units[rows])[:, None] * self.weights[rows]
        found = softmax((parts.sum(axis=0) + self.bias) / self.temperature)
        towards = _against(found)
        moved = np.bincount(places, shares * (parts @ towards)[np.arange(len(rows)).repeat(counts)], len(held.words))
        fine = found[:PLAIN] / max(found[:PLAIN].sum(), 1e-12)
        return Reading(
            fine, float(found[PLAIN]), float(fine @ self.strengths[:PLAIN]), held.words, moved, self._share(held)
        )

    def _known(self, held: Grams) -> tuple[NDArray[np.int64], NDArray[np.int64], NDArray[np.int64], Float64]:
        """Rows of the grams that it knows and how often each comes; of each time, in that order: its place, its share."""
        codes = np.array(held.codes, np.uint32)
        order = np.argsort(codes, kind="stable")
        unique, counts = np.unique(codes, return_counts=True)
        rows = np.minimum(np.searchsorted(self.codes, unique), len(self.codes) - 1)
        knows = self.codes[rows] == unique
        places = np.array(held.places, np.int64)[order][knows.repeat(counts)]
        rows, counts = rows[knows], counts[knows]
        return rows, counts, places, (1 / counts).repeat(counts)

    def _share(self, held: Grams) -> float:
        """Of the words, how many it knows."""
        letters = [word_code(word) for word in held.words if word[0].isalpha()]
        if not letters:
            return 0.0
        rows = np.minimum(np.searchsorted(self.codes, np.array(letters, np.uint32)), len(self.codes) - 1)
        return float(np.mean(self.codes[rows] == np.array(letters, np.uint32)))


def softmax(sums: NDArray[Any]) -> Float64:
    """Shares of (..., K) sums."""
    raised = np.exp(sums.astype(np.float64) - sums.max(axis=-1, keepdims=True))
    shares: Float64 = raised / raised.sum(axis=-1, keepdims=True)
    return shares


def _against(found: Float64) -> Float64:
    """(33,) the direction from all the others to what was found, among the 32 or none."""
    chosen = np.zeros(len(found))
    chosen[int(found.argmax())] = 1
    others = np.where(chosen > 0, 0, found)
    return chosen - others / max(others.sum(), 1e-12)


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
        encoder = GramEncoder(**held, temperature=float(config["temperature"]))
    except (OSError, ValueError, KeyError, TypeError, SafetensorError) as error:
        raise CheckpointError(
            f"{folder} holds no encoder of text ({error}); train one: dicetalk train text-small"
        ) from None
    if config.get("feelings") != list(FINE) or encoder.weights.shape != (len(encoder.codes), PLAIN + 1):
        raise CheckpointError(f"the encoder in {folder} tells other feelings than the {len(FINE)} of this version")
    return encoder
