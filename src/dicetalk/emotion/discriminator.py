"""Which emotion do a denoiser's features show? The auxiliary classifier of training (paper, section 3.3)."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as fn

from dicetalk.emotion.vocabulary import NAMES

LEVELS = 3
CLASSES = 1 + LEVELS * (len(NAMES) - 1)
"""22: neutral + 7 emotions x 3 levels, MEAD's labels."""
UNLABELLED = -100
"""The class of a clip whose emotion is not known; it takes no part in the loss."""


class EmotionDiscriminator(nn.Module):
    """Averages over space or time and three linear layers; parameter names are those of the published weights."""

    def __init__(self, width: int = 1280, classes: int = CLASSES) -> None:
        super().__init__()
        self.fc1 = nn.Linear(width, 512)
        self.fc2 = nn.Linear(512, 256)
        self.fc3 = nn.Linear(256, classes)
        self.dropout = nn.Dropout(0.1)

    def forward(self, features: Tensor, inside: Tensor | None = None) -> Tensor:
        """Turn features into logits `(B, classes)`.

        Args:
            features: image-like `(B, width, h, w)`, or a sequence of tokens `(B, L, width)`.
            inside: True on a sequence's own tokens, False on padding, `(B, L)`; None takes all.
        """
        x = fn.adaptive_avg_pool2d(features, 1).flatten(1) if features.ndim == 4 else _mean(features, inside)
        x = self.dropout(fn.relu(self.fc1(x)))
        x = self.dropout(fn.relu(self.fc2(x)))
        logits: Tensor = self.fc3(x)
        return logits


def _mean(tokens: Tensor, inside: Tensor | None) -> Tensor:
    """Mean over the tokens that count, `(B, L, D)` -> `(B, D)`."""
    if inside is None:
        return tokens.mean(1)
    share = inside.to(tokens.dtype)[..., None]
    return (tokens * share).sum(1) / share.sum(1).clamp(min=1)


def emotion_class(emotion: str | None, level: int = 1, classes: int = CLASSES) -> int:
    """The class of an emotion at a level of 1 to 3, among 22 classes, or among 8 where levels do not matter.

    None, an emotion that is not known, is `UNLABELLED`.
    """
    if emotion is None:
        return UNLABELLED
    number = NAMES.index(emotion)
    if classes == len(NAMES) or number == 0:
        return number
    return 1 + LEVELS * (number - 1) + level - 1


def discrimination_loss(logits: Tensor, classes: Tensor, sigma: Tensor) -> Tensor:
    """Cross-entropy which counts less where there is more noise: at high noise the emotion cannot be read.

    Args:
        logits: `(B, C)`.
        classes: int64 `(B,)`, `UNLABELLED` where not known.
        sigma: noise level of each sample, `(B,)`.

    Returns:
        The mean over the batch of labelled samples weighted 1 / (1 + sigma^2), a scalar; 0 without any.
    """
    losses = fn.cross_entropy(logits, classes, reduction="none", ignore_index=UNLABELLED)
    known = (classes != UNLABELLED).to(losses.dtype)
    weights = known / (1 + sigma.square())
    return (losses * weights).sum() / torch.clamp(known.sum(), min=1)
