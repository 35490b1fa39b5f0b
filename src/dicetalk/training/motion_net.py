"""All networks of stage 2: the denoiser, the Emotion Bank and the discriminator, and how the bank is used."""

from __future__ import annotations

import torch
from torch import Tensor, nn

from dicetalk.diffusion.model import MotionDenoiser, MotionSizes
from dicetalk.emotion.bank import EmotionBank
from dicetalk.emotion.bank_usage import BankUsage
from dicetalk.emotion.discriminator import EmotionDiscriminator
from dicetalk.emotion.vocabulary import NAMES

REVIVE_EVERY = 100
"""Batches."""


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

    def usage(self) -> BankUsage:
        """How often each entry of the bank was retrieved; now and then those that hardly ever are get new life."""
        usage = BankUsage(len(self.shares))
        usage.shares = self.shares.cpu()
        self.batches += 1
        if int(self.batches) % REVIVE_EVERY == 0:  # by what all processes know alike
            usage.revive(self.bank.codebook, torch.Generator().manual_seed(int(self.batches)))
        return usage
