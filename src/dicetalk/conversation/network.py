"""What is felt in each turn of a conversation, told from words and voices of both sides, by a network of plain arrays.

`training.conversation_net` is the same network as it is trained, and tells where it comes from.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
from safetensors import SafetensorError
from safetensors.numpy import load_file

from dicetalk.arrays import Float32, Int64
from dicetalk.checkpoints import open_checkpoint
from dicetalk.conversation.features import gram_rows, word_rows, words_of
from dicetalk.conversation.mlstm import stack
from dicetalk.emotion.vocabulary import HEARD
from dicetalk.errors import CheckpointError
from dicetalk.networks import WEIGHTS as SHIPPED_WEIGHTS

KIND, VERSION = "conversation", 1
WEIGHTS = "conversation"
SHIPPED = SHIPPED_WEIGHTS / "conversation"
STREAMS = ("own words", "their words", "own voice", "their voice")
TURNS = 3
"""Of each side: the last ones, the newest first."""
FAINTEST = np.float32(1e-3)
"""Of a share of a voice; less makes no difference."""


@dataclass(frozen=True, eq=False)
class Turn:
    """A turn of a conversation as the network takes it.

    Attributes:
        speaker: who speaks.
        words: in lower case; empty where they are not known.
        voice: shares of each window, (S, 7); of no row where it is not heard.
    """

    speaker: str
    words: list[str]
    voice: Float32

    @classmethod
    def of(cls, speaker: str, text: str, voice: Float32) -> Turn:
        """One of a text."""
        return cls(speaker, words_of(text), voice)


@dataclass(frozen=True, eq=False)
class Told:
    """What the network says of turns.

    Attributes:
        shares: of `HEARD`, (N, 7), each 0 to 1, sum 1.
        gates: how far each stream's turns were let in, (N, 4, 3), 0 to 1; 0 where there is nothing.
        pulls: what each of them adds to the logarithm of each emotion's odds, (N, 7, 4, 3).
    """

    shares: Float32
    gates: Float32
    pulls: Float32


class ConversationNetwork:
    """The trained network.

    Attributes:
        rows: of its table of words.
        heads: of each block of its memories.
        temperature: by which logarithms of odds are divided, so that shares are as sure as they are right.
        change: how often a speaker's feeling changed from one turn to the next where it was learned.
    """

    def __init__(self, folder: Path = SHIPPED) -> None:
        """Load the shipped one, or that of another folder.

        Raises:
            CheckpointError: not the folder of one, or damaged.
        """
        config = open_checkpoint(folder, KIND, VERSION).config
        self.rows, self.heads = int(config["sizes"]["rows"]), int(config["sizes"]["heads"])
        self.temperature, self.change = float(config["temperature"]), float(config["change"])
        self._weights = _read(folder / f"{WEIGHTS}.safetensors")

    def tell(self, turns: Sequence[Turn]) -> Told:
        """What is felt in each turn, from itself and those before it."""
        w, told = self._weights, told_turns([turn.speaker for turn in turns])
        read, there = zip(*(self._stream(number, turns, told) for number in range(len(STREAMS))), strict=True)
        placed = np.stack(read, axis=1)
        now = np.concatenate([placed[:, 0, 0], placed[:, 2, 0]], axis=1)
        gates = 1 / (1 + np.exp(-(now @ w["gates.weight"].T + w["gates.bias"])))
        gates = gates.reshape(-1, len(STREAMS), TURNS)
        head = w["head.weight"].reshape(len(HEARD), len(STREAMS), TURNS, -1)
        pulls = np.einsum("nst,nstd,kstd->nkst", gates, placed, head)
        logits = (pulls.sum((2, 3)) + w["head.bias"]) / self.temperature
        odds = np.exp(logits - logits.max(1, keepdims=True))
        inside = np.stack(there, axis=1)
        return Told(
            _shares(odds), np.asarray(gates * inside, np.float32), np.asarray(pulls * inside[:, None], np.float32)
        )

    def _stream(self, number: int, turns: Sequence[Turn], told: Int64) -> tuple[Float32, Any]:
        """What one stream says of each told turn, (N, 3, D), and where it says something, (N, 3)."""
        w, side = self._weights, told[:, number % 2]
        steps = [self._words(turn) if number < 2 else self._voice(turn) for turn in turns]
        read = np.stack([self._last(number, some) for some in steps])
        there = (side >= 0) & np.array([len(some) > 0 for some in steps])[np.maximum(side, 0)]
        said = np.where(there[..., None], read[np.maximum(side, 0)], w["absent"][number])
        return np.asarray(said + w["turns"][number], np.float32), there

    def _last(self, number: int, steps: Float32) -> Float32:
        """What a stream says of a turn at its last step, (D,)."""
        if not len(steps):
            return np.zeros(self._weights["absent"].shape[1], np.float32)
        read: Float32 = stack(steps[None], self._weights, f"stacks.{number}.", self.heads)[0, -1]
        return read

    def _words(self, turn: Turn) -> Float32:
        """Words and, after the last one, all runs of letters, (L + 1, D); no row where nothing is said."""
        table = self._weights["table.weight"]
        if not turn.words:
            return table[:0]
        grams = gram_rows(turn.words, self.rows)
        return np.vstack([table[word_rows(turn.words, self.rows)], table[grams].sum(0) / np.sqrt(len(grams))])

    def _voice(self, turn: Turn) -> Float32:
        w = self._weights
        return np.asarray((np.log(np.maximum(turn.voice, FAINTEST)) + 2) / 2 @ w["voice.weight"].T + w["voice.bias"])


def _shares(odds: Float32) -> Float32:
    return np.asarray(odds / odds.sum(1, keepdims=True), np.float32)


def told_turns(speakers: Sequence[str]) -> Int64:
    """From which turns each is told: the last three of its speaker, itself first, and the last three of others before.

    Returns:
        (N, 2, 3) numbers of turns, the newest first; -1 is none.
    """
    told = np.full((len(speakers), 2, TURNS), -1, np.int64)
    latest: dict[str, list[int]] = {}
    for number, speaker in enumerate(speakers):
        others = list(islice((n for n in reversed(range(number)) if speakers[n] != speaker), TURNS))
        own = [number, *latest.get(speaker, [])][:TURNS]
        told[number, 0, : len(own)], told[number, 1, : len(others)] = own, others
        latest[speaker] = own
    return told


def _read(path: Path) -> Mapping[str, Float32]:
    try:
        found = load_file(path)
    except (SafetensorError, OSError) as error:
        raise CheckpointError(f"{path} cannot be read ({error}); get it again") from None
    return {name: tensor.astype(np.float32) for name, tensor in found.items()}


@cache
def shipped_conversation() -> ConversationNetwork:
    """The network that ships."""
    return ConversationNetwork()
