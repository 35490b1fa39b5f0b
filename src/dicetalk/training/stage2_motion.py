"""Stage 2 of the motion backbone: teach a denoiser motion from speech and emotion (paper, sections 3.2 and 3.3).

L = L_diff + L_vq + w L_cls, and what motion needs besides: speed, lips that shut, an upper face that does not tremble.

Some windows learn what guidance would make of them: their target is what the network itself, told less and told more,
says at some scales, which it is told. So one evaluation a step is guided as three would be.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

import numpy as np
import torch
from torch import Tensor, nn

from dicetalk.checkpoints import write_config
from dicetalk.config import to_plain
from dicetalk.data.passages import Acted, corpora, read_acted
from dicetalk.diffusion.channels import AHEAD, BACK, MOTION, WIDEST_GUIDANCE
from dicetalk.diffusion.checkpoint import BANK, DENOISER, KIND, PRIORS, VERSION
from dicetalk.diffusion.model import MotionDenoiser, MotionSizes, Told
from dicetalk.diffusion.standard import Standard, standard_of
from dicetalk.emotion.bank import BankTraining, EmotionBank, Retrieval
from dicetalk.emotion.bank_usage import BankUsage
from dicetalk.emotion.discriminator import UNLABELLED, EmotionDiscriminator, discrimination_loss
from dicetalk.emotion.priors import Prior, save_priors
from dicetalk.emotion.space import Space, open_space, shipped_space
from dicetalk.emotion.vocabulary import NAMES
from dicetalk.errors import CheckpointError, ConfigError
from dicetalk.modules import save_tensors
from dicetalk.motion.basis import lip_parting
from dicetalk.motion.space import EYES, MOUTH, SHAPES
from dicetalk.speech.stream import PHONE_COLUMNS, SPEECH
from dicetalk.training.export import export_motion
from dicetalk.training.loop import LoopOptions, Progress, train
from dicetalk.training.processes import ALONE, Processes

UPPER = [i for i, name in enumerate(SHAPES) if name.startswith(("brow", "eyeSquint", "eyeWide", "cheekSquint"))]
STAGES = 6
"""Of a feeling that turns into another one, of each of which tokens are looked up."""
REVIVE_EVERY = 100
"""Batches."""
PURE = 0.9
"""Share of its strength that a feeling has of one emotion for which the discriminator takes it."""
PERFORMANCES = 2
"""Of each stretch of speech in a batch: the same words, felt otherwise."""
LEVEL_MIDDLE, LEVEL_SPREAD = 0.6, 1.2
"""Of the noise levels that are learned, before the sigmoid: what is told decides most where there is much noise."""
MOST_WEIGHT = 9.0
"""Of a window with little noise, against 1 of pure noise."""
GUIDED_LEVELS = (0.15, 0.9)
"""Noise levels that are guided: below, nothing is left to choose; above, it overshoots (Kynkaanniemi et al. 2024)."""


@dataclass(frozen=True, kw_only=True)
class Drops:
    """What is left out, as shares of the windows.

    Attributes:
        all: neither speech nor emotion.
        emotion: no emotion.
        phones: no phones, but the bands.
        bands: no bands, but the phones.
    """

    all: float = 0.1
    emotion: float = 0.25
    phones: float = 0.3
    bands: float = 0.15


@dataclass(frozen=True, kw_only=True)
class Weights:
    """How much each loss counts against that of diffusion."""

    bank: float = 1.0
    classes: float = 0.1
    speed: float = 0.5
    closure: float = 5.0
    tremble: float = 0.2


@dataclass(frozen=True, kw_only=True)
class Stage2Motion:
    """A recipe.

    Attributes:
        sizes: of the network.
        loop: how long and how fast.
        bank: how it is read.
        drops: what is left out.
        weights: of the losses.
        batch: windows, an even number.
        frames: of a window.
        guided: share of the windows that learn to be guided.
        half: whether to reckon in numbers of 16 bits where that is enough.
        compiled: whether to compile the network first: two minutes, then twice as fast; needs a C++ compiler.
        space: folder of the embedder in whose space emotions lie; "" for the one that ships.

    Raises:
        ConfigError: an option cannot be met.
    """

    sizes: MotionSizes = field(default_factory=MotionSizes)
    loop: LoopOptions = field(default_factory=LoopOptions)
    bank: BankTraining = field(default_factory=BankTraining)
    drops: Drops = field(default_factory=Drops)
    weights: Weights = field(default_factory=Weights)
    batch: int = 64
    frames: int = 100
    guided: float = 0.2
    half: bool = True
    compiled: bool = False
    space: str = ""

    def __post_init__(self) -> None:
        if self.batch < PERFORMANCES or self.batch % PERFORMANCES:
            raise ConfigError(f"the batch is {self.batch}; use a multiple of {PERFORMANCES}")
        if self.frames < 3:
            raise ConfigError(f"the windows have {self.frames} frames; use 3 or more")


@dataclass(frozen=True)
class Windows:
    """A batch of windows of N frames.

    Attributes:
        motion: `(B, N, 58)`, standard.
        speech: `(B, BACK + N + AHEAD, S)`, 0 before the passage.
        feelings: `(B, N, 8)` on the processor.
        resting: `(B, 52)` faces, standard.
    """

    motion: Tensor
    speech: Tensor
    feelings: Tensor
    resting: Tensor


@dataclass(frozen=True)
class Felt:
    """What windows feel.

    Attributes:
        tokens: `(B, E, L, D)` of the bank.
        stages: `(B, N)` which of the E each frame feels.
        found: what the bank retrieved.
    """

    tokens: Tensor
    stages: Tensor
    found: Retrieval


class Stage2Net(nn.Module):
    """All that is learned together, how often each entry of the bank was retrieved, and of how many batches."""

    shares: Tensor
    batches: Tensor

    def __init__(self, sizes: MotionSizes) -> None:
        super().__init__()
        self.denoiser = MotionDenoiser(sizes)
        self.bank = EmotionBank(sizes.bank)
        self.discriminator = EmotionDiscriminator(sizes.width, len(NAMES))
        self.register_buffer("shares", torch.full((sizes.bank.codes,), 1 / sizes.bank.codes))
        self.register_buffer("batches", torch.zeros(()))


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
        self.motion, self.speech, self.resting = (
            torch.from_numpy(x).to(self.device) for x in (acted.motion, acted.speech, acted.resting)
        )
        self.feelings = torch.from_numpy(acted.feelings)
        self.starts = torch.from_numpy(acted.starts)
        self.means, self.stds = (
            torch.from_numpy(np.stack([getattr(prior, part) for prior in priors])).to(self.device)
            for part in ("mean", "std")
        )
        self.mean, self.spread = (
            torch.from_numpy(x).to(self.device) for x in (self.standard.mean, self.standard.spread)
        )
        self.parting = torch.from_numpy(lip_parting()).float().to(self.device)
        self.counts = _counts().to(self.device)

    def _new_net(self) -> Stage2Net:
        """What is learned, before it is."""
        return Stage2Net(self.recipe.sizes)

    def losses(self, generator: torch.Generator) -> dict[str, Tensor]:
        """The losses of one batch."""
        with torch.autocast(self.device.type, torch.bfloat16, enabled=self.recipe.half):
            return self._losses(self._drawn(generator), generator)

    def _losses(self, windows: Windows, generator: torch.Generator) -> dict[str, Tensor]:
        usage = self._usage()
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
        classes = self._classes(windows.feelings).to(self.device)
        classes = torch.where(drop_emotion, UNLABELLED, classes)
        usage.add(felt.found.indices)
        self.net.shares.copy_(usage.shares)
        told_of = self._compared(clean.float(), true, features, classes, level, felt.found)
        return told_of | {"entries": torch.tensor(usage.perplexity, device=self.device)}

    def _usage(self) -> BankUsage:
        """How often each entry of the bank was retrieved; now and then those that hardly ever are get new life."""
        net, usage = self.net, BankUsage(self.recipe.sizes.bank.codes)
        usage.shares = net.shares.cpu()
        net.batches += 1
        if int(net.batches) % REVIVE_EVERY == 0:  # by what all processes know alike
            usage.revive(net.bank.codebook, torch.Generator().manual_seed(int(net.batches)))
        return usage

    def _drawn(self, generator: torch.Generator) -> Windows:
        """Windows that begin anywhere in a passage, `PERFORMANCES` of each."""
        count, frames = self.recipe.batch // PERFORMANCES, self.recipe.frames
        lengths = self.starts[1:] - self.starts[:-1]
        passage = torch.multinomial(lengths.double(), count, True, generator=generator)
        room = (lengths[passage] - frames - AHEAD).clamp(min=0)
        first = ((torch.rand(count, generator=generator) * 1.1 - 0.1).clamp(min=0) * (room + 1)).long()
        passage, first = (x.repeat_interleave(PERFORMANCES) for x in (passage, first))
        count = len(passage)
        performance = torch.argsort(torch.rand(count // PERFORMANCES, len(self.motion), generator=generator), 1)
        performance = performance[:, torch.arange(PERFORMANCES) % len(self.motion)].flatten()
        hearing = torch.randint(len(self.speech), (count,), generator=generator)
        places = first[:, None] + torch.arange(-BACK, frames + AHEAD)
        inside = places.clamp(min=0).minimum(lengths[passage][:, None] - 1) + self.starts[passage][:, None]
        rows, own = inside.to(self.device), inside[:, BACK : BACK + frames]
        performance, hearing = performance[:, None], hearing[:, None].to(self.device)
        on_device = performance.to(self.device)
        motion = (self.motion[on_device, rows[:, BACK : BACK + frames]].float() - self.mean) / self.spread
        resting = self.resting[on_device[:, 0], passage.to(self.device)].float() / self.spread[: len(SHAPES)]
        speech = self.speech[hearing, rows].float() * (places >= 0).to(self.device)[..., None]
        return Windows(motion, speech, self.feelings[performance, own].float(), resting)

    def _felt(self, windows: Windows, dropped: Tensor, generator: torch.Generator) -> Felt:
        """Tokens of the feelings there are in each window."""
        stages = torch.stack([_stages(row) for row in windows.feelings])
        priors, there = self._priors(windows, stages, generator)
        tokens, found = self.net.bank.learn(
            priors[there][:, None], dropped[:, None].expand_as(there)[there].float()[:, None], self.means[0],
            self.recipe.bank, generator,
        )  # fmt: skip
        all_tokens = tokens.new_zeros(*there.shape, *tokens.shape[2:])
        all_tokens[there] = tokens[:, 0]
        return Felt(all_tokens, stages.to(self.device), found)

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
        felt: Felt,
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
        return Told(net.speech_memory(speech), net.emotion_memory(felt.tokens.flatten(1, 2)), feels,
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
            net(noisy, level, each)[0].float() for each in (full, unmoved, replace(unmoved, speech=silent))
        )
        wanted = ((level > GUIDED_LEVELS[0]) & (level < GUIDED_LEVELS[1])).float()[:, None] * (scales - 1)
        lips = torch.zeros(MOTION, device=self.device)
        lips[: len(SHAPES)][torch.from_numpy(MOUTH)] = 1
        more = wanted[:, 0, None, None] * lips * (told_speech - told_none)
        return told_all + more + wanted[:, 1, None, None] * (told_all - told_speech)

    @staticmethod
    def _classes(feelings: Tensor) -> Tensor:
        """The emotion of each window `(B,)` whose feelings `(B, N, 8)` are of one and do not turn; others have none."""
        turns = (feelings.amax(1) - feelings.amin(1)).amax(1) > 1 / STAGES
        strengths, strongest = feelings[:, 0, 1:].max(1)
        mixed = strengths < PURE * feelings[:, 0, 1:].sum(1)
        felt = torch.where(feelings[:, 0, 0] > 1 - 1 / STAGES, 0, strongest + 1)
        return torch.where(turns | mixed, UNLABELLED, felt)

    def _compared(
        self, made: Tensor, true: Tensor, features: Tensor, classes: Tensor, level: Tensor, found: Retrieval
    ) -> dict[str, Tensor]:
        weights = self.recipe.weights
        away = (made - true).square() * self.counts
        weight = torch.clamp(((1 - level).square() + level.square()) / level.square().clamp(min=1e-6), max=MOST_WEIGHT)
        diffusion = (weight[:, None, None] * away).mean()
        speed = ((made.diff(dim=1) - true.diff(dim=1)).abs() * self.counts).mean()
        closure = self._closure(made, true)
        tremble = (made[..., UPPER].diff(n=2, dim=1) - true[..., UPPER].diff(n=2, dim=1)).square().mean()
        logits = self.net.discriminator(features).float()
        told = discrimination_loss(logits, classes, level)
        loss = diffusion + weights.bank * found.loss + weights.classes * told
        loss = loss + weights.speed * speed + weights.closure * closure + weights.tremble * tremble
        known = classes != UNLABELLED
        right = (logits.argmax(1) == classes)[known].float().mean() if known.any() else loss.new_zeros(())
        return {"loss": loss, "diffusion": diffusion, "bank": found.loss, "classes": told, "right": right,
                "speed": speed, "closure": closure, "tremble": tremble}  # fmt: skip

    def _gaps(self, motion: Tensor) -> Tensor:
        """How far lips part in standard motion `(B, N, 58)`, at each pair of points."""
        count = len(SHAPES)
        return (motion[..., :count] * self.spread[:count] + self.mean[:count]) @ self.parting

    def _closure(self, made: Tensor, true: Tensor) -> Tensor:
        """How far lips part wrongly, most where they should touch."""
        gaps = [self._gaps(x) for x in (made, true)]
        return (torch.exp(-20 * gaps[1].clamp(min=0)) * (gaps[0] - gaps[1]).square()).mean() * 20


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
    ) -> None:
        """As `MotionTask`; `held_out` is not learned from."""
        super().__init__(acted, priors, recipe, device)
        other = MotionTask(held_out, priors, replace(recipe, compiled=False), device, self.standard)
        generator = torch.Generator().manual_seed(VALIDATION_SEED)
        self.held_out = other._drawn(generator)

    @torch.no_grad()
    def validation(self) -> dict[str, float]:
        """Mean squared error of all channels, and how the lips' opening correlates, at some levels of noise."""
        generator = torch.Generator().manual_seed(VALIDATION_SEED)
        windows, count = self.held_out, len(self.held_out.motion)
        none = torch.zeros(count, dtype=torch.bool, device=self.device)
        noise = torch.randn(windows.motion.shape, generator=generator).to(self.device)
        errors, likeness = [], []
        for level in VALIDATION_LEVELS:
            levels, ones = torch.full((count,), level, device=self.device), torch.ones(count, 2, device=self.device)
            felt = self._felt(windows, none, generator)
            told = self._told(windows, felt, none, (levels, ones), generator, Drops(phones=0.0, bands=0.0))
            made = self.net.denoiser((1 - level) * windows.motion + level * noise, levels, told)[0].float()
            errors.append((made - windows.motion).square().mean())
            gaps = torch.stack([self._gaps(made).mean(-1), self._gaps(windows.motion).mean(-1)])
            gaps = gaps - gaps.mean(-1, keepdim=True)
            norms = gaps.square().sum(-1).sqrt().prod(0).clamp(min=1e-9)
            likeness.append((gaps.prod(0).sum(-1) / norms).mean())
        return {
            "held out error": float(torch.stack(errors).mean()),
            "held out opening": float(torch.stack(likeness).mean()),
        }


def _counts() -> Tensor:
    """How much each channel counts, (58,): lips and jaw twice, gaze and head half."""
    counts = torch.ones(MOTION)
    counts[: len(SHAPES)][torch.from_numpy(MOUTH)] = 2.0
    counts[: len(SHAPES)][torch.from_numpy(EYES)] = 0.5
    counts[len(SHAPES) :] = 0.5
    return counts


def _part(told: Told, chosen: Tensor) -> Told:
    """What some windows `(B,)` are told."""
    columns = ("speech", "emotion", "feels", "condition", "past")
    return replace(told, **{name: getattr(told, name)[chosen].detach() for name in columns})


def _stages(feelings: Tensor) -> Tensor:
    """Which stage of a turn each frame of feelings `(N, 8)` is in, `(N,)`, counted from 0: frames alike share one."""
    weights = (STAGES + 1.0) ** torch.arange(feelings.shape[1], dtype=torch.float64)
    return (feelings.double().mul(STAGES).round() @ weights).unique(return_inverse=True)[1]


def _chosen(share: float, count: int, generator: torch.Generator) -> Tensor:
    return torch.rand(count, generator=generator) < share


LEVELS = (1.0, 0.9, 0.7, 0.4, 0.1, 0.0)
"""Of noise, through which motion is made: five steps. How a head wanders is settled where there is much noise, how lips
end up where there is little."""


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
    learned, held_out = (read_acted(data, held_out=each) for each in (False, True))
    task = ValidatedMotionTask(learned, held_out, priors, recipe, processes.device)
    train(task, recipe.loop, out, progress, processes)
    if processes.writes:
        write_motion(out, task.net, recipe, task.standard, space, corpora(data))
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


def write_motion(
    out: Path,
    net: Stage2Net,
    recipe: Stage2Motion,
    standard: Standard,
    space: Space,
    learned: Sequence[str] = ("synthetic",),
) -> None:
    """The files of a motion model: weights in 16 bits, graphs, the named emotions, and what all was made by, and of
    which corpora it has learned."""
    with torch.random.fork_rng(devices=[]):
        kept = Stage2Net(recipe.sizes)  # without what compiling left
    kept.load_state_dict({name: tensor.cpu().half().float() for name, tensor in net.state_dict().items()})
    kept.eval()
    for part, file in ((kept.denoiser, DENOISER), (kept.bank, BANK)):
        save_tensors(out / file, {name: tensor.half() for name, tensor in part.state_dict().items()})
    export_motion(kept.denoiser, kept.bank, LEVELS, out)
    save_priors(out / PRIORS, {name: space.priors[name] for name in NAMES}, space.name)
    told = {name: [round(float(x), 6) for x in getattr(standard, name)] for name in ("mean", "spread")}
    made_by = {"learned": list(learned), "recipe": to_plain(recipe)}
    write_config(out, KIND, VERSION, {"vocabulary": list(NAMES), "space": space.name, "levels": list(LEVELS),
                                      "standard": told} | made_by)  # fmt: skip
