"""How evenly the Emotion Bank's entries are used, and new life for those that are not."""

from __future__ import annotations

import torch
from torch import Tensor

from dicetalk.emotion.bank import Codebook

LEAST_SHARE = 0.005
"""An entry that fewer samples retrieve is dead."""
SPLIT = 0.05
"""How far apart the halves of an entry start, in standard deviations of all entries."""


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
    def revive(self, codebook: Codebook, generator: torch.Generator, least: float = LEAST_SHARE) -> int:
        """Split the entries used most (Linde, Buzo and Gray 1980): a dead one moves beside one of them.

        Dead entries put on samples stay dead: with hundreds of dimensions every sample is nearer to the middle of its
        emotion than to another sample.

        Args:
            codebook: whose entries move.
            generator: the source of chance, on the processor.
            least: share of samples below which an entry is dead.

        Returns:
            How many entries were moved.
        """
        entries = codebook.codebook.weight
        dead = self.dead(least).nonzero().flatten()
        for code in dead:
            popular = int(self.shares.argmax())
            step = SPLIT * entries.std() * torch.randn(entries.shape[1], generator=generator).to(entries.device)
            entries[code] = entries[popular] + step
            entries[popular] -= step
            self.shares[[int(code), popular]] = self.shares[popular] / 2
        self.shares = self.shares / self.shares.sum()
        return len(dead)
