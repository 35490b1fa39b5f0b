"""Fine-tuning of the motion backbone: how one person moves, from some minutes of video.

The layers of the denoiser get small changes (low rank), and those alone learn; what an emotion is, the bank, stays. The
last part of the videos is kept back and says whether the person is explained better than by the model that was begun
with; where that is not so, the changes are left out.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import numpy as np
import torch
from torch import nn

from dicetalk.acting.eyes import BLINK_EVERY
from dicetalk.checkpoints import open_checkpoint
from dicetalk.data.passages import Acted, read_acted
from dicetalk.data.person import PREPARED, PersonPreparation, claim_person, read_blinks, read_person
from dicetalk.data.prepare import prepare
from dicetalk.diffusion.channels import AHEAD
from dicetalk.diffusion.checkpoint import BANK, DENOISER, KIND, LONGEST, PRIORS, SHIPPED, SHORTEST, VERSION, read_model
from dicetalk.diffusion.model import MotionSizes
from dicetalk.diffusion.standard import Standard
from dicetalk.emotion.bank import BankSizes
from dicetalk.emotion.priors import Prior, read_priors
from dicetalk.emotion.space import Space
from dicetalk.emotion.vocabulary import NAMES
from dicetalk.errors import CheckpointError, ConfigError, InputError
from dicetalk.low_rank import add_low_rank, merge_low_rank
from dicetalk.modules import load_module
from dicetalk.rates import FPS
from dicetalk.training.loop import STATE, LoopOptions, Progress, train
from dicetalk.training.motion_checkpoint import write_motion
from dicetalk.training.motion_net import Stage2Net
from dicetalk.training.motion_recipe import Stage2Motion, Weights
from dicetalk.training.person_head import with_head_of
from dicetalk.training.stage2_motion import ValidatedMotionTask

APART = FPS
"""Frames between what is learned from and what is kept back: a head drifts slowly."""
KNOWN_BLINKS = 4
"""So many usual times between blinks stand for what is known of people before a video is seen."""
Watched = Callable[[str], Progress]
"""Gives what is told of the steps of a piece of work."""


@dataclass(frozen=True, kw_only=True)
class PersonRecipe:
    """How one person's motion is learned.

    Attributes:
        start: folder of the motion checkpoint that is changed; "" for the one that ships.
        rank: of the changes.
        kept_back: share of each video, its end, by which the result is judged.
        passes: over what is learned from, at most: of some seconds more would be learned by heart.
        learning: everything else, as for a model of everybody; its sizes are those of `start`.

    Raises:
        ConfigError: an option cannot be met.
    """

    start: str = ""
    rank: int = 8
    kept_back: float = 0.2
    passes: int = 150
    learning: Stage2Motion = field(
        default_factory=lambda: Stage2Motion(
            loop=LoopOptions(steps=120, rate=1e-3, warmup=10, decay=0.01, save_every=20, average=0.95),
            batch=8,
            half=False,
            weights=Weights(classes=0.0, bank=0.0),
        )
    )

    def __post_init__(self) -> None:
        if self.rank < 1:
            raise ConfigError(f"the rank is {self.rank}; use 1 or more")
        if self.passes < 1:
            raise ConfigError(f"passes is {self.passes}; use 1 or more")
        if not 0 < self.kept_back < 1:
            raise ConfigError(f"kept_back is {self.kept_back:g}; use a share between 0 and 1")

    def steps_for(self, frames: int) -> int:
        """How many steps are made where so many frames are learned from."""
        most = self.passes * frames // (self.learning.batch * self.learning.frames)
        return max(1, min(self.learning.loop.steps, most))


MOTION_PERSON = PersonRecipe()
"""How one person moves, by small changes of the motion model, for two processor cores."""


@dataclass(frozen=True, eq=False)
class Start:
    """The model that is changed.

    Attributes:
        net: its networks; the discriminator is none of them.
        standard: what makes motion standard.
        space: of its emotions.
        config: what its checkpoint says.
    """

    net: Stage2Net
    standard: Standard
    space: Space
    config: dict[str, Any]

    @property
    def priors(self) -> list[Prior]:
        """Of `NAMES`."""
        return [self.space.priors[name] for name in NAMES]


def open_start(folder: Path) -> Start:
    """The weights of a motion checkpoint, to be learned on from.

    Raises:
        CheckpointError: it is none, or a damaged one.
    """
    config = dict(open_checkpoint(folder, KIND, VERSION).config)
    try:
        told = config["recipe"]["sizes"]
        sizes = MotionSizes(**{**told, "bank": BankSizes(**told["bank"])})
        standard = Standard(*(np.array(config["standard"][name], np.float32) for name in ("mean", "spread")))
        space = Space(str(config["space"]), read_priors(folder / PRIORS))
        net = Stage2Net(sizes)
    except (KeyError, TypeError, ValueError, ConfigError) as error:
        raise CheckpointError(f"the config of {folder} is damaged ({error}); train it again") from None
    load_module(net.denoiser, folder / DENOISER, torch.float32)
    load_module(net.bank, folder / BANK, torch.float32)
    return Start(net, standard, space, config)


def layers_of(net: nn.Module) -> dict[str, nn.Linear]:
    """The layers of a network that change."""
    return {name: layer for name, layer in net.named_modules() if isinstance(layer, nn.Linear)}


class PersonTask(ValidatedMotionTask):
    """Draws windows of one person; of the network small changes learn, and what is added to all frames alike."""

    def __init__(self, start: Start, learned: Acted, kept_back: Acted, recipe: PersonRecipe) -> None:
        self._start = start
        longest = int(np.diff(kept_back.starts).max()) - AHEAD
        learning = replace(recipe.learning, sizes=start.net.denoiser.sizes)
        learning = replace(learning, frames=min(learning.frames, max(longest, 3)))
        super().__init__(learned, kept_back, start.priors, learning, standard=start.standard)
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(learning.loop.seed)
            add_low_rank(self.net, layers_of(self.net.denoiser), recipe.rank)
        for name, parameter in self.net.denoiser.named_parameters():
            parameter.requires_grad_(parameter.requires_grad or name.endswith("bias"))

    def _new_net(self) -> Stage2Net:
        return self._start.net


@dataclass(frozen=True)
class Personal:
    """What became of a person's videos.

    Attributes:
        folder: the checkpoint.
        seconds: of video learned from and kept back.
        before: error on what was kept back, of the model that was begun with.
        after: the same, of the changed one.
        blink_every: median time between blinks [s], where it is learned.
    """

    folder: Path
    seconds: tuple[float, float]
    before: float
    after: float
    blink_every: float | None = None

    @property
    def is_better(self) -> bool:
        """Whether the person is explained better, so that the changes are kept."""
        return self.after < self.before

    def lines(self) -> list[str]:
        """The same, told."""
        learned, kept = self.seconds
        blinks = "" if self.blink_every is None else f"; a blink every {self.blink_every:.1f} s"
        told = [f"{learned:.0f} s learned from, {kept:.0f} s kept back{blinks}"]
        change = f"{self.before:.3f} before, {self.after:.3f} now"
        if self.is_better:
            return [*told, f"what was kept back is explained {1 - self.after / self.before:.0%} better ({change})"]
        return [*told, f"what was kept back is explained no better ({change}): lips and brows move as before"]


def apart(acted: Acted, share: float) -> tuple[Acted, Acted]:
    """The beginnings of passages, and their ends, which are a share of them; a second between lies in neither.

    Raises:
        InputError: a part is too short.
    """
    firsts, lasts = acted.starts[:-1], acted.starts[1:]
    cuts = lasts - np.round((lasts - firsts) * share).astype(np.int64)
    parts = _rows(acted, firsts, cuts - APART), _rows(acted, cuts, lasts)
    for part, what in zip(parts, ("learned from", "kept back"), strict=True):
        if int(part.starts[-1]) < FPS:
            raise InputError(f"less than a second is {what}; give a longer video")
    return parts


def _rows(acted: Acted, firsts: np.ndarray, lasts: np.ndarray) -> Acted:
    chosen = [number for number, (first, last) in enumerate(zip(firsts, lasts, strict=True)) if last - first > 0]
    rows = np.concatenate([np.arange(firsts[number], lasts[number]) for number in chosen] or [np.zeros(0, np.int64)])
    starts = np.cumsum([0, *(int(lasts[number] - firsts[number]) for number in chosen)])
    return Acted(
        acted.speech[:, rows], acted.motion[:, rows], acted.feelings[:, rows], acted.resting[:, chosen], starts
    )


def finetune_motion(
    videos: Sequence[Path], out: Path, recipe: PersonRecipe, emotion: str = "neutral", watched: Watched | None = None
) -> Personal:
    """Learn how a person moves, or go on; gives what became of it. The folder is a motion checkpoint.

    Args:
        videos: of nobody else.
        out: the folder.
        recipe: how.
        emotion: what is felt in the videos, as typed.
        watched: gives what is told of the watching of videos and of the steps of learning.

    Raises:
        InputError: the videos cannot be used.
        CheckpointError: the model to begin with cannot be read, or the folder holds another state.
        ConfigError: a loss is not finite, or the folder is the model to begin with.
    """
    corpus = read_person(videos, emotion)
    folder = Path(recipe.start) if recipe.start else SHIPPED
    start = open_start(folder)
    held = (out / STATE).exists()
    claim_person(corpus, folder, folder / DENOISER, out, held, rank=recipe.rank, kept_back=recipe.kept_back)
    report = prepare(corpus, out / PREPARED, PersonPreparation(), watched and watched("watching"))
    if report.dropped:
        raise InputError(f"{report.dropped[0].reason}; give another video, or leave this one out")
    learned, kept_back = apart(read_acted([out / PREPARED]), recipe.kept_back)
    task = PersonTask(start, learned, kept_back, recipe)
    before = task.validation()["held out error"]
    loop = replace(recipe.learning.loop, steps=recipe.steps_for(int(learned.starts[-1])))
    train(task, loop, out, watched and watched("learning"))
    after = task.validation()["held out error"]
    merge_low_rank(layers_of(task.net.denoiser))
    net = task.net if after < before else open_start(folder).net
    blink_every = _blink_every(*read_blinks(corpus.clips, out / PREPARED))
    made = replace(recipe.learning, sizes=net.denoiser.sizes)
    learned_from = sorted({*start.config.get("learned", ()), "own"})
    write_motion(out, net, made, task.standard, start.space, learned_from, blink_every, folder)
    standard = with_head_of(task.standard, read_model(out), learned)  # which is told by what the written model makes
    write_motion(out, net, made, standard, start.space, learned_from, blink_every, folder)
    seconds = tuple(float(part.starts[-1]) / FPS for part in (learned, kept_back))
    return Personal(out, (seconds[0], seconds[1]), before, after, blink_every)


def _blink_every(blinks: int, seconds: float) -> float:
    """Median time between blinks [s], as far as so many tell; the usual one where hardly any was seen."""
    every = (seconds + KNOWN_BLINKS * BLINK_EVERY) / (blinks + KNOWN_BLINKS)
    return float(np.clip(every, SHORTEST, LONGEST))
