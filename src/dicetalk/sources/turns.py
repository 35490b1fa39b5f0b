"""The model of a dialogue's turns: what the words of each say, and what the turns around it make likely.

First the weights of a line's words and pairs of words, hashed, are added up. Then comes what these say of the line and
of all lines, where the line stands, and what is known of the lines around it. All is linear: of emotions and strengths
it gives logits, of which a softmax makes shares.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cache
from itertools import pairwise
from pathlib import Path
from typing import Any
from zlib import crc32

import numpy as np
from numpy.typing import NDArray
from safetensors import SafetensorError
from safetensors.numpy import load_file

from dicetalk.arrays import Bool, Float32, Float64, Int64
from dicetalk.errors import CheckpointError
from dicetalk.networks import WEIGHTS

EMOTIONS = ("neutral", "happy", "surprised", "sad", "angry", "disgusted", "fear")
"""What it tells apart, in the order of its outputs."""
LEVELS = (0.33, 0.66, 1.0)
"""How strong its three strengths are."""
OUTPUTS = len(EMOTIONS) + len(LEVELS)
REACH = 3
"""Lines before and after a line that are looked at for what is known of them."""
NEAR = 1
"""Of those, which are looked at for what their words say."""
LONGEST_COUNT = 12
"""Lines from either end that are counted."""
PARTS = ("weights", "level", "lean")
_WORDS = re.compile(r"[^\W\d_]+(?:['’][^\W\d_]+)?|\d+|[?!]+|\.\.+")


@dataclass(frozen=True, eq=False)
class Talk:
    """A dialogue, or several one after another.

    Attributes:
        texts: of its N lines.
        speakers: (N,) a number for each speaker.
        emotions: (N, 7) shares of `EMOTIONS` where they are known, zeros elsewhere.
        strengths: (N, 3) shares of `LEVELS` where they are known, zeros elsewhere.
        dialogues: (N,) a number for each dialogue; None where there is one.
    """

    texts: Sequence[str]
    speakers: Int64
    emotions: Float64
    strengths: Float64
    dialogues: Int64 | None = None

    @property
    def known(self) -> Float64:
        """What is known of each line (N, 10)."""
        return np.hstack([self.emotions, self.strengths])

    @property
    def numbers(self) -> Int64:
        """Of the dialogue of each line (N,), from 0."""
        if self.dialogues is None:
            return np.zeros(len(self.texts), np.int64)
        return np.unique(self.dialogues, return_inverse=True)[1].astype(np.int64)


@dataclass(frozen=True, eq=False)
class Part:
    """Weights that look at a line and around it.

    Attributes:
        weights: (F, 10) of what is looked at.
        level: (10,) what is added.
        lean: (10,) what is added before the likeliest is chosen: rare feelings would never be.
    """

    weights: Float32
    level: Float32
    lean: Float32

    def __call__(self, rows: Float64) -> Float64:
        """Logits (N, 10) of rows (N, F), the lean left out."""
        found: Float64 = rows @ self.weights + self.level
        return found


@dataclass(frozen=True, eq=False)
class TurnModel:
    """The weights.

    Attributes:
        places: (K,) the hashes of the words and pairs that it knows, rising.
        rarity: (K,) what each counts, by how rare it is.
        words: (K, 10) of each, for emotions and strengths.
        base: (10,) what is added.
        free: of lines around which nothing is known.
        tied: of lines around which something is.
    """

    places: Int64
    rarity: Float32
    words: Float32
    base: Float32
    free: Part
    tied: Part

    def lines(self, texts: Sequence[str]) -> Float64:
        """What the words of lines say (N, 10), logits."""
        return np.stack([self._line(text) for text in texts])

    def _line(self, text: str) -> Float64:
        places, values = weighed(text, self.places, self.rarity)
        found: Float64 = values @ self.words[places].astype(np.float64) + self.base
        return found

    def __call__(self, talk: Talk) -> tuple[Float64, Float64]:
        """What is felt in each line (N, 10), logits of shares; and the leans of each (N, 10)."""
        said = self.lines(talk.texts)
        free, tied = self.free(alone(talk, said)), self.tied(surroundings(talk, said))
        near = is_near_known(talk)[:, None]
        return np.where(near, tied, free), np.where(near, self.tied.lean, self.free.lean)


def shares(logits: Float64) -> Float64:
    """Logits (N, 10) -> shares of emotions and shares of strengths, each of sum 1."""
    return np.hstack([_softmax(logits[:, : len(EMOTIONS)]), _softmax(logits[:, len(EMOTIONS) :])])


def _softmax(logits: Float64) -> Float64:
    grown = np.exp(logits - logits.max(axis=1, keepdims=True))
    found: Float64 = grown / grown.sum(axis=1, keepdims=True)
    return found


def grams(text: str) -> list[str]:
    """The words of a line, in small letters, and its pairs of words."""
    words = _WORDS.findall(text.lower().replace("’", "'"))
    return words + [" ".join(pair) for pair in pairwise(["<", *words, ">"])]


def hash_of(gram: str) -> int:
    """Where a word or pair stands."""
    return crc32(gram.encode())


def weighed(text: str, places: Int64, rarity: Float32) -> tuple[Int64, Float64]:
    """Which of the known words and pairs a line has (M,), and what each counts (M,), of length 1 together.

    Args:
        text: of the line.
        places: (K,) hashes of those that are known, rising.
        rarity: (K,) what each counts.
    """
    counts = Counter(hash_of(gram) for gram in grams(text))
    hashes = np.array(sorted(counts), np.int64)
    found = np.minimum(np.searchsorted(places, hashes), len(places) - 1)
    known = places[found] == hashes
    often = np.array([counts[place] for place in hashes[known].tolist()], np.float64)
    values = (1 + np.log(np.maximum(often, 1))) * rarity[found[known]]
    return found[known], values / max(float(np.sqrt((values**2).sum())), 1e-9)


def alone(talk: Talk, lines: Float64) -> Float64:
    """What is looked at where nothing is known (N, F): the line, where it stands, and what all lines say.

    Args:
        talk: the dialogues.
        lines: (N, 10) what the words of each line say, logits.
    """
    numbers, guessed = talk.numbers, shares(lines)
    signs = np.array([_signs(text) for text in talk.texts])
    return np.hstack([_logs(lines), guessed, _place(talk.texts, numbers), signs, _mean(guessed, numbers)])


def surroundings(talk: Talk, lines: Float64, *, ahead: bool = True) -> Float64:
    """What is looked at where something is known (N, F); what is known of a line itself is not among it.

    Args:
        talk, lines: as for `alone`, whose rows come first.
        ahead: whether what is known of later lines counts.
    """
    numbers, guessed = talk.numbers, shares(lines)
    parts = [alone(talk, lines)]
    for away in range(1, REACH + 1):
        for step in (-away, away):
            inside = _inside(numbers, step)[:, None]
            same = inside & (_moved(talk.speakers, step) == talk.speakers)[:, None]
            told = talk.known if ahead or step < 0 else np.zeros_like(talk.known)
            parts += [inside.astype(np.float64), _moved(told, step) * inside, _moved(told, step) * same]
            if away <= NEAR:
                guess = np.where(told.sum(axis=1, keepdims=True) > 0, 0.0, guessed)
                parts += [_moved(guess, step) * inside, _moved(guess, step) * same]
    return np.hstack(parts)


def is_near_known(talk: Talk) -> Bool:
    """Whether something is known of a line at most `REACH` away (N,)."""
    told = talk.known.sum(axis=1) > 0
    steps = [step for step in range(-REACH, REACH + 1) if step]
    near: Bool = np.any([_inside(talk.numbers, step) & _moved(told, step) for step in steps], axis=0)
    return near


def _logs(logits: Float64) -> Float64:
    return np.log(np.maximum(shares(logits), 1e-6))


def _signs(text: str) -> tuple[float, float, float]:
    """Whether a line asks, whether it calls out, how long it is."""
    return float(text.rstrip().endswith("?")), float("!" in text), float(np.log1p(len(text.split())) / 3)


def _place(texts: Sequence[str], numbers: Int64) -> Float64:
    """Where each line stands in its dialogue (N, 6)."""
    sizes = np.bincount(numbers)
    starts = np.flatnonzero(np.diff(numbers, prepend=-1))
    since = np.arange(len(texts)) - np.repeat(starts, sizes[numbers[starts]])
    until = sizes[numbers] - 1 - since
    ends = [since == 0, since == 1, until == 0, until == 1]
    counts = [np.minimum(count, LONGEST_COUNT) / LONGEST_COUNT for count in (since, until)]
    return np.stack([*ends, *counts], axis=1).astype(np.float64)


def _moved(rows: NDArray[Any], step: int) -> NDArray[Any]:
    """The row `step` lines away in the place of each; what falls off one end comes in at the other."""
    return np.roll(rows, -step, axis=0)


def _inside(numbers: Int64, step: int) -> Bool:
    """Whether there is a line of the same dialogue `step` lines away (N,)."""
    index = np.arange(len(numbers)) + step
    there: Bool = (index >= 0) & (index < len(numbers)) & (np.roll(numbers, -step) == numbers)
    return there


def _mean(rows: Float64, numbers: Int64) -> Float64:
    """The mean of each dialogue's rows (N, C)."""
    sums = np.zeros((numbers.max() + 1, rows.shape[1]))
    np.add.at(sums, numbers, rows)
    found: Float64 = (sums / np.bincount(numbers)[:, None])[numbers]
    return found


@cache
def shipped_turns() -> TurnModel:
    """The model that ships.

    Raises:
        CheckpointError: its file is damaged.
    """
    return read_turns(WEIGHTS / "dialogue" / "turns.safetensors")


def read_turns(path: Path) -> TurnModel:
    """A model that was trained.

    Raises:
        CheckpointError: the file is not there, or is damaged.
    """
    try:
        stored = load_file(path)
        wide = {name: values.astype(np.float32) for name, values in stored.items()}
        parts = [Part(**{name: wide[f"{part}.{name}"] for name in PARTS}) for part in ("free", "tied")]
        return TurnModel(stored["places"].astype(np.int64), wide["rarity"], wide["words"], wide["base"], *parts)
    except (OSError, KeyError, SafetensorError) as error:
        raise CheckpointError(f"{path} is no whole model of turns ({error}); get or write it again") from error
