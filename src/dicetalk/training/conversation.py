"""Teach what is felt in each turn of a conversation from labelled text, and voices of people who act.

No corpus that may be learned from has both. A turn gets the voice of an actor who acts what it is labelled with, one
actor a speaker; and often, as `wrong` says, one who acts something else: of voices that it was taught by, the embedder
is surer than of others.
"""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor
from torch.nn import functional as fn

from dicetalk.arrays import Float32, Int64
from dicetalk.checkpoints import write_config
from dicetalk.config import to_plain
from dicetalk.conversation.decoder import change_odds
from dicetalk.conversation.features import gram_rows, voice_rows, word_rows, words_of
from dicetalk.conversation.network import KIND, STREAMS, TURNS, VERSION, WEIGHTS, told_turns
from dicetalk.data.dialogues import Dialogue, read_dialogues
from dicetalk.data.ravdess import read_ravdess
from dicetalk.emotion.vocabulary import HEARD
from dicetalk.errors import InputError
from dicetalk.media import read_sound
from dicetalk.modules import save_tensors
from dicetalk.training.conversation_net import ConversationNet, ConversationSizes, TurnBatch
from dicetalk.training.loop import LoopOptions, Progress, train
from dicetalk.training.processes import ALONE, Processes

Voices = Mapping[int, Mapping[str, Sequence[Float32]]]
"""By emotion and actor, what each clip resembles in time, `(S, 7)`."""


TABLE = "train.csv"
MOST_BEFORE = 4
"""Turns before a sentence that is told among others."""
NOTHING = np.zeros((0, len(HEARD)), np.float32)
"""What is heard of a turn without a voice."""


@dataclass(frozen=True, kw_only=True)
class ConversationRecipe:
    """How conversations are learned.

    Attributes:
        held_out: actors whose voices are never learned from.
        sizes: of the network.
        loop: how long and how fast.
        turns: of a batch, at least.
        balance: how far rare emotions count more; 0 not at all, 1 as much as frequent ones.
        silent: share of turns that are told without any voice.
        wordless: share of those with a voice that are told without any words.
        among: share of single sentences that get turns of a conversation before them.
        alone: share of turns that are told without those before.
        one_sided: share that are told without the turns of others.
        wrong: share of voices that act another emotion.
        slot: share of all else that is taken away.
    """

    held_out: tuple[str, ...] = ()
    sizes: ConversationSizes = field(default_factory=ConversationSizes)
    loop: LoopOptions = field(default_factory=LoopOptions)
    turns: int = 96
    balance: float = 0.3
    silent: float = 0.4
    wordless: float = 0.25
    among: float = 0.6
    alone: float = 0.1
    one_sided: float = 0.1
    wrong: float = 0.25
    slot: float = 0.1


@dataclass(frozen=True)
class Encoded:
    """A dialogue as the network takes it: per turn word rows, gram rows, speaker and emotion; and what tells what."""

    words: list[Int64]
    grams: list[Int64]
    speakers: list[str]
    emotions: list[int]
    told: Int64


def encode(dialogue: Dialogue, rows: int) -> Encoded:
    """A dialogue, with a table of so many rows."""
    words = [words_of(line.text) for line in dialogue]
    speakers = [line.speaker for line in dialogue]
    return Encoded(
        [word_rows(some, rows) for some in words],
        [gram_rows(some, rows) for some in words],
        speakers,
        [line.emotion for line in dialogue],
        told_turns(speakers),
    )


def batch_of(dialogues: Sequence[Encoded], voices: Sequence[Float32]) -> TurnBatch:
    """All turns of dialogues, one voice each `(S, 7)`, of no row where there is none."""
    words = [rows for each in dialogues for rows in each.words]
    grams = [rows for each in dialogues for rows in each.grams]
    starts = np.cumsum([0, *(len(rows) for rows in grams[:-1])])
    firsts = np.cumsum([0, *(len(each.words) for each in dialogues[:-1])])
    told = [np.where(each.told < 0, -1, each.told + first) for each, first in zip(dialogues, firsts, strict=True)]
    return TurnBatch(
        torch.from_numpy(_padded(words)),
        torch.tensor([len(rows) for rows in words]),
        torch.from_numpy(np.concatenate(grams)),
        torch.from_numpy(starts),
        torch.from_numpy(_padded(voices)),
        torch.tensor([len(rows) for rows in voices]),
        torch.from_numpy(np.concatenate(told)),
    )


def _padded(rows: Sequence[np.ndarray]) -> np.ndarray:
    longest = max(1, *(len(some) for some in rows))
    found = np.zeros((len(rows), longest, *rows[0].shape[1:]), rows[0].dtype)
    for row, some in zip(found, rows, strict=True):
        row[: len(some)] = some
    return found


def train_conversation(
    data: Sequence[Path],
    out: Path,
    recipe: ConversationRecipe,
    progress: Progress | None = None,
    processes: Processes = ALONE,
) -> Path:
    """Teach a network, or go on; gives the folder, which gets a checkpoint.

    Args:
        data: folders with a table of dialogues (`data.dialogues`), and those of RAVDESS, whose voices are heard.
        out: of curves, state and, at the end, the checkpoint.
        recipe: everything else.
        progress: called with steps done and in all.
        processes: this one, which writes only if it is the first, and how many there are.

    Raises:
        InputError: the data cannot be used.
        CheckpointError: the folder holds another network's state.
    """
    tables = [folder / TABLE for folder in data if (folder / TABLE).is_file()]
    dialogues = [each for path in tables for each in read_dialogues(path, "train")]
    if not dialogues:
        raise InputError(
            f"the data hold no dialogue; expected folders with {TABLE}, its columns dialogue, emotion, text"
        )
    torch.manual_seed(recipe.loop.seed)
    net = ConversationNet(recipe.sizes)
    voices = acted_voices([folder for folder in data if folder / TABLE not in tables], recipe.held_out)
    mixed = among_others(dialogues, recipe.among, recipe.loop.seed)
    task = Conversing([encode(each, recipe.sizes.rows) for each in mixed], voices, recipe, net)
    train(task, recipe.loop, out, progress, processes)
    if processes.writes:
        held = [each for path in tables for each in read_dialogues(path, "dev")]
        temperature = calibrated(net, [encode(each, recipe.sizes.rows) for each in held or dialogues])
        write_conversation(out, net, recipe, temperature, change_of(dialogues))
    return out


def write_conversation(
    out: Path, net: ConversationNet, recipe: ConversationRecipe, temperature: float, change: float
) -> None:
    """A checkpoint that `conversation.network` reads, in half precision."""
    save_tensors(out / f"{WEIGHTS}.safetensors", {name: each.half() for name, each in net.state_dict().items()})
    write_config(out, KIND, VERSION, {**to_plain(recipe), "temperature": temperature, "change": change})


def change_of(dialogues: Sequence[Dialogue]) -> float:
    """How often what a speaker feels differs from the turn before."""
    return change_odds([[(line.speaker, line.emotion) for line in each] for each in dialogues if len(each) > 1])


def acted_voices(folders: Sequence[Path], held_out: Collection[str]) -> dict[int, dict[str, list[Float32]]]:
    """What the voices of RAVDESS resemble in time, by emotion and actor; clips without speech enough are left out."""
    found: dict[int, dict[str, list[Float32]]] = {}
    for folder in folders:
        for clip in read_ravdess(folder).clips:
            if clip.identity not in held_out and clip.sound is not None:
                rows = voice_rows(read_sound(clip.sound).waveform)
                if len(rows):
                    found.setdefault(HEARD.index(clip.emotion), {}).setdefault(clip.identity, []).append(rows)
    return found


TEMPERATURES = np.linspace(0.5, 3.0, 26)


@torch.no_grad()
def calibrated(net: ConversationNet, dialogues: Sequence[Encoded]) -> float:
    """The temperature at which shares of what was written are as sure as they are right: of least cross-entropy."""
    logits, wanted = zip(*(_told(net, each) for each in dialogues), strict=True)
    scores, right = torch.cat(logits), torch.cat(wanted)
    costs = [float(fn.cross_entropy(scores / t, right)) for t in TEMPERATURES.tolist()]
    return round(float(TEMPERATURES[int(np.argmin(costs))]), 2)


def _told(net: ConversationNet, dialogue: Encoded) -> tuple[Tensor, Tensor]:
    """Logarithms of odds of a dialogue without voices, and what it was labelled with."""
    batch = batch_of([dialogue], [NOTHING] * len(dialogue.words))
    there = torch.ones(len(batch.told), len(STREAMS), TURNS, dtype=torch.bool)
    return net(batch, there)[0], torch.tensor(dialogue.emotions)


def among_others(dialogues: Sequence[Dialogue], share: float, seed: int) -> list[Dialogue]:
    """Conversations, where a share of those of a single turn go on from the beginning of another one.

    Single sentences come from corpora where something is always felt, conversations from one where it seldom is. If
    only the one kind had turns before, those would tell the corpus, and so the feeling.
    """
    chance = np.random.default_rng(seed)
    longer = [each for each in dialogues if len(each) > 1]
    found = []
    for each in dialogues:
        if len(each) == 1 and longer and chance.random() < share:
            before = longer[int(chance.integers(len(longer)))][: int(chance.integers(1, MOST_BEFORE + 1))]
            speaker = before[int(chance.integers(len(before)))].speaker
            found.append((*before, replace(each[0], speaker=speaker)))
        else:
            found.append(each)
    return found


class Conversing:
    """Learns from dialogues, whose turns get voices by chance."""

    def __init__(
        self, dialogues: Sequence[Encoded], voices: Voices, recipe: ConversationRecipe, net: ConversationNet
    ) -> None:
        self.dialogues, self.voices, self.recipe, self.net = dialogues, voices, recipe, net
        self.actors = sorted({actor for clips in voices.values() for actor in clips})
        counts = np.bincount([e for each in dialogues for e in each.emotions], minlength=len(HEARD)).clip(min=1)
        weights = (counts.sum() / counts) ** recipe.balance
        self.weights = torch.tensor(weights / (weights * counts / counts.sum()).sum(), dtype=torch.float32)

    def losses(self, generator: torch.Generator) -> dict[str, Tensor]:
        """Cross-entropy of a batch of turns."""
        some = list(self._drawn(generator))
        chance = np.random.default_rng(int(torch.randint(1 << 31, (1,), generator=generator)))
        batch = batch_of(some, [voice for each in some for voice in self._voices(each, chance)])
        wanted = torch.tensor([emotion for each in some for emotion in each.emotions])
        there = self.taken(batch, generator)
        logits, _ = self.net(batch, there)
        return {"loss": fn.cross_entropy(logits, wanted, self.weights, label_smoothing=0.05)}

    def _drawn(self, generator: torch.Generator) -> Iterator[Encoded]:
        count = 0
        while count < self.recipe.turns:
            each = self.dialogues[int(torch.randint(len(self.dialogues), (1,), generator=generator))]
            count += len(each.words)
            yield each

    def _voices(self, dialogue: Encoded, chance: np.random.Generator) -> Iterator[Float32]:
        """A voice for each turn, of one actor for each speaker."""
        if not self.actors:
            yield from [NOTHING] * len(dialogue.words)
            return
        actors = {speaker: str(chance.choice(self.actors)) for speaker in dict.fromkeys(dialogue.speakers)}
        for speaker, emotion in zip(dialogue.speakers, dialogue.emotions, strict=True):
            acted = int(chance.integers(len(HEARD))) if chance.random() < self.recipe.wrong else emotion
            clips = self.voices.get(acted, {}).get(actors[speaker], [NOTHING])
            yield clips[int(chance.integers(len(clips)))]

    def taken(self, batch: TurnBatch, generator: torch.Generator) -> Tensor:
        """What may be looked at, `(N, 4, 3)`, once modality dropout has taken the rest; a turn keeps words or voice."""
        count, recipe = len(batch.told), self.recipe

        def chosen(share: float) -> Tensor:
            return torch.rand(count, generator=generator) < share

        there = torch.rand(count, len(STREAMS), TURNS, generator=generator) >= recipe.slot
        there[:, 0, 0] = there[:, 2, 0] = True
        silent = chosen(recipe.silent) | (batch.voice_counts[batch.told[:, 0, 0]] == 0)
        wordless = chosen(recipe.wordless) & ~silent
        there[:, 2:] &= ~silent[:, None, None]
        there[:, :2] &= ~wordless[:, None, None]
        there[:, :, 1:] &= ~(alone := chosen(recipe.alone))[:, None, None]
        there[:, [1, 3]] &= ~(alone | chosen(recipe.one_sided))[:, None, None]
        return there
