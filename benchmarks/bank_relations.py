"""Train a small Emotion Bank and draw which entries each emotion reads, and so which emotions are related.

    python benchmarks/bank_relations.py [PICTURE]

The bank learns to give back samples of the shipped priors' Gaussians, which an embedder found in RAVDESS speech and
acted faces: it never sees a video.
"""

from __future__ import annotations

import sys
from pathlib import Path

import numpy as np
import torch
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from torch import Tensor, nn
from torch.nn import functional as fn

from dicetalk.emotion.bank import BankSizes, BankTraining, EmotionBank
from dicetalk.emotion.bank_usage import BankUsage
from dicetalk.emotion.priors import Prior, read_priors
from dicetalk.emotion.space import PRIORS, SHIPPED
from dicetalk.emotion.vocabulary import NAMES

PICTURE = Path(__file__).parents[1] / "docs" / "pictures" / "bank-relations.png"
SIZES = BankSizes(width=64, hidden=128, tokens=1, codes=32, heads=4)
"""One token to an entry, so that what is read can only be told by which entries are read."""
STEPS, BATCH, RATE = 350, 128, 3e-3
RESET_EVERY, LAST_RESET = 20, 250
BANKS = 3
"""Banks, from different seeds, whose similarities are averaged: which emotions share entries is in part chance."""
PER_EMOTION = 300
"""Samples of each emotion whose attention is averaged."""
CAPTION = (
    "A small Emotion Bank ({codes} entries) after {steps} steps on samples of the shipped emotion priors, "
    "which an embedder learned from\nRAVDESS speech and acted faces; no video was seen. "
    "Left: one bank, entries in the order of who reads them most. Right: mean of {banks} banks."
)


class Source:
    """Samples of the eight named emotions, about the middle of all."""

    def __init__(self, priors: dict[str, Prior]) -> None:
        means = torch.from_numpy(np.stack([priors[name].mean for name in NAMES]))
        self.means = means - means.mean(0)
        self.spreads = torch.from_numpy(np.stack([priors[name].std for name in NAMES]))

    def draw(self, emotions: Tensor, generator: torch.Generator) -> Tensor:
        """One prior for each number in the vocabulary, `(N,)` -> `(N, 1, 256)`."""
        noise = torch.randn(len(emotions), self.means.shape[1], generator=generator)
        return (self.means[emotions] + self.spreads[emotions] * noise)[:, None]


def trained_bank(source: Source, seed: int, steps: int = STEPS) -> EmotionBank:
    """A bank whose tokens give back the prior that they were read with."""
    torch.manual_seed(seed)
    generator = torch.Generator().manual_seed(seed)
    bank, back = EmotionBank(SIZES), nn.Linear(SIZES.tokens * SIZES.width, SIZES.prior)
    usage = BankUsage(SIZES.codes, 0.95)
    optimizer = torch.optim.Adam([*bank.parameters(), *back.parameters()], RATE)
    for step in range(steps):
        prior = source.draw(torch.randint(len(NAMES), (BATCH,), generator=generator), generator)
        kept = torch.zeros(prior.shape[:2])
        tokens, found = bank.learn(prior, kept, source.means[0], BankTraining(), generator)
        optimizer.zero_grad()
        (fn.mse_loss(back(tokens.flatten(2)), prior) / prior.var() + found.loss).backward()
        optimizer.step()
        usage.add(found.indices)
        if step % RESET_EVERY == RESET_EVERY - 1 and step < LAST_RESET:
            usage.revive(bank.codebook, generator)
    return bank


@torch.inference_mode()
def attention(bank: EmotionBank, source: Source, seed: int = 1) -> Tensor:
    """Share of each emotion's attention that each entry gets, `(8, codes)`, rows of sum 1."""
    generator = torch.Generator().manual_seed(seed)
    emotions = torch.arange(len(NAMES)).repeat_interleave(PER_EMOTION)
    return bank.attended(source.draw(emotions, generator))[:, 0].unflatten(0, (len(NAMES), -1)).mean(1)


def similarity(shares: Tensor) -> Tensor:
    """Cosine between the emotions' attention, `(8, codes)` -> `(8, 8)`: 1 reads the same entries, 0 none in common."""
    rows = fn.normalize(shares, dim=1)
    return rows @ rows.T


def ordered(shares: Tensor) -> Tensor:
    """Entries sorted by the emotion that reads them most, then by how much: `(8, codes)` with columns moved."""
    most, who = shares.max(0)
    return shares[:, torch.argsort(who - most.clamp(max=0.999))]


def picture(seeds: int = BANKS, steps: int = STEPS) -> Figure:
    """Train the banks and draw what they read."""
    source = Source(read_priors(SHIPPED / PRIORS))
    shares = [attention(trained_bank(source, seed, steps), source) for seed in range(seeds)]
    figure = Figure(figsize=(13, 5.6), layout="constrained")
    left, right = figure.subplots(1, 2, width_ratios=(1.55, 1))
    _draw_shares(figure, left, 100 * ordered(shares[0]))
    _draw_similarity(figure, right, torch.stack([similarity(part) for part in shares]).mean(0))
    figure.supxlabel(CAPTION.format(codes=SIZES.codes, steps=steps, banks=seeds), fontsize=9, color="0.3")
    return figure


def _draw_shares(figure: Figure, axes: Axes, percent: Tensor) -> None:
    drawn = axes.imshow(percent.numpy(), cmap="Blues", aspect="auto", vmin=0)
    axes.set_title("Which entries of the bank each emotion reads")
    axes.set_yticks(range(len(NAMES)), NAMES)
    axes.set_xticks([])
    axes.set_xlabel(f"{percent.shape[1]} entries")
    for row in range(1, len(NAMES)):
        axes.axhline(row - 0.5, color="0.85", linewidth=0.6)
    figure.colorbar(drawn, ax=axes, label="share of the emotion's attention [%]")


def _draw_similarity(figure: Figure, axes: Axes, values: Tensor) -> None:
    drawn = axes.imshow(values.numpy(), cmap="Blues", vmin=0, vmax=1)
    axes.set_title("How far two emotions read the same entries")
    axes.set_xticks(range(len(NAMES)), NAMES, rotation=40, ha="right")
    axes.set_yticks(range(len(NAMES)), NAMES)
    for (row, column), value in np.ndenumerate(values.numpy()):
        axes.text(
            column, row, f"{value:.2f}", ha="center", va="center", color="white" if value > 0.6 else "0.2", size=9
        )
    figure.colorbar(drawn, ax=axes, label="cosine: 1 the same, 0 none in common", shrink=0.8)


def main(path: Path = PICTURE) -> None:
    figure = picture()
    path.parent.mkdir(parents=True, exist_ok=True)
    figure.savefig(path, dpi=90)
    print(f"wrote {path}: {path.stat().st_size // 1000} KB")


if __name__ == "__main__":
    torch.set_num_threads(1)
    main(*map(Path, sys.argv[1:]))
