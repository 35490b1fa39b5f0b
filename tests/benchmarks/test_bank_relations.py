"""The picture of the Emotion Bank's relations, at a few steps, and the order of its entries."""

from __future__ import annotations

from pathlib import Path

import bank_relations
import pytest
import torch

from dicetalk.emotion.space import SHIPPED

pytestmark = pytest.mark.skipif(not SHIPPED.is_dir(), reason="no embedder is shipped")


def test_a_picture_is_drawn(tmp_path: Path) -> None:
    figure = bank_relations.picture(seeds=1, steps=5)
    figure.savefig(tmp_path / "relations.png", dpi=40)
    assert (tmp_path / "relations.png").stat().st_size > 5000
    assert [label.get_text() for label in figure.axes[0].get_yticklabels()] == list(bank_relations.NAMES)


def test_entries_are_ordered_by_who_reads_them_and_how_much() -> None:
    shares = torch.tensor([[0.1, 0.6, 0.0, 0.3], [0.5, 0.0, 0.3, 0.2]])
    assert bank_relations.ordered(shares).tolist() == shares[:, [1, 3, 0, 2]].tolist()
    assert bank_relations.similarity(shares).diagonal().tolist() == pytest.approx([1.0, 1.0])
