"""The motion diffusion with one of its parts taken out or exchanged: what `ablation.py` compares."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

import torch
from actor_priors import ActorPriors
from torch import Tensor, nn

from dicetalk.config import changed
from dicetalk.data.passages import Acted
from dicetalk.diffusion.channels import AHEAD, BACK
from dicetalk.diffusion.model import MotionDenoiser, MotionSizes, Told, _likely
from dicetalk.diffusion.standard import Standard
from dicetalk.emotion.bank import BankTraining, EmotionBank, Retrieval
from dicetalk.emotion.priors import Prior
from dicetalk.training.motion_net import Stage2Net
from dicetalk.training.motion_recipe import Stage2Motion
from dicetalk.training.motion_windows import Windows
from dicetalk.training.stage2_motion import MotionTask

LABEL = 2.0
"""Size of a learned label's numbers at first, about that of the shipped priors'."""


class NoBank(EmotionBank):
    """A prior's own tokens: nothing is looked up."""

    def forward(self, prior: Tensor, dropped: Tensor | None = None) -> Tensor:
        return self.emo_linear(self._drop(prior, dropped))

    def no_emotion(self, kind: str, neutral: Tensor) -> Tensor:
        return self(torch.zeros_like(neutral)[None, None])[0, 0]

    def learn(
        self, prior: Tensor, dropped: Tensor, neutral: Tensor, options: BankTraining, generator: torch.Generator
    ) -> tuple[Tensor, Retrieval]:
        none = torch.zeros(prior.shape[:2], dtype=torch.long)
        return self(prior, dropped), Retrieval(prior, none, prior.new_zeros(()))


class RetrievingBank(EmotionBank):
    """What is used is what was trained: a prior reads the entry that is nearest to it."""

    def forward(self, prior: Tensor, dropped: Tensor | None = None) -> Tensor:
        return self.retrieve(prior, dropped)[0]


class GruDenoiser(MotionDenoiser):
    """Two recurrent layers in place of the transformer; each frame is told the speech around it and its own emotion."""

    def __init__(self, sizes: MotionSizes) -> None:
        super().__init__(replace(sizes, layers=2))
        width = sizes.width
        del self.blocks, self.shifts, self.tables, self.token, self.around
        self.heard = nn.Linear((BACK + 1 + AHEAD) * width, width)
        self.felt = nn.Linear(sizes.bank.width, width)
        self.below, self.above = (
            nn.GRU(width, 2 * width, batch_first=True),
            nn.GRU(2 * width, 2 * width, batch_first=True),
        )
        self.middle, self.top = nn.Linear(2 * width, width), nn.Linear(2 * width, width)

    def speech_memory(self, speech: Tensor) -> Tensor:
        return self.speech_norm(self.speech(speech))[:, None]

    def near(self, memory: Tensor) -> Tensor:
        return self.heard(memory[:, 0].unfold(1, BACK + 1 + AHEAD, 1).flatten(2))

    def emotion_memory(self, tokens: Tensor) -> Tensor:
        return self.felt(tokens)[:, None]

    def forward(self, noisy: Tensor, level: Tensor, told: Told) -> tuple[Tensor, Tensor, Tensor]:
        share = told.feels.to(noisy.dtype) / told.feels.sum(2, keepdim=True)
        frames = (
            self.motion(_likely(noisy, level))
            + told.near
            + share @ told.emotion[:, 0].float()
            + told.condition[:, None]
        )
        with torch.autocast(frames.device.type, enabled=False):
            below, _ = self.below(frames.float())
            above, _ = self.above(below)
        shift, scale = self.last(told.condition)[:, None].chunk(2, -1)
        clean = self.clean(self.norm(self.top(above)) * (1 + scale) + shift)
        return clean, self.middle(below), told.past


class WithoutBank(MotionTask):
    def _new_net(self) -> Stage2Net:
        net = super()._new_net()
        net.bank = NoBank(self.recipe.sizes.bank)
        return net


class RetrievingOnly(MotionTask):
    def _new_net(self) -> Stage2Net:
        net = super()._new_net()
        net.bank = RetrievingBank(self.recipe.sizes.bank)
        return net


class Recurrent(MotionTask):
    def _new_net(self) -> Stage2Net:
        net = super()._new_net()
        net.denoiser = GruDenoiser(self.recipe.sizes)
        return net


class LabelNet(Stage2Net):
    """Holds a learned vector for each name."""

    def __init__(self, sizes: MotionSizes, names: int) -> None:
        super().__init__(sizes)
        self.labels = nn.Parameter(LABEL * torch.randn(names, sizes.bank.prior))


class Labelled(MotionTask):
    """Learned vectors in place of the embedder's priors, mixed by the same weights."""

    def _new_net(self) -> Stage2Net:
        return LabelNet(self.recipe.sizes, 8)

    def __init__(
        self, acted: Acted, priors: Sequence[Prior], recipe: Stage2Motion, standard: Standard | None = None
    ) -> None:
        super().__init__(acted, priors, recipe, standard=standard)
        assert isinstance(self.net, LabelNet)
        self.means, self.stds = self.net.labels, torch.zeros_like(self.net.labels)


class OfActors(MotionTask):
    """Priors that another embedder found, each window's with what that embedder tells of its actor."""

    def __init__(
        self, acted: Acted, found: ActorPriors, recipe: Stage2Motion, standard: Standard | None = None
    ) -> None:
        super().__init__(acted, found.priors, recipe, standard=standard)
        self.actors = found.resting / self.windows.spread[: found.resting.shape[1]]
        self.offsets = found.offsets

    def _priors(self, windows: Windows, stages: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        priors, there = super()._priors(windows, stages, generator)
        who = torch.cdist(windows.resting, self.actors).argmin(1)
        return priors + self.offsets[who][:, None], there


@dataclass(frozen=True)
class Row:
    """One row of the table.

    Attributes:
        says: what it is.
        task: what is learned.
        changes: of the recipe.
        positives: of the small embedder that finds its priors, "" where the one that ships does.
        bank: whether there is one.
    """

    says: str
    task: type[MotionTask] = MotionTask
    changes: tuple[str, ...] = ()
    positives: str = ""
    bank: bool = True


OTHERS, SAME = "others", "same"
ROWS = {
    "full": Row("full"),
    "no-bank": Row("without the bank: prior straight to tokens", WithoutBank, bank=False),
    "retrieval": Row("bank: the retrieved entry only", RetrievingOnly, ("bank.whole=0",)),
    "whole": Row("bank: the whole of it only", MotionTask, ("bank.whole=1",)),
    "no-classes": Row("without the discrimination objective", MotionTask, ("weights.classes=0",)),
    "labels": Row("without the embedder: a learned vector a name", Labelled),
    "others": Row("small embedder, positives of other actors", OfActors, (), OTHERS),
    "same": Row("small embedder, positives of the same actor", OfActors, (), SAME),
    "gru": Row("a GRU in place of the transformer", Recurrent),
}


def new_task(
    row: Row,
    acted: Acted,
    priors: Sequence[Prior],
    recipe: Stage2Motion,
    standard: Standard,
    found: ActorPriors | None = None,
) -> MotionTask:
    """What a row learns; `found` are the priors of its small embedder, if it has one."""
    recipe = changed(recipe, row.changes)
    if found is not None:
        return OfActors(acted, found, recipe, standard)
    return row.task(acted, priors, recipe, standard=standard)
