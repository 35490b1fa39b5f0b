"""Attention over a graph whose nodes and edges have types, written out for graphs that are small and dense.

Hu et al., "Heterogeneous Graph Transformer", WWW 2020.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence

import torch
from torch import Tensor, nn

Edge = tuple[str, str, str]
"""From which type of node, how it is called, to which type."""


class TypedAttention(nn.Module):
    """One layer: each node asks all nodes that have an edge to it, whatever their types."""

    def __init__(self, widths: Mapping[str, int], edges: Sequence[Edge], width: int, heads: int) -> None:
        """Of nodes so wide (by type), to `width`; of edges of these types."""
        super().__init__()
        self.edges, self.width, self.heads = tuple(edges), width, heads
        inner = width // heads
        self.kqv = nn.ModuleDict({name: nn.Linear(size, 3 * width) for name, size in widths.items()})
        self.out = nn.ModuleDict({name: nn.Linear(width, width) for name in widths})
        kept = [name for name, size in widths.items() if size == width]
        self.skip = nn.ParameterDict({name: nn.Parameter(torch.ones(1)) for name in kept})
        scale = 1 / math.sqrt(inner)
        self.k_rel = nn.Parameter(torch.randn(len(edges), heads, inner, inner) * scale)
        self.v_rel = nn.Parameter(torch.randn(len(edges), heads, inner, inner) * scale)
        self.p_rel = nn.Parameter(torch.ones(len(edges), heads))

    def forward(self, nodes: Mapping[str, Tensor], joined: Mapping[Edge, Tensor]) -> dict[str, Tensor]:
        """Nodes (B, N, D) by type -> (B, N, width).

        Args:
            nodes: by type.
            joined: (B, N to, N from) by type of edge, true where there is one.
        """
        parts = {name: self._heads(self.kqv[name](values)) for name, values in nodes.items()}
        return {name: self._answer(name, nodes, parts, joined) for name in nodes}

    def _heads(self, values: Tensor) -> tuple[Tensor, Tensor, Tensor]:
        """(B, N, 3 width) -> keys, queries and values (B, heads, N, inner)."""
        batch, count, _ = values.shape
        key, query, value = values.view(batch, count, 3, self.heads, -1).permute(2, 0, 3, 1, 4)
        return key, query, value

    def _answer(
        self,
        name: str,
        nodes: Mapping[str, Tensor],
        parts: Mapping[str, tuple[Tensor, Tensor, Tensor]],
        joined: Mapping[Edge, Tensor],
    ) -> Tensor:
        """What the nodes of a type are told."""
        query = parts[name][1]
        scores, values = [], []
        for number, edge in enumerate(self.edges):
            if edge[2] != name:
                continue
            key, _, value = parts[edge[0]]
            fit = query @ (key @ self.k_rel[number]).transpose(-1, -2)
            fit = fit * (self.p_rel[number][:, None, None] / math.sqrt(query.shape[-1]))
            scores.append(fit.masked_fill(~joined[edge][:, None], -torch.inf))
            values.append(value @ self.v_rel[number])
        told = _softmax(torch.cat(scores, dim=-1)) @ torch.cat(values, dim=-2)
        made: Tensor = self.out[name](nn.functional.gelu(told.transpose(1, 2).flatten(2)))
        if name not in self.skip:
            return made
        share = torch.sigmoid(self.skip[name])
        return share * made + (1 - share) * nodes[name]


def _softmax(scores: Tensor) -> Tensor:
    """Over the last side; zeros where there is nobody to ask."""
    alone = torch.isinf(scores).all(dim=-1, keepdim=True)
    return torch.softmax(scores.masked_fill(alone, 0.0), dim=-1) * ~alone
