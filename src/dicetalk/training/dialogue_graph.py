"""A graph of a dialogue's turns: text, speakers, and what is felt in each turn, how strongly, as nodes.

After ECSS (Liu et al., AAAI 2024), with an emotion and a strength node for the turn itself, tied to its text, and soft
embeddings of what is not known: softmax(z) E. Learned to be compared with the plain model; it does not ship.
"""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor, nn

from dicetalk.sources.turns import EMOTIONS, LEVELS, OUTPUTS
from dicetalk.training.typed_attention import Edge, TypedAttention

LATER, EARLIER, OWN = "later", "earlier", "own"
EDGES: tuple[Edge, ...] = (
    *((kind, which, kind) for kind in ("text", "emotion", "strength") for which in (EARLIER, LATER)),
    *((one, OWN, other) for one in ("text", "emotion", "strength") for other in ("text", "emotion", "strength")),
    ("text", "said_by", "speaker"),
    ("speaker", "says", "text"),
    ("speaker", "feels", "emotion"),
    ("speaker", "feels", "strength"),
)
REACH = 10
"""Turns before and after which are asked."""


@dataclass(frozen=True, kw_only=True)
class GraphSizes:
    """How large a graph's network is."""

    text: int
    width: int = 32
    heads: int = 2
    dropout: float = 0.3


class DialogueGraph(nn.Module):
    """What is felt in each turn of dialogues, by two looks at their graph."""

    def __init__(self, sizes: GraphSizes) -> None:
        """With texts of a width, in numbers."""
        super().__init__()
        width = sizes.width
        self.enter = nn.Linear(sizes.text, width)
        self.speaker = nn.Parameter(torch.randn(2, width) * 0.1)
        self.emotion = nn.Parameter(torch.randn(len(EMOTIONS), width) * 0.3)
        self.strength = nn.Parameter(torch.randn(len(LEVELS), width) * 0.3)
        self.drop = nn.Dropout(sizes.dropout)
        kinds = dict.fromkeys(("text", "speaker", "emotion", "strength"), width)
        self.looks = nn.ModuleList(TypedAttention(kinds, EDGES, width, sizes.heads) for _ in range(2))
        self.before = nn.ModuleList(nn.Linear(2 * width, width) for _ in range(4))
        self.leave = nn.ModuleList(nn.Linear(width, count) for count in (len(EMOTIONS), len(LEVELS)) * 2)

    def forward(self, texts: Tensor, guesses: Tensor, known: Tensor, joined: dict[Edge, Tensor]) -> list[Tensor]:
        """What each look says.

        Args:
            texts: (B, T, text) of turns.
            guesses: (B, T, 10) logits of what their words say.
            known: (B, T, 10) shares of what is known; zeros elsewhere.
            joined: as `TypedAttention`, by type.

        Returns:
            logits (B, T, 10) after either look, and what they were made of, (B, T, 2 width).
        """
        entered = self.drop(torch.tanh(self.enter(texts)))
        nodes = {"text": entered}
        nodes["speaker"] = self.speaker.expand(len(texts), -1, -1)
        found, made = guesses, []
        for number, look in enumerate(self.looks):
            nodes["emotion"], nodes["strength"] = self._embedded(found, known)
            nodes = look(nodes, joined)
            felt = [
                torch.tanh(self.before[2 * number + kind](torch.cat([entered, nodes[name]], dim=-1)))
                for kind, name in enumerate(("emotion", "strength"))
            ]
            found = torch.cat([self.leave[2 * number + kind](self.drop(felt[kind])) for kind in range(2)], dim=-1)
            found = found + guesses
            made += [found, torch.cat(felt, dim=-1)]
        return made

    def _embedded(self, logits: Tensor, known: Tensor) -> tuple[Tensor, Tensor]:
        """Emotions and strengths of turns: the known ones, or a mixture by the shares of the others."""
        split = (len(EMOTIONS), OUTPUTS - len(EMOTIONS))
        guessed = [torch.softmax(part, dim=-1) for part in logits.split(split, dim=-1)]
        told = known.split(split, dim=-1)
        soft = [torch.where(t.sum(-1, keepdim=True) > 0, t, g) for t, g in zip(told, guessed, strict=True)]
        return soft[0] @ self.emotion, soft[1] @ self.strength


def joined_turns(there: Tensor, speakers: Tensor) -> dict[Edge, Tensor]:
    """Who is asked by whom.

    Args:
        there: (B, T) whether there is such a turn.
        speakers: (B, T) 0 or 1.
    """
    count = there.shape[1]
    away = torch.arange(count)[None, :] - torch.arange(count)[:, None]  # of who is asked from who asks
    both = there[:, None, :] & there[:, :, None]
    turns = {OWN: both & (away == 0), EARLIER: both & (away < 0) & (away >= -REACH)}
    turns[LATER] = both & (away > 0) & (away <= REACH)
    says = (speakers[..., None] == torch.arange(2)) & there[..., None]  # (B, T, 2)
    told = {"said_by": says.transpose(1, 2), "says": says, "feels": says}
    return {edge: (turns | told)[edge[1]] for edge in EDGES}


def graph_loss(made: list[Tensor], targets: Tensor, there: Tensor, counts: Tensor, contrast: float) -> Tensor:
    """Cross-entropy of either look, each kind of feeling counted as told, and how unlike different feelings are made.

    Args:
        made: by the graph.
        targets: (B, T, 10) shares.
        there: (B, T) the turns that count.
        counts: (10,) what each kind counts.
        contrast: what the second part counts.
    """
    loss = torch.zeros(())
    for logits, felt in zip(made[::2], made[1::2], strict=True):
        for start, end, place in ((0, len(EMOTIONS), 0), (len(EMOTIONS), OUTPUTS, 1)):
            wanted, weight = targets[..., start:end], (targets * counts)[..., start:end].sum(-1)
            error = -(torch.log_softmax(logits[..., start:end], -1) * wanted).sum(-1) * weight
            loss = loss + error[there].sum() / weight[there].sum()
            part = felt.chunk(2, dim=-1)[place][there]
            loss = loss + contrast * contrastive(part, wanted[there].argmax(-1))
    return loss


def contrastive(rows: Tensor, labels: Tensor, temperature: float = 0.5) -> Tensor:
    """How much less alike rows (N, D) of one label are than all others: supervised, Khosla et al., NeurIPS 2020."""
    unit = nn.functional.normalize(rows, dim=-1)
    alike = (unit @ unit.T / temperature).masked_fill(torch.eye(len(rows), dtype=torch.bool), -torch.inf)
    logs = torch.log_softmax(alike, dim=-1)
    mates = (labels[:, None] == labels[None, :]) & ~torch.eye(len(rows), dtype=torch.bool)
    means = torch.where(mates, logs, 0.0).sum(-1) / mates.sum(-1).clamp(min=1)
    has = mates.any(-1)
    return -means[has].mean() if has.any() else rows.sum() * 0
