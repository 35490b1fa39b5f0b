"""Stage 2 of the motion backbone: teach a denoiser motion from speech and emotion (paper, sections 3.2 and 3.3).

L = L_diff + L_vq + w L_cls, and what motion needs besides: speed, lips that shut, an upper face that does not tremble.

Some windows learn what guidance would make of them: their target is what the network itself, told less and told more,
says at some scales, which it is told. So one evaluation a step is guided as three would be.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from dicetalk.data.passages import Acted, acted_of, corpora, read_passages
from dicetalk.diffusion.channels import MOTION, WIDEST_GUIDANCE
from dicetalk.diffusion.model import Told
from dicetalk.diffusion.standard import Standard, standard_of
from dicetalk.emotion.bank import Retrieval
from dicetalk.emotion.discriminator import UNLABELLED
from dicetalk.emotion.priors import Prior
from dicetalk.emotion.space import Space, open_space, shipped_space
from dicetalk.emotion.vocabulary import NAMES
from dicetalk.errors import CheckpointError, ConfigError
from dicetalk.motion.space import MOUTH, SHAPES
from dicetalk.speech.stream import PHONE_COLUMNS, SPEECH
from dicetalk.training.loop import Progress, train
from dicetalk.training.motion_checkpoint import write_motion
from dicetalk.training.motion_losses import MotionLosses
from dicetalk.training.motion_net import Stage2Net
from dicetalk.training.motion_recipe import Drops, Stage2Motion
from dicetalk.training.motion_windows import ActedWindows, Windows, classes_of, stages_of
from dicetalk.training.processes import ALONE, Processes

LEVEL_MIDDLE, LEVEL_SPREAD = 0.6, 1.2
"""Of the noise levels that are learned, before the sigmoid: what is told decides most where there is much noise."""
GUIDED_LEVELS = (0.15, 0.9)
"""Noise levels that are guided: below, nothing is left to choose; above, it overshoots (Kynkaanniemi et al. 2024)."""


@dataclass(frozen=True)
class WindowTokens:
    """What windows feel, as tokens.

    Attributes:
        tokens: `(B, E, L, D)` of the bank.
        stages: `(B, N)` which of the E each frame feels.
        found: what the bank retrieved.
    """

    tokens: Tensor
    stages: Tensor
    found: Retrieval


class MotionTask:
    """Draws windows of acted motion and tells how badly they are made out of noise."""

    def __init__(
        self,
        acted: Acted,
        priors: Sequence[Prior],
        recipe: Stage2Motion,
        device: torch.device | None = None,
        standard: Standard | None = None,
    ) -> None:
        """Put everything on the device; `priors` are those of `NAMES`; without a standard, the data's own is found."""
        self.recipe, self.device = recipe, device or torch.device("cpu")
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(recipe.loop.seed)
            self.net = self._new_net().to(self.device)
        if recipe.compiled:
            self.net.denoiser.compile()
        self.standard = standard or standard_of(acted.motion)
        self.windows = ActedWindows(acted, self.standard, self.device)
        self.compared = MotionLosses(recipe.weights, self.standard, self.device)
        self.means, self.stds = (
            torch.from_numpy(np.stack([getattr(prior, part) for prior in priors])).to(self.device)
            for part in ("mean", "std")
        )

    @property
    def samples(self) -> int:
        """Windows of a batch."""
        return self.recipe.batch

    def _new_net(self) -> Stage2Net:
        """What is learned, before it is."""
        return Stage2Net(self.recipe.sizes)

    def losses(self, generator: torch.Generator) -> dict[str, Tensor]:
        """The losses of one batch."""
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.recipe.half):
            return self._losses(self.drawn(generator), generator)

    def drawn(self, generator: torch.Generator) -> Windows:
        """One batch."""
        return self.windows.draw(self.recipe.batch, self.recipe.frames, generator)

    def _losses(self, windows: Windows, generator: torch.Generator) -> dict[str, Tensor]:
        usage = self.net.usage()
        count, drops = len(windows.motion), self.recipe.drops
        drop_all = _chosen(drops.all, count, generator).to(self.device)
        drop_emotion = drop_all | _chosen(drops.emotion, count, generator).to(self.device)
        felt = self._felt(windows, drop_emotion, generator)
        level = (LEVEL_MIDDLE + LEVEL_SPREAD * torch.randn(count, generator=generator)).sigmoid().to(self.device)
        guided = ~drop_emotion & _chosen(self.recipe.guided, count, generator).to(self.device)
        scales = torch.rand(count, 2, generator=generator).to(self.device) * guided[:, None]
        scales = 1 + scales * (torch.tensor(WIDEST_GUIDANCE, device=self.device) - 1)
        told = self._told(windows, felt, drop_all, (level, scales), generator, drops)
        noise = torch.randn(windows.motion.shape, generator=generator).to(self.device)
        path = level[:, None, None]
        noisy = (1 - path) * windows.motion + path * noise
        clean, features, _ = self.net.denoiser(noisy, level, told)
        true = windows.motion
        if guided.any():
            true = true.clone()
            true[guided] = self._guided(_part(told, guided), noisy[guided], level[guided], scales[guided],
                                        windows.resting[guided])  # fmt: skip
        classes = classes_of(windows.feelings).to(self.device)
        classes = torch.where(drop_emotion, UNLABELLED, classes)
        usage.add(felt.found.indices)
        self.net.shares.copy_(usage.shares)
        logits = self.net.discriminator(features).float()
        told_of = self.compared.of(clean.float(), true, logits, classes, level, felt.found)
        return told_of | {"entries": torch.tensor(usage.perplexity, device=self.device)}

    def _felt(self, windows: Windows, dropped: Tensor, generator: torch.Generator) -> WindowTokens:
        """Tokens of the feelings there are in each window."""
        stages = torch.stack([stages_of(row) for row in windows.feelings])
        priors, there = self._priors(windows, stages, generator)
        tokens, found = self.net.bank.learn(
            priors[there][:, None], dropped[:, None].expand_as(there)[there].float()[:, None], self.means[0],
            self.recipe.bank, generator,
        )  # fmt: skip
        all_tokens = tokens.new_zeros(*there.shape, *tokens.shape[2:])
        all_tokens[there] = tokens[:, 0]
        return WindowTokens(all_tokens, stages.to(self.device), found)

    def _priors(self, windows: Windows, stages: Tensor, generator: torch.Generator) -> tuple[Tensor, Tensor]:
        """Priors `(B, E, D)` of the stages `(B, N)` of windows, drawn from their Gaussians; and which there are."""
        feelings = torch.zeros(len(stages), int(stages.max()) + 1, len(NAMES))
        for number, row in enumerate(stages):
            feelings[number, row] = windows.feelings[number]
        feelings = feelings.to(self.device)
        drawn = torch.randn(len(stages), 1, self.means.shape[1], generator=generator).to(self.device)
        return feelings @ self.means + (feelings @ self.stds) * drawn, feelings.sum(-1) > 0

    def _told(
        self,
        windows: Windows,
        felt: WindowTokens,
        drop_all: Tensor,
        guidance: tuple[Tensor, Tensor],
        generator: torch.Generator,
        drops: Drops,
    ) -> Told:
        """What the network is told: of speech perhaps only phones or only bands, or nothing."""
        count, net = len(windows.motion), self.net.denoiser
        lot = torch.rand(count, generator=generator).to(self.device)
        keeps = torch.ones(count, SPEECH, device=self.device)
        keeps[:, :PHONE_COLUMNS] *= (lot >= drops.phones)[:, None]
        keeps[:, PHONE_COLUMNS:] *= ((lot < drops.phones) | (lot >= drops.phones + drops.bands))[:, None]
        speech = windows.speech * keeps[:, None] * ~drop_all[:, None, None]
        most, length = felt.tokens.shape[1:3]
        feels = nn.functional.one_hot(felt.stages, most).bool().repeat_interleave(length, 2)
        level, scales = guidance
        past = speech.new_zeros(count, self.recipe.sizes.layers, 0, 2 * self.recipe.sizes.width)
        memory = net.speech_memory(speech)
        return Told(memory, net.near(memory), net.emotion_memory(felt.tokens.flatten(1, 2)), feels,
                    net.condition(level, windows.resting, scales), past,
                    torch.zeros(0, dtype=torch.bool, device=self.device))  # fmt: skip

    @torch.no_grad()
    def _guided(self, told: Told, noisy: Tensor, level: Tensor, scales: Tensor, resting: Tensor) -> Tensor:
        """What guidance makes of windows: away from what is said without emotion, and without speech."""
        net, count = self.net.denoiser, len(noisy)
        nothing = self.net.bank.no_emotion(self.recipe.bank.no_emotion, self.means[0])
        emotion = net.emotion_memory(nothing[None]).expand(count, -1, -1, -1)
        feels = torch.ones(count, noisy.shape[1], len(nothing), dtype=torch.bool, device=self.device)
        silent = net.speech_memory(noisy.new_zeros(count, told.speech.shape[2], SPEECH))
        full = replace(told, condition=net.condition(level, resting, torch.ones_like(scales)))
        unmoved = replace(full, emotion=emotion, feels=feels)
        told_all, told_speech, told_none = (
            net(noisy, level, each)[0].float()
            for each in (full, unmoved, replace(unmoved, speech=silent, near=net.near(silent)))
        )
        wanted = ((level > GUIDED_LEVELS[0]) & (level < GUIDED_LEVELS[1])).float()[:, None] * (scales - 1)
        lips = torch.zeros(MOTION, device=self.device)
        lips[: len(SHAPES)][torch.from_numpy(MOUTH)] = 1
        more = wanted[:, 0, None, None] * lips * (told_speech - told_none)
        return told_all + more + wanted[:, 1, None, None] * (told_all - told_speech)


VALIDATION_LEVELS = (0.95, 0.6, 0.25)
"""Of noise, at each of which motion that is not learned from is told."""
VALIDATION_SEED = 23


class ValidatedMotionTask(MotionTask):
    """The same, which also tells how well it does on voices that are held out."""

    def __init__(
        self,
        acted: Acted,
        held_out: Acted,
        priors: Sequence[Prior],
        recipe: Stage2Motion,
        device: torch.device | None = None,
        standard: Standard | None = None,
    ) -> None:
        """As `MotionTask`; `held_out` is not learned from."""
        super().__init__(acted, priors, recipe, device, standard)
        other = MotionTask(held_out, priors, replace(recipe, compiled=False), device, self.standard)
        generator = torch.Generator().manual_seed(VALIDATION_SEED)
        self.held_out = other.drawn(generator)

    def validation(self) -> dict[str, float]:
        """Mean squared error of all channels, and how the lips' opening correlates, at some levels of noise."""
        true, errors, likeness = self.held_out.motion, [], []
        for made in self.guesses(self.held_out):
            errors.append((made - true).square().mean())
            gaps = torch.stack([self.compared.gaps(made).mean(-1), self.compared.gaps(true).mean(-1)])
            gaps = gaps - gaps.mean(-1, keepdim=True)
            norms = gaps.square().sum(-1).sqrt().prod(0).clamp(min=1e-9)
            likeness.append((gaps.prod(0).sum(-1) / norms).mean())
        return {
            "held out error": float(torch.stack(errors).mean()),
            "held out opening": float(torch.stack(likeness).mean()),
        }

    @torch.no_grad()
    def guesses(self, windows: Windows) -> list[Tensor]:
        """The motion `(B, N, 58)` of windows as it is told at each of `VALIDATION_LEVELS`, the same each time."""
        generator, count = torch.Generator().manual_seed(VALIDATION_SEED), len(windows.motion)
        none = torch.zeros(count, dtype=torch.bool, device=self.device)
        noise = torch.randn(windows.motion.shape, generator=generator).to(self.device)
        found = []
        for level in VALIDATION_LEVELS:
            levels, ones = torch.full((count,), level, device=self.device), torch.ones(count, 2, device=self.device)
            felt = self._felt(windows, none, generator)
            told = self._told(windows, felt, none, (levels, ones), generator, Drops(phones=0.0, bands=0.0))
            found.append(self.net.denoiser((1 - level) * windows.motion + level * noise, levels, told)[0].float())
        return found


def _part(told: Told, chosen: Tensor) -> Told:
    """What some windows `(B,)` are told."""
    columns = ("speech", "near", "emotion", "feels", "condition", "past")
    return replace(told, **{name: getattr(told, name)[chosen].detach() for name in columns})


def _chosen(share: float, count: int, generator: torch.Generator) -> Tensor:
    return torch.rand(count, generator=generator) < share


def train_motion(
    data: Sequence[Path],
    out: Path,
    recipe: Stage2Motion,
    progress: Progress | None = None,
    processes: Processes = ALONE,
) -> Path:
    """Train a motion model on folders of passages, or go on; gives the checkpoint's folder.

    Whoever is held out is never learned from, but tells how well it does.

    Raises:
        InputError: the data cannot be used.
        CheckpointError: the folder holds another network's state, or the space cannot be read or lacks emotions.
        ConfigError: a loss is not finite, or the recipe's bank is of another width than the space.
    """
    space = open_space(Path(recipe.space)) if recipe.space else shipped_space()
    priors = _named_priors(space, recipe)
    passages = read_passages(data)
    learned, held_out = (acted_of(passages, data, held_out=each) for each in (False, True))
    learned_from = corpora(passages)
    del passages  # as large as what was made of them
    task = ValidatedMotionTask(learned, held_out, priors, recipe, processes.device)
    train(task, recipe.loop, out, progress, processes)
    if processes.writes:
        write_motion(out, task.net, recipe, task.standard, space, learned_from)
    return out


def _named_priors(space: Space, recipe: Stage2Motion) -> list[Prior]:
    """Those of all eight names, as wide as the recipe's bank reads them."""
    absent = [name for name in NAMES if name not in space.priors]
    if absent:
        raise CheckpointError(
            f"{recipe.space} has no prior of {', '.join(absent)}; train it on all of {', '.join(NAMES)}"
        )
    width, expected = len(space.priors[NAMES[0]].mean), recipe.sizes.bank.prior
    if width != expected:
        raise ConfigError(
            f"{recipe.space or 'the shipped space'} has {width} columns, the bank reads {expected}; "
            f"set sizes.bank.prior={width}"
        )
    return [space.priors[name] for name in NAMES]
