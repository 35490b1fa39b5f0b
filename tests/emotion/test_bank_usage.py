"""Usage of the bank: shares, perplexity, and dead entries that come back to life."""

from __future__ import annotations

import pytest
import torch
from hypothesis import given, settings
from hypothesis import strategies as st

from dicetalk.emotion.bank import Codebook
from dicetalk.emotion.bank_usage import BankUsage


@settings(deadline=None)
@given(st.lists(st.integers(0, 7), min_size=1, max_size=40))
def test_shares_sum_to_one_and_perplexity_is_in_range(indices: list[int]) -> None:
    usage = BankUsage(8, memory=0.5)
    usage.add(torch.tensor(indices))
    assert float(usage.shares.sum()) == pytest.approx(1, abs=1e-5)
    assert 1 <= usage.perplexity <= 8 + 1e-3


def test_even_use_and_single_use() -> None:
    usage = BankUsage(8, memory=0.5)
    assert usage.perplexity == pytest.approx(8)
    for _ in range(40):
        usage.add(torch.tensor([[3, 3], [3, 3]]))
    assert usage.perplexity == pytest.approx(1, abs=1e-3)
    assert usage.dead().tolist() == [number != 3 for number in range(8)]


def test_dead_entries_split_the_one_used_most() -> None:
    torch.manual_seed(0)
    book, usage = Codebook(prior=4, width=6, codes=5), BankUsage(5, memory=0.0)
    before = book.codebook.weight[3].clone()
    usage.add(torch.full((100,), 3))
    assert usage.revive(book, torch.Generator().manual_seed(0)) == 4
    distances = (book.codebook.weight - before).norm(dim=1)
    assert (distances < 0.2 * before.norm()).all() and len(book.codebook.weight.unique(dim=0)) == 5
    assert not usage.dead().any() and float(usage.shares.sum()) == pytest.approx(1)


def test_nothing_is_moved_where_all_live() -> None:
    torch.manual_seed(0)
    book = Codebook(prior=4, width=6, codes=5)
    before = book.codebook.weight.clone()
    assert BankUsage(5).revive(book, torch.Generator().manual_seed(0)) == 0
    assert torch.equal(book.codebook.weight, before)


def test_training_with_reset_uses_the_bank() -> None:
    """Eight clusters and 16 entries: without a reset a few entries take all, with it most are used."""

    def perplexity(*, reset: bool) -> float:
        torch.manual_seed(0)
        centres, book, usage = 3 * torch.randn(8, 6), Codebook(prior=6, width=8, codes=16), BankUsage(16, memory=0.9)
        optimizer = torch.optim.Adam(book.parameters(), 1e-2)
        generator = torch.Generator().manual_seed(0)
        for step in range(120):
            kinds = torch.randint(8, (64,), generator=generator)
            priors = centres[kinds] + torch.randn(64, 6, generator=generator)
            found = book(priors[None])
            optimizer.zero_grad()
            found.loss.backward()
            optimizer.step()
            usage.add(found.indices)
            if reset and step % 10 == 9 and step < 100:
                usage.revive(book, generator, least=0.01)
        return usage.perplexity

    assert perplexity(reset=True) > max(8.0, 1.5 * perplexity(reset=False))
