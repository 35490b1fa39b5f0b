"""How evenly the Emotion Bank's entries are used, and new life for those that are not."""

from __future__ import annotations

import torch
from torch import Tensor

from dicetalk.emotion.bank import Codebook

LEAST_SHARE = 0.005
"""An entry that fewer samples retrieve is dead."""


class BankUsage:
    """Which entries samples retrieve, as an average over the last batches."""

    def __init__(self, codes: int, memory: float = 0.99) -> None:
        """No entry used yet; `memory` is the share of the past that each batch keeps."""
        self.memory = memory
        self.shares = torch.full((codes,), 1 / codes)

    def add(self, indices: Tensor) -> None:
        """Count the entries that a batch retrieved, int64 of any shape."""
        count = torch.bincount(indices.flatten().cpu(), minlength=len(self.shares)).float()
        self.shares = self.memory * self.shares + (1 - self.memory) * count / count.sum()

    @property
    def perplexity(self) -> float:
        """Number of entries that would be used if they were used evenly, 1 to the size of the bank."""
        return float(torch.exp(-(self.shares * self.shares.clamp(min=1e-12).log()).sum()))

    def dead(self, least: float = LEAST_SHARE) -> Tensor:
        """True for the entries that are hardly used, (codes,)."""
        return self.shares < least

    @torch.no_grad()
    def revive(self, codebook: Codebook, priors: Tensor, generator: torch.Generator, least: float = LEAST_SHARE) -> int:
        """Move dead entries onto samples drawn at random, so that they are retrieved again.

        Samples far from every entry are not preferred: they are few, and an entry out there stays nearly unused.

        Args:
            codebook: whose entries move.
            priors: samples, `(N, prior)`.
            generator: the source of chance, on the processor.
            least: share of samples below which an entry is dead.

        Returns:
            How many entries were moved, at most N; they count as evenly used from here.
        """
        dead = self.dead(least).nonzero().flatten()[: len(priors)]
        chosen = torch.randperm(len(priors), generator=generator)[: len(dead)]
        codebook.codebook.weight[dead] = codebook.fc(priors[chosen])
        self.shares[dead] = 1 / len(self.shares)
        self.shares = self.shares / self.shares.sum()
        return len(dead)
