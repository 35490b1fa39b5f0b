"""The graph of turns: it learns, every weight of it, and knows nothing of what it is asked."""

from __future__ import annotations

import numpy as np
import pytest
import torch
from made_lines import rows, written

from dicetalk.data.dailytalk import Lines, read_lines
from dicetalk.sources.turns import OUTPUTS
from dicetalk.training.dialogue_fit import GraphRecipe, graph_says, train_graph
from dicetalk.training.dialogue_graph import DialogueGraph, GraphSizes, contrastive, graph_loss, joined_turns
from dicetalk.training.turns import targets_of


@pytest.fixture(scope="module")
def lines(tmp_path_factory: pytest.TempPathFactory) -> Lines:
    return read_lines(written(tmp_path_factory.mktemp("lines") / "train.csv", rows(8, 5)))


def texts_of(lines: Lines) -> np.ndarray:
    """What tells all: the feeling itself, and noise."""
    noise = np.random.default_rng(0).normal(size=(len(lines), 2))
    return np.hstack([targets_of(lines)[:, :7], noise])


@pytest.mark.slow
def test_it_learns_a_handful_by_heart(lines: Lines) -> None:
    guesses = np.zeros((len(lines), OUTPUTS))
    graph = train_graph(lines, texts_of(lines), guesses, GraphRecipe(width=16, epochs=150, batch=8, rate=2e-2), seed=0)
    said = graph_says(graph, lines, texts_of(lines), guesses, history=False)
    assert (said[:, :7].argmax(axis=1) == lines.emotions).mean() > 0.95
    history = graph_says(graph, lines, texts_of(lines), guesses, history=True)
    assert (history[:, :7].argmax(axis=1) == lines.emotions).mean() > 0.9


def test_the_same_seed_learns_the_same(lines: Lines) -> None:
    recipe, guesses = GraphRecipe(width=8, epochs=1, batch=4), np.zeros((len(lines), OUTPUTS))
    said = [
        graph_says(
            train_graph(lines, texts_of(lines), guesses, recipe, seed), lines, texts_of(lines), guesses, history=False
        )
        for seed in (1, 1, 2)
    ]
    assert np.array_equal(said[0], said[1]) and not np.array_equal(said[0], said[2])


def asked(known: torch.Tensor) -> tuple[DialogueGraph, list[torch.Tensor], torch.Tensor]:
    torch.manual_seed(0)
    graph = DialogueGraph(GraphSizes(text=3, width=8, dropout=0.0)).eval()
    texts, guesses = torch.randn(2, 4, 3), torch.randn(2, 4, OUTPUTS)
    there = torch.tensor([[True] * 4, [True, True, False, False]])
    joined = joined_turns(there, torch.tensor([[0, 1, 0, 1]] * 2))
    return graph, graph(texts, guesses, known, joined), there


def test_every_weight_learns() -> None:
    graph, made, there = asked(torch.zeros(2, 4, OUTPUTS))
    targets = torch.eye(OUTPUTS)[torch.tensor([[0, 1, 0, 1]] * 2)]
    targets = targets + torch.eye(OUTPUTS)[7]
    graph_loss(made, targets, there, torch.ones(OUTPUTS), 0.1).backward()
    silent = [name for name, weight in graph.named_parameters() if weight.grad is None or not weight.grad.abs().sum()]
    # What nobody asks after the last look: the speakers' answers, and queries of those who only answer.
    assert all(name.startswith("looks.1.") for name in silent), silent
    assert not any(name.startswith(("emotion", "strength", "enter", "before", "leave")) for name in silent)


def test_what_is_known_of_one_turn_changes_the_others() -> None:
    known = torch.zeros(2, 4, OUTPUTS)
    plain = asked(known)[1][-2]
    known[0, 0, 3] = 1.0
    told = asked(known)[1][-2]
    assert not torch.allclose(plain[0], told[0])
    torch.testing.assert_close(plain[1], told[1])  # another dialogue


def test_what_is_alike_costs_less() -> None:
    labels = torch.tensor([0, 0, 1, 1])
    apart = torch.tensor([[1.0, 0], [1, 0], [0, 1], [0, 1]])
    assert contrastive(apart, labels) < contrastive(apart[[0, 2, 1, 3]], labels)
    assert contrastive(apart[:2], torch.tensor([0, 1])) == 0  # nobody has a mate
