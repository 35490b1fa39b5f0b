"""How evenly the Emotion Bank is used: train its codebook on an embedder's samples, with and without reset.

python benchmarks/bank.py PREPARED CHECKPOINT
"""

from __future__ import annotations

import sys
from pathlib import Path

import torch

from dicetalk.data.dataset import embed, load_recordings
from dicetalk.emotion.bank import BankSizes, Codebook
from dicetalk.emotion.bank_usage import BankUsage
from dicetalk.training.stage1_embedder import load_embedder

STREAMS = ((True, False), (False, True), (True, True))
STEPS, BATCH, RESET_EVERY, LAST_RESET = 600, 256, 20, 500


def main(prepared: Path, checkpoint: Path) -> None:
    clips = load_recordings(prepared)
    gaussians = [embed(load_embedder(checkpoint), clips, heard=h, seen=s) for h, s in STREAMS]
    means = torch.cat([g.mean for g in gaussians])
    spreads = torch.cat([g.variance for g in gaussians]).sqrt()
    print("| reset | perplexity | least used entry | entries under 0.5 % |\n|---|---|---|---|")
    for reset in (False, True):
        shares, perplexity = use(means, spreads, reset=reset)
        dead = int((shares < 0.005).sum())
        print(f"| {'yes' if reset else 'no'} | {perplexity:.1f} of 64 | {float(shares.min()):.4f} | {dead} |")


def use(means: torch.Tensor, spreads: torch.Tensor, *, reset: bool) -> tuple[torch.Tensor, float]:
    """Shares of the entries and perplexity on all samples after training."""
    torch.manual_seed(0)
    generator = torch.Generator().manual_seed(0)
    book, usage = Codebook(BankSizes().prior, BankSizes().width, BankSizes().codes), BankUsage(BankSizes().codes, 0.95)
    optimizer = torch.optim.Adam(book.parameters(), 1e-3)

    def samples(chosen: torch.Tensor) -> torch.Tensor:
        noise = torch.randn(len(chosen), means.shape[1], generator=generator)
        return means[chosen] + spreads[chosen] * noise

    for step in range(STEPS):
        priors = samples(torch.randint(len(means), (BATCH,), generator=generator))
        found = book(priors[None])
        optimizer.zero_grad()
        found.loss.backward()
        optimizer.step()
        usage.add(found.indices)
        if reset and step % RESET_EVERY == RESET_EVERY - 1 and step < LAST_RESET:
            usage.revive(book, generator)
    final = BankUsage(BankSizes().codes, 0.0)
    with torch.inference_mode():
        final.add(book(samples(torch.arange(len(means)))[None]).indices)
    return final.shares, final.perplexity


if __name__ == "__main__":
    torch.set_num_threads(1)
    main(Path(sys.argv[1]), Path(sys.argv[2]))
