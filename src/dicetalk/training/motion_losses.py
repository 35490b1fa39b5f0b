"""The losses of stage 2: L_diff + L_vq + w L_cls, speed, lips that shut, an upper face that does not tremble."""

from __future__ import annotations

import torch
from torch import Tensor

from dicetalk.diffusion.channels import MOTION
from dicetalk.diffusion.standard import Standard
from dicetalk.emotion.bank import Retrieval
from dicetalk.emotion.discriminator import UNLABELLED, discrimination_loss
from dicetalk.motion.basis import lip_parting
from dicetalk.motion.space import EYES, MOUTH, SHAPES
from dicetalk.training.motion_recipe import Weights

UPPER = [i for i, name in enumerate(SHAPES) if name.startswith(("brow", "eyeSquint", "eyeWide", "cheekSquint"))]
MOST_WEIGHT = 9.0
"""Of a window with little noise, against 1 of pure noise."""


class MotionLosses:
    """How badly clean motion was told."""

    def __init__(self, weights: Weights, standard: Standard, device: torch.device) -> None:
        self.weights = weights
        self.mean, self.spread = (torch.from_numpy(x).to(device) for x in (standard.mean, standard.spread))
        self.parting = torch.from_numpy(lip_parting()).float().to(device)
        self.counts = _counts().to(device)

    def of(
        self, made: Tensor, true: Tensor, logits: Tensor, classes: Tensor, level: Tensor, found: Retrieval
    ) -> dict[str, Tensor]:
        """All losses by name, and their sum.

        Args:
            made: `(B, N, 58)` what the network tells, standard.
            true: `(B, N, 58)` what it should.
            logits: `(B, C)` what the discriminator reads in its features.
            classes: `(B,)` the emotions, or `UNLABELLED`.
            level: `(B,)` of noise.
            found: what the bank retrieved.
        """
        weights = self.weights
        away = (made - true).square() * self.counts
        weight = torch.clamp(((1 - level).square() + level.square()) / level.square().clamp(min=1e-6), max=MOST_WEIGHT)
        diffusion = (weight[:, None, None] * away).mean()
        speed = ((made.diff(dim=1) - true.diff(dim=1)).abs() * self.counts).mean()
        closure = self._closure(made, true)
        tremble = (made[..., UPPER].diff(n=2, dim=1) - true[..., UPPER].diff(n=2, dim=1)).square().mean()
        told = discrimination_loss(logits, classes, level)
        loss = diffusion + weights.bank * found.loss + weights.classes * told
        loss = loss + weights.speed * speed + weights.closure * closure + weights.tremble * tremble
        known = classes != UNLABELLED
        right = (logits.argmax(1) == classes)[known].float().mean() if known.any() else loss.new_zeros(())
        return {"loss": loss, "diffusion": diffusion, "bank": found.loss, "classes": told, "right": right,
                "speed": speed, "closure": closure, "tremble": tremble}  # fmt: skip

    def gaps(self, motion: Tensor) -> Tensor:
        """How far lips part in standard motion `(B, N, 58)`, at each pair of points."""
        count = len(SHAPES)
        return (motion[..., :count] * self.spread[:count] + self.mean[:count]) @ self.parting

    def _closure(self, made: Tensor, true: Tensor) -> Tensor:
        """How far lips part wrongly, most where they should touch."""
        gaps = [self.gaps(x) for x in (made, true)]
        return (torch.exp(-20 * gaps[1].clamp(min=0)) * (gaps[0] - gaps[1]).square()).mean() * 20


def _counts() -> Tensor:
    """How much each channel counts, (58,): lips and jaw twice, gaze and head half."""
    counts = torch.ones(MOTION)
    counts[: len(SHAPES)][torch.from_numpy(MOUTH)] = 2.0
    counts[: len(SHAPES)][torch.from_numpy(EYES)] = 0.5
    counts[len(SHAPES) :] = 0.5
    return counts
