"""Trains the graph of a dialogue's turns, and asks it."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

import numpy as np
import torch
from torch import Tensor

from dicetalk.arrays import Bool, Float64, Int64
from dicetalk.data.dailytalk import Lines
from dicetalk.sources.turns import EMOTIONS, LEVELS, OUTPUTS
from dicetalk.training.dialogue_graph import DialogueGraph, GraphSizes, graph_loss, joined_turns
from dicetalk.training.turns import targets_of


@dataclass(frozen=True, kw_only=True)
class GraphRecipe:
    """How the graph is trained.

    Attributes:
        width: of its nodes.
        epochs: over all dialogues.
        batch: dialogues at once.
        rate: of Adam, at most.
        decay: of the weights.
        balance: how far all feelings count alike, 0 (as often as they are) to 1.
        contrast: what the contrastive part of the loss counts.
        known: the share of dialogues in which something is known.
    """

    width: int = 32
    epochs: int = 10
    batch: int = 48
    rate: float = 4e-3
    decay: float = 1e-2
    balance: float = 0.5
    contrast: float = 0.05
    known: float = 0.5


@dataclass(frozen=True, eq=False)
class Graphs:
    """Dialogues as graphs, B of them with at most T turns.

    Attributes:
        places: (B, T) the number of each turn's line; -1 where there is none.
        speakers: (B, T) 0 or 1.
    """

    places: Int64
    speakers: Int64

    @classmethod
    def of(cls, lines: Lines) -> Graphs:
        """The dialogues of lines."""
        starts = np.flatnonzero(np.diff(lines.dialogues, prepend=-1))
        sizes = np.diff([*starts, len(lines)])
        offset = np.arange(sizes.max())[None, :]
        places = np.where(offset < sizes[:, None], starts[:, None] + offset, -1)
        return cls(places, np.where(places >= 0, lines.speakers[places], 0))


def train_graph(lines: Lines, texts: Float64, guesses: Float64, recipe: GraphRecipe, seed: int) -> DialogueGraph:
    """A graph's network.

    Args:
        lines: to learn from.
        texts: (N, W) what stands for each text, of about unit size.
        guesses: (N, 10) what words say of each that were fitted without it, logits.
        recipe: how.
        seed: of weights and order.
    """
    torch.manual_seed(seed)
    chance = np.random.default_rng(seed)
    graph, graphs = DialogueGraph(GraphSizes(text=texts.shape[1], width=recipe.width)), Graphs.of(lines)
    targets, counts = targets_of(lines), _counts(lines, recipe.balance)
    steps = recipe.epochs * -(-len(graphs.places) // recipe.batch)
    adam = torch.optim.AdamW(graph.parameters(), weight_decay=recipe.decay)
    schedule = torch.optim.lr_scheduler.OneCycleLR(adam, recipe.rate, total_steps=steps)
    for _ in range(recipe.epochs):
        for some in np.array_split(chance.permutation(len(graphs.places)), steps // recipe.epochs):
            places = graphs.places[some]
            known = _some_known(places, recipe.known, chance)
            made = _asked(graph, places, graphs.speakers[some], known, texts, guesses, targets)
            wanted = _tensor(targets[places])
            loss = graph_loss(made, wanted, torch.from_numpy((places >= 0) & ~known), counts, recipe.contrast)
            adam.zero_grad()
            loss.backward()
            torch.nn.utils.clip_grad_norm_(graph.parameters(), 1.0)
            adam.step()
            schedule.step()
    return graph.eval()


def _counts(lines: Lines, balance: float) -> Tensor:
    often = np.concatenate(
        [np.bincount(lines.emotions, minlength=len(EMOTIONS)), np.bincount(lines.strengths, minlength=len(LEVELS))]
    )
    return _tensor((len(lines) / np.maximum(often, 1.0)) ** balance)


def _some_known(places: Int64, share: float, chance: np.random.Generator) -> Bool:
    """Which turns (B, T) are known: in some dialogues those before one of them, in some a few, in the others none."""
    count, turns = places.shape
    before = np.arange(turns)[None, :] < chance.integers(0, turns, (count, 1))
    few = chance.random((count, turns)) < 0.3
    kind = chance.random((count, 1))
    known: Bool = np.where(kind < share / 2, before, np.where(kind < share, few, False)) & (places >= 0)
    return known


def _asked(
    graph: DialogueGraph,
    places: Int64,
    speakers: Int64,
    known: Bool,
    texts: Float64,
    guesses: Float64,
    targets: Float64,
) -> list[Tensor]:
    joined = joined_turns(torch.from_numpy(places >= 0), torch.from_numpy(speakers))
    told = targets[places] * known[..., None]
    found: list[Tensor] = graph(_tensor(texts[places]), _tensor(guesses[places]), _tensor(told), joined)
    return found


def _tensor(values: Float64) -> Tensor:
    return torch.from_numpy(np.asarray(values, np.float32))


def graph_says(graph: DialogueGraph, lines: Lines, texts: Float64, guesses: Float64, *, history: bool) -> Float64:
    """What is felt in each line (N, 10), logits.

    Args:
        graph: that was trained.
        lines: whose dialogues are asked about.
        texts, guesses: as in `train_graph`.
        history: whether what was felt before each line is known.
    """
    graphs, targets = Graphs.of(lines), targets_of(lines)
    said = np.zeros((len(lines), OUTPUTS))
    with torch.inference_mode():
        for places, speakers, known, wanted in _questions(graphs, history):
            logits = _asked(graph, places, speakers, known, texts, guesses, targets)[-2].numpy()
            said[places[wanted]] = logits[wanted]
    return said


def _questions(graphs: Graphs, history: bool) -> Iterator[tuple[Int64, Int64, Bool, Bool]]:
    """Places and speakers of some dialogues, what is known of them, and the turns that are asked about."""
    turn = np.arange(graphs.places.shape[1])
    for start in range(0, len(graphs.places), 64):
        places, speakers = graphs.places[start : start + 64], graphs.speakers[start : start + 64]
        if not history:
            yield places, speakers, np.zeros(places.shape, bool), places >= 0
            continue
        for now in turn.tolist():
            there = places[:, now] >= 0
            before = np.broadcast_to(turn < now, places[there].shape)
            if there.any():
                yield places[there], speakers[there], before, np.broadcast_to(turn == now, before.shape)
