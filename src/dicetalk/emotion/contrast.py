"""The embedder's loss: clips of one emotion by different people together, all other emotions apart."""

from __future__ import annotations

import torch
from torch import Tensor, nn
from torch.nn import functional as fn

TEMPERATURE = 0.1


def contrast(samples: Tensor, emotions: Tensor, identities: Tensor, temperature: float = TEMPERATURE) -> Tensor:
    """Supervised InfoNCE with positives across identities (Khosla et al. 2020, their L_out).

    A clip's positives are the clips of the same emotion by another identity; its negatives all clips of other
    emotions, those of its own identity included. Clips of the same emotion by the same identity are neither: drawing
    them together would teach the voice.

    Args:
        samples: draws of the Gaussians, `(B, D)`.
        emotions: integer, `(B,)`.
        identities: integer, `(B,)`.
        temperature: divides the cosine similarities.

    Returns:
        A scalar; 0 if no clip has a positive.
    """
    unit = fn.normalize(samples, dim=1)
    similarity = unit @ unit.T / temperature
    same_emotion = emotions[:, None] == emotions
    same_identity = identities[:, None] == identities
    positive = same_emotion & ~same_identity
    told = positive | ~same_emotion
    # -1e9 and not -inf: a row without a positive has no gradient instead of NaN.
    log_share = similarity - similarity.masked_fill(~told, -1e9).logsumexp(1, keepdim=True)
    count = positive.sum(1)
    losses = -(log_share * positive).sum(1) / count.clamp(min=1)
    return (losses * (count > 0)).sum() / (count > 0).sum().clamp(min=1)


class Anchors(nn.Module):
    """A point for each emotion, which draws its clips near: the same loss against points instead of clips.

    With a thousand clips the loss between clips alone hardly begins to fall; a batch holds too few of each emotion.
    """

    def __init__(self, width: int, emotions: int, temperature: float = TEMPERATURE, smoothing: float = 0.0) -> None:
        """Points that are learned; `smoothing` is the share of a label that is given to all."""
        super().__init__()
        self.temperature, self.smoothing = temperature, smoothing
        self.points = nn.Parameter(torch.randn(emotions, width))

    def forward(self, samples: Tensor, emotions: Tensor) -> Tensor:
        """InfoNCE of samples `(B, D)` of emotions `(B,)` against all points, a scalar."""
        ours, theirs = (fn.normalize(x, dim=1) for x in (samples, self.points))
        return fn.cross_entropy(ours @ theirs.T / self.temperature, emotions, label_smoothing=self.smoothing)


def balanced_batch(emotions: Tensor, identities: Tensor, p: int, k: int, generator: torch.Generator) -> Tensor:
    """Draw a batch of `p` emotions x `k` identities, one clip each.

    Args:
        emotions: of all clips, `(N,)`.
        identities: of all clips, `(N,)`.
        p: emotions to a batch; at most as many as there are.
        k: identities to an emotion; an emotion with fewer gives all it has.
        generator: the source of chance, on the processor.

    Returns:
        Indices of clips, int64, at most `p * k`.
    """
    kinds = emotions.unique()
    chosen = kinds[torch.randperm(len(kinds), generator=generator)[:p]]
    return torch.cat([_one_each(emotions == kind, identities, k, generator) for kind in chosen])


def _one_each(of_kind: Tensor, identities: Tensor, k: int, generator: torch.Generator) -> Tensor:
    """One clip of each of `k` identities among the clips where `of_kind` is True."""
    clips = of_kind.nonzero().flatten()
    shuffled = clips[torch.randperm(len(clips), generator=generator)]
    people, first = identities[shuffled].unique(return_inverse=True)
    place = torch.full((len(people),), len(shuffled)).scatter_reduce(
        0, first, torch.arange(len(shuffled)), reduce="amin"
    )
    return shuffled[place[torch.randperm(len(people), generator=generator)[:k]]]
