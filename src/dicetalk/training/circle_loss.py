"""The loss of distributions on the circle: their divergence, and how far apart they lie in polarity and angle.

After Yang et al., CVPR 2021: (1 - mu) KL(d || d^) + mu mean r [(p - p^)^2 + (theta - theta^)^2], r of the label. Ours
has a smooth polarity, which has a gradient, and an angle without whole turns; where one of the two has no angle, the
row counts nothing.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from dicetalk.emotion.circle import LEAST_CLARITY, STEEPNESS, WHEEL, Circle

TINY = 1e-12
"""Below it the logarithm of a share is not asked for."""


@dataclass(frozen=True, kw_only=True)
class CircleLoss:
    """A loss of mixtures (B, K).

    Attributes:
        circle: where their names lie.
        mu: share of the place in the loss; 0 is the divergence alone.
        steepness: of the polarity; ever steeper it becomes the published step.
        least: clarity below which a row has no angle.
    """

    circle: Circle = WHEEL
    mu: float = 0.5
    steepness: float = STEEPNESS
    least: float = LEAST_CLARITY

    def __call__(self, label: Tensor, predicted: Tensor) -> Tensor:
        """The mean over rows of distributions (B, K)."""
        return ((1 - self.mu) * divergence(label, predicted) + self.mu * self.misplaced(label, predicted)).mean()

    def misplaced(self, label: Tensor, predicted: Tensor) -> Tensor:
        """How far apart (B,) distributions lie, by polarity and angle."""
        clear, angle = self._place(label)
        other_clear, other_angle = self._place(predicted)
        gap = torch.remainder(angle - other_angle + math.pi, math.tau) - math.pi
        polar = self._polarity(angle) - self._polarity(other_angle)
        known = torch.minimum(clear, other_clear) >= self.least
        return torch.where(known, clear * (polar**2 + gap**2), 0.0)

    def _place(self, mixtures: Tensor) -> tuple[Tensor, Tensor]:
        """Clarity and angle (B,); the angle of an empty row is 0, and has no gradient."""
        x, y = (mixtures @ torch.as_tensor(self.circle.directions, dtype=mixtures.dtype, device=mixtures.device)).T
        square = x**2 + y**2
        there = square > TINY
        clear = torch.where(there, square, 1.0).sqrt()
        angle = torch.atan2(torch.where(there, y, 0.0), torch.where(there, x, 1.0))
        return torch.where(there, clear, 0.0), angle

    def _polarity(self, angle: Tensor) -> Tensor:
        return torch.sigmoid(-self.steepness * torch.cos(angle))


def divergence(label: Tensor, predicted: Tensor) -> Tensor:
    """Kullback and Leibler's (B,) of predicted distributions from the labels, both (B, K)."""
    apart = label.clamp_min(TINY).log() - predicted.clamp_min(TINY).log()
    return (label * apart).sum(1)
