"""Stage 2 of the motion backbone: teach a denoiser motion from speech and emotion (paper, sections 3.2 and 3.3).

L = L_diff + L_vq + w L_cls, and what motion needs besides: speed, lips that shut, an upper face that does not tremble.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
import torch
from torch import Tensor, nn

from dicetalk.data.acted import Acted
from dicetalk.diffusion.model import MotionDenoiser, MotionSizes, Told
from dicetalk.diffusion.standard import standard_of
from dicetalk.diffusion.window import HISTORY, MOTION, PARTS, SPEECH, WINDOW
from dicetalk.emotion.bank import BankTraining, EmotionBank, Retrieval
from dicetalk.emotion.discriminator import EmotionDiscriminator, discrimination_loss
from dicetalk.emotion.priors import Prior
from dicetalk.emotion.vocabulary import NAMES
from dicetalk.motion.basis import lip_parting
from dicetalk.motion.space import EYES, MOUTH, SHAPES
from dicetalk.speech.broad import PHONES
from dicetalk.training.loop import LoopOptions

PHONE_COLUMNS = PARTS * len(PHONES)
UPPER = [i for i, name in enumerate(SHAPES) if name.startswith(("brow", "eyeSquint", "eyeWide", "cheekSquint"))]


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
        batch: windows.
        noise: up to which the history is disturbed [spreads].
    """

    sizes: MotionSizes = field(default_factory=MotionSizes)
    loop: LoopOptions = field(default_factory=LoopOptions)
    bank: BankTraining = field(default_factory=BankTraining)
    drops: Drops = field(default_factory=Drops)
    weights: Weights = field(default_factory=Weights)
    batch: int = 64
    noise: float = 0.1


@dataclass(frozen=True)
class Windows:
    """A batch of windows.

    Attributes:
        motion: `(B, W, 58)`, standard.
        speech: `(B, W, 132)`.
        feelings: `(B, 8)` in their middles.
        resting: `(B, 52)` faces, standard.
        before: `(B,)` frames at their beginnings that lie before the passage: nothing is known of them.
    """

    motion: Tensor
    speech: Tensor
    feelings: Tensor
    resting: Tensor
    before: Tensor


class Stage2Net(nn.Module):
    """All that is learned together."""

    def __init__(self, sizes: MotionSizes) -> None:
        super().__init__()
        self.denoiser = MotionDenoiser(sizes)
        self.bank = EmotionBank(sizes.bank)
        self.discriminator = EmotionDiscriminator(sizes.width, len(NAMES))


class MotionTask:
    """Draws windows of acted motion and tells how badly they are made out of noise."""

    def __init__(
        self, acted: Acted, priors: Sequence[Prior], recipe: Stage2Motion, device: torch.device | None = None
    ) -> None:
        """Put everything on the device; `priors` are those of `NAMES`."""
        self.recipe, self.device = recipe, device or torch.device("cpu")
        with torch.random.fork_rng(devices=[]):
            torch.manual_seed(recipe.loop.seed)
            self.net = Stage2Net(recipe.sizes).to(self.device)
        self.standard = standard_of(acted.motion)
        self.motion, self.speech, self.feelings, self.resting = (
            torch.from_numpy(x).to(self.device) for x in (acted.motion, acted.speech, acted.feelings, acted.resting)
        )
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

    def losses(self, generator: torch.Generator) -> dict[str, Tensor]:
        """The losses of one batch."""
        windows = self._drawn(generator)
        priors = self._priors(windows.feelings, generator)
        drop_all = _chosen(self.recipe.drops.all, len(priors), generator).to(self.device)
        drop_emotion = drop_all | _chosen(self.recipe.drops.emotion, len(priors), generator).to(self.device)
        tokens, found = self.net.bank.learn(
            priors[:, None], drop_emotion.float()[:, None], self.means[0], self.recipe.bank, generator
        )
        told = self._told(windows, tokens, drop_all, generator)
        level = torch.randn(len(priors), generator=generator).sigmoid().to(self.device)
        noise = torch.randn(windows.motion.shape, generator=generator).to(self.device)
        known = told.known[..., None]
        path = level[:, None, None]
        disturbed = windows.motion + self.recipe.noise * path * noise
        noisy = torch.where(known > 0, disturbed, (1 - path) * windows.motion + path * noise)
        clean, features = self.net.denoiser(noisy, level, told)
        return self._compared(clean, features, windows, level, found, drop_emotion)

    def _drawn(self, generator: torch.Generator) -> Windows:
        """Windows that begin anywhere, as many a history before their passage as in the `HISTORY` frames after that."""
        count = self.recipe.batch
        lengths = self.starts[1:] - self.starts[:-1]
        passage = torch.multinomial(lengths.double(), count, True, generator=generator)
        room = lengths[passage] - WINDOW + HISTORY
        first = (torch.rand(count, generator=generator) * (room + 1 + HISTORY).clamp(min=1)).long() - 2 * HISTORY
        first = first.clamp(min=-HISTORY)
        places = first[:, None] + torch.arange(WINDOW)
        inside = places.clamp(min=0).minimum(lengths[passage][:, None] - 1) + self.starts[passage][:, None]
        inside = inside.to(self.device)
        performance = torch.randint(len(self.motion), (count,), generator=generator).to(self.device)
        passage = passage.to(self.device)
        motion = (self.motion[performance[:, None], inside].float() - self.mean) / self.spread
        middle = inside[:, WINDOW // 2]
        return Windows(
            motion=motion,
            speech=self.speech[inside].float() * (places >= 0).to(self.device)[..., None],
            feelings=self.feelings[performance, middle].float(),
            resting=self.resting[performance, passage].float() / self.spread[: len(SHAPES)],
            before=(-first).clamp(min=0).to(self.device),
        )

    def _priors(self, feelings: Tensor, generator: torch.Generator) -> Tensor:
        """Priors `(B, 256)` of feelings `(B, 8)`, drawn from their Gaussians."""
        drawn = torch.randn(len(feelings), self.means.shape[1], generator=generator).to(self.device)
        return feelings @ self.means + (feelings @ self.stds) * drawn

    def _told(self, windows: Windows, tokens: Tensor, drop_all: Tensor, generator: torch.Generator) -> Told:
        count, drops = len(windows.motion), self.recipe.drops
        lot = torch.rand(count, generator=generator).to(self.device)
        keeps = torch.ones(count, SPEECH, device=self.device)
        keeps[:, :PHONE_COLUMNS] *= (lot >= drops.phones)[:, None]
        keeps[:, -80:] *= ((lot < drops.phones) | (lot >= drops.phones + drops.bands))[:, None]
        speech = windows.speech * keeps[:, None] * ~drop_all[:, None, None]
        places = torch.arange(WINDOW, device=self.device)
        known = ((places < HISTORY) & (places >= windows.before[:, None])).float()
        scales = torch.ones(count, 2, device=self.device)
        return Told(known, speech, tokens.expand(-1, WINDOW, -1, -1), windows.resting, scales)

    def _compared(
        self, clean: Tensor, features: Tensor, windows: Windows, level: Tensor, found: Retrieval, dropped: Tensor
    ) -> dict[str, Tensor]:
        weights = self.recipe.weights
        true, made = windows.motion[:, HISTORY:], clean[:, HISTORY:]
        away = (made - true).square() * self.counts
        weight = torch.clamp(1 / level.clamp(min=1e-3).square(), max=25.0) / 4
        diffusion = (weight[:, None, None] * away).mean()
        speed = ((made.diff(dim=1) - true.diff(dim=1)).abs() * self.counts).mean()
        closure = self._closure(made, true)
        tremble = (made[..., UPPER].diff(n=2, dim=1) - true[..., UPPER].diff(n=2, dim=1)).square().mean()
        logits = self.net.discriminator(features[:, HISTORY:])
        classes = torch.where(dropped, torch.full_like(dropped, -100, dtype=torch.long), windows.feelings.argmax(1))
        told = discrimination_loss(logits, classes, level)
        loss = diffusion + weights.bank * found.loss + weights.classes * told
        loss = loss + weights.speed * speed + weights.closure * closure + weights.tremble * tremble
        right = (logits.argmax(1) == classes)[~dropped].float().mean()
        return {"loss": loss, "diffusion": diffusion, "bank": found.loss, "classes": told, "right": right,
                "speed": speed, "closure": closure, "tremble": tremble}  # fmt: skip

    def _closure(self, made: Tensor, true: Tensor) -> Tensor:
        """How far lips part wrongly, most where they should touch."""
        gaps = [(x[..., : len(SHAPES)] * self.spread[: len(SHAPES)] + self.mean[: len(SHAPES)]) @ self.parting
                for x in (made, true)]  # fmt: skip
        return (torch.exp(-20 * gaps[1].clamp(min=0)) * (gaps[0] - gaps[1]).square()).mean() * 20


def _counts() -> Tensor:
    """How much each channel counts, (58,): lips and jaw twice, gaze and head half."""
    counts = torch.ones(MOTION)
    counts[: len(SHAPES)][torch.from_numpy(MOUTH)] = 2.0
    counts[: len(SHAPES)][torch.from_numpy(EYES)] = 0.5
    counts[len(SHAPES) :] = 0.5
    return counts


def _chosen(share: float, count: int, generator: torch.Generator) -> Tensor:
    return torch.rand(count, generator=generator) < share
