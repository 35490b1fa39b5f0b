"""Eight heads on a sentence's vector -> 32 feelings, and what each layer of each head holds, for probing.

As in Li et al., "Enhancing Cognitive Models of Emotions with Representation Learning" (CMCL 2021): three linear layers
a head without activations, their ends side by side, a norm, one more linear layer. Needs torch.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from itertools import pairwise

import torch
from torch import Tensor, nn
from torch.nn import functional

from dicetalk.emotion.fine import FINE

HEADS = 8
INNER = (128, 64, 32)
"""Widths of the layers of a head."""


@dataclass(frozen=True)
class Probed:
    """What the heads make of a sentence.

    Attributes:
        layers: (N, 8, 128), (N, 8, 64), (N, 8, 32): each layer of each head.
        vector: (N, 256) where the sentence lies among emotions; its mean over a label's sentences is that emotion's.
        logits: (N, 32) of `FINE`.
    """

    layers: tuple[Tensor, ...]
    vector: Tensor
    logits: Tensor


class Heads(nn.Module):
    """Eight heads."""

    def __init__(self, width: int, inner: Sequence[int] = INNER, heads: int = HEADS) -> None:
        """Random weights for vectors of a width."""
        super().__init__()
        widths = [width, *inner]
        self.heads = heads
        self.layers = nn.ModuleList(
            nn.ModuleList(nn.Linear(here, there) for _ in range(heads)) for here, there in pairwise(widths)
        )
        self.norm = nn.LayerNorm(heads * inner[-1])
        self.out = nn.Linear(heads * inner[-1], len(FINE))

    def forward(self, pooled: Tensor) -> Probed:
        """What the heads make of sentences (N, width)."""
        rows, held = [pooled] * self.heads, []
        for layer in self.layers:
            assert isinstance(layer, nn.ModuleList)
            rows = [head(row) for head, row in zip(layer, rows, strict=True)]
            held.append(torch.stack(rows, dim=1))
        vector = self.norm(torch.cat(rows, dim=1))
        return Probed(tuple(held), vector, self.out(vector))


def heads_loss(probed: Probed, labels: Tensor) -> Tensor:
    """Cross-entropy with labels (N,), numbers in `FINE`."""
    return functional.cross_entropy(probed.logits, labels)


def emotion_vectors(vectors: Tensor, labels: Tensor) -> dict[str, Tensor]:
    """The mean vector of each feeling of which there is a sentence, of vectors (N, 256) and labels (N,)."""
    return {name: vectors[labels == number].mean(dim=0) for number, name in enumerate(FINE) if (labels == number).any()}
