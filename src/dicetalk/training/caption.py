"""Teach the captioner from clips of virtual actors; strangers among them tell how well it does."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn
from torch.nn import functional as fn
from torch.nn.utils.rnn import pad_sequence

from dicetalk.arrays import Float32
from dicetalk.checkpoints import open_checkpoint, write_config
from dicetalk.config import to_plain
from dicetalk.emotion.vocabulary import NAMES
from dicetalk.errors import ConfigError
from dicetalk.modules import load_module, save_tensors
from dicetalk.reading.caption import ADJECTIVES
from dicetalk.reading.stretches import stretches
from dicetalk.training.caption_clips import (
    STRANGERS,
    CaptionClip,
    draw_clips,
    known_speech,
    misread,
    read_off,
)
from dicetalk.training.caption_net import BEGIN, END, CaptionNet, CaptionSizes
from dicetalk.training.loop import LoopOptions, Progress, train
from dicetalk.training.processes import ALONE, Processes

KIND, VERSION, MODULE = "captioner", 1, "captioner"
SIGNS = ("<begin>", "<end>")
"""What stands at the first two places among the words."""


@dataclass(frozen=True, kw_only=True)
class CaptionRecipe:
    """A recipe.

    Attributes:
        loop: how long and how fast.
        sizes: of the network.
        clips: that are drawn to learn from.
        measured: clips of strangers that are measured on.
        batch: clips of a batch.
        names: how much it counts that the last feeling is known from the last step.
        gates: how much it counts that the gate opens where a word of feeling comes.
    """

    loop: LoopOptions = field(default_factory=lambda: LoopOptions(steps=1500, rate=4e-3, decay=0.02, save_every=250))
    sizes: CaptionSizes = field(default_factory=CaptionSizes)
    clips: int = 1200
    measured: int = 200
    batch: int = 32
    names: float = 0.2
    gates: float = 0.2

    def __post_init__(self) -> None:
        if min(self.clips, self.measured, self.batch) < 1:
            raise ConfigError("clips, measured and batch of a caption recipe are 1 or more")


@dataclass(frozen=True)
class Words:
    """The words that a captioner knows.

    Attributes:
        known: all of them, the signs first.
    """

    known: tuple[str, ...]

    @classmethod
    def of(cls, captions: Sequence[str]) -> Words:
        """Those of some captions."""
        return cls((*SIGNS, *sorted({word for caption in captions for word in spelled(caption)})))

    def numbers(self, caption: str) -> list[int]:
        """A caption as numbers, `END` behind it; words that are not known are left out."""
        return [*(self.known.index(word) for word in spelled(caption) if word in self.known), END]

    def text(self, numbers: Sequence[int]) -> str:
        """The words of some numbers."""
        return " ".join(self.known[number] for number in numbers).replace(" ,", ",")

    @property
    def of_feeling(self) -> Tensor:
        """(V,) which are words of feeling."""
        return torch.tensor([word in ADJECTIVES.values() for word in self.known])


def spelled(caption: str) -> list[str]:
    """Small words and commas, without the full stop."""
    return caption.lower().rstrip(".").replace(",", " ,").split()


class CaptionTask:
    """Draws batches of clips, read off anew each time, and one way of saying each."""

    def __init__(self, recipe: CaptionRecipe, learned: Sequence[CaptionClip], strange: Sequence[CaptionClip]) -> None:
        """A fresh network that knows the usual motion and the words of what is learned from."""
        self.recipe, self.learned, self.strange = recipe, learned, strange
        self.words = Words.of([caption for clip in learned for caption in clip.captions])
        self.feelings = self.words.of_feeling
        self.numbers = [[torch.tensor(self.words.numbers(way)) for way in clip.captions] for clip in learned]
        self.last = torch.tensor([NAMES.index(stretches(clip.told)[-1].name) for clip in learned])
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(recipe.loop.seed)
            self.net: nn.Module = CaptionNet(len(self.words.known), recipe.sizes)
        rows = np.concatenate(read_off(learned[:200], recipe.loop.seed))
        self.net.get_buffer("mean").copy_(torch.from_numpy(rows.mean(0)))
        self.net.get_buffer("spread").copy_(torch.from_numpy(rows.std(0) + 0.02))

    def losses(self, generator: torch.Generator) -> dict[str, Tensor]:
        """Of one batch: words, the last feeling, the gates."""
        chosen = torch.randint(len(self.learned), (self.recipe.batch,), generator=generator).tolist()
        ways = [self.numbers[clip] for clip in chosen]
        said = [way[int(torch.randint(len(way), (1,), generator=generator))] for way in ways]
        motion, inside = as_batch([self.learned[clip].motion for clip in chosen])
        return self.losses_of(misread(motion, inside, generator), inside, said, self.last[chosen])

    def losses_of(self, motion: Tensor, inside: Tensor, said: Sequence[Tensor], last: Tensor) -> dict[str, Tensor]:
        """Of motion (B, T, 58) and sentences, at whose end a feeling (B,) is felt."""
        wanted = pad_sequence([*said], batch_first=True, padding_value=-1)
        lengths = torch.tensor([len(sentence) for sentence in said])
        given = fn.pad(wanted[:, :-1].clamp(min=END), (1, 0), value=BEGIN)
        told = self.net(motion, inside, given)
        words = fn.cross_entropy(told.logits.flatten(0, 1), wanted.flatten(), ignore_index=-1)
        if not self.recipe.sizes.felt:
            return {"loss": words, "words": words}
        names = fn.cross_entropy(told.names[torch.arange(len(said)), lengths - 1], last)
        there = wanted >= 0
        opens = self.feelings[wanted.clamp(min=0)].float()
        gates = fn.binary_cross_entropy(told.gates[there], opens[there])
        loss = words + self.recipe.names * names + self.recipe.gates * gates
        return {"loss": loss, "words": words, "names": names, "gates": gates}

    def validation(self) -> dict[str, float]:
        """Share of strangers' clips of which the named feelings are those that are felt, in their order."""
        said = captions_of(self.net, self.words, read_off(self.strange, 1))
        right = [named(text) == felt_in(clip) for text, clip in zip(said, self.strange, strict=True)]
        return {"right": float(np.mean(right))}


def named(text: str) -> list[str]:
    """The feelings that a text names, in its order."""
    names = {adjective: name for name, adjective in ADJECTIVES.items()}
    return [names[word] for word in spelled(text) if word in names]


def felt_in(clip: CaptionClip) -> list[str]:
    """The feelings of a clip, in their order."""
    return [stretch.name for stretch in stretches(clip.told)]


def as_batch(motions: Sequence[Float32]) -> tuple[Tensor, Tensor]:
    """Motions (T, 58) as (B, T, 58), and which frames are a clip's own (B, T); a short one's last frame is held."""
    most = max(map(len, motions))
    rows = [np.concatenate([motion, np.repeat(motion[-1:], most - len(motion), axis=0)]) for motion in motions]
    inside = torch.arange(most) < torch.tensor([len(motion) for motion in motions])[:, None]
    return torch.from_numpy(np.stack(rows)), inside


def captions_of(net: nn.Module, words: Words, motions: Sequence[Float32]) -> list[str]:
    """What a captioner says of motions (T, 58) as they were read."""
    assert isinstance(net, CaptionNet)
    return [words.text(numbers) for numbers in net.say(*as_batch(motions))]


def caption_task(recipe: CaptionRecipe) -> CaptionTask:
    """What is learned by a recipe, whose seed says which clips are drawn."""
    said, seed = known_speech(), recipe.loop.seed
    learned = [*draw_clips(recipe.clips, seed, said)]
    strangers = range(STRANGERS, STRANGERS + recipe.measured)
    return CaptionTask(recipe, learned, [*draw_clips(recipe.measured, seed + 1, said, strangers)])


def train_caption(
    out: Path, recipe: CaptionRecipe, progress: Progress | None = None, processes: Processes = ALONE
) -> Path:
    """Teach a captioner, and write it to a checkpoint folder.

    Raises:
        CheckpointError: the folder holds the state of another network.
        ConfigError: a loss is not finite.
    """
    task = caption_task(recipe)
    train(task, recipe.loop, out, progress, processes)
    if processes.writes:
        write_captioner(out, task)
    return out


def write_captioner(out: Path, task: CaptionTask) -> None:
    """Write what was learned, its words, and how often it is right, to a checkpoint folder."""
    save_tensors(out / f"{MODULE}.safetensors", task.net.state_dict())
    told = {"words": list(task.words.known), "right": round(task.validation()["right"], 4)}
    write_config(out, KIND, VERSION, told | to_plain(task.recipe))


def open_captioner(folder: Path) -> tuple[CaptionNet, Words]:
    """A captioner that was written to a folder, and its words.

    Raises:
        CheckpointError: not a captioner's folder, of another version, or damaged.
    """
    config = open_checkpoint(folder, KIND, VERSION).config
    words = Words(tuple(map(str, config["words"])))
    net = CaptionNet(len(words.known), CaptionSizes(**config["sizes"]))
    load_module(net, folder / f"{MODULE}.safetensors")
    return net.eval(), words
