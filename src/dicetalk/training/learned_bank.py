"""A network with an Emotion Bank in it that is learned: how its entries are used, kept with the weights."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from dicetalk.emotion.bank import EmotionBank
from dicetalk.emotion.bank_usage import BankUsage

REVIVE_EVERY = 100
"""Batches."""


class LearnedBank(nn.Module):
    """What has a bank, and counts how often each of its entries was retrieved, and in how many batches."""

    bank: EmotionBank
    shares: Tensor
    batches: Tensor

    def hold(self, bank: EmotionBank) -> None:
        """Learn a bank of which nothing was counted yet."""
        self.bank = bank
        self.register_buffer("shares", torch.full((bank.sizes.codes,), 1 / bank.sizes.codes))
        self.register_buffer("batches", torch.zeros(()))

    def usage(self) -> BankUsage:
        """How often each entry of the bank was retrieved; now and then those that hardly ever are get new life."""
        usage = BankUsage(len(self.shares))
        usage.shares = self.shares.cpu()
        self.batches += 1
        learns = self.bank.codebook.codebook.weight.requires_grad
        if learns and int(self.batches) % REVIVE_EVERY == 0:  # by what all processes know alike
            usage.revive(self.bank.codebook, torch.Generator().manual_seed(int(self.batches)))
        return usage
