"""Typed attention: the numbers of the published layer, and what a graph promises."""

from __future__ import annotations

import json

import pytest
import torch
from places import SHARED
from safetensors.torch import load_file

from dicetalk.training.typed_attention import Edge, TypedAttention

GOLDEN = SHARED / "golden" / "relatives"
EDGES = [("text", "before", "text"), ("text", "has", "emotion"), ("emotion", "of", "text")]


@pytest.mark.skipif(not GOLDEN.is_dir(), reason="the golden data (../shared/golden/relatives) is not here")
def test_it_gives_the_published_numbers() -> None:
    facts, stored = json.loads((GOLDEN / "hgt.json").read_text()), load_file(GOLDEN / "hgt.safetensors")
    edges = [tuple(edge) for edge in facts["edge_types"]]
    heads, width, counts = facts["heads"], facts["width"], facts["counts"]
    layer = TypedAttention(facts["node_dims"], edges, width, heads)
    weights = {}
    for name in facts["node_types"]:
        for ours, theirs in (("kqv", "kqv_lin"), ("out", "out_lin")):
            for part in ("weight", "bias"):
                weights[f"{ours}.{name}.{part}"] = stored[f"w/{theirs}.lins.{name}.{part}"]
        if f"skip.{name}" in layer.state_dict():
            weights[f"skip.{name}"] = stored[f"w/skip.{name}"]
    for rel in ("k_rel", "v_rel"):
        weights[rel] = stored[f"w/{rel}.weight"].view(heads, len(edges), width // heads, -1).transpose(0, 1)
    weights["p_rel"] = torch.cat([stored["w/p_rel." + "__".join(edge)] for edge in edges])
    layer.load_state_dict(weights)
    joined = {}
    for edge in edges:
        mask = torch.zeros(1, counts[edge[2]], counts[edge[0]], dtype=torch.bool)
        begin, end = stored["edge/" + "__".join(edge)].long()
        mask[0, end, begin] = True
        joined[edge] = mask
    found = layer({name: stored[f"x/{name}"][None] for name in facts["node_types"]}, joined)
    for name in facts["node_types"]:
        torch.testing.assert_close(found[name][0], stored[f"y/{name}"], atol=1e-5, rtol=0)


def made(count: int = 4) -> tuple[TypedAttention, dict[str, torch.Tensor], dict[Edge, torch.Tensor]]:
    torch.manual_seed(1)
    layer = TypedAttention({"text": 6, "emotion": 8}, EDGES, 8, 2)
    nodes = {"text": torch.randn(2, count, 6), "emotion": torch.randn(2, count, 8)}
    joined = {edge: torch.rand(2, count, count) < 0.6 for edge in EDGES}
    return layer, nodes, joined


def test_the_order_of_the_nodes_does_not_matter() -> None:
    layer, nodes, joined = made()
    order = torch.tensor([2, 0, 3, 1])
    moved = layer(
        {name: x[:, order] for name, x in nodes.items()}, {e: m[:, order][:, :, order] for e, m in joined.items()}
    )
    for name, values in layer(nodes, joined).items():
        torch.testing.assert_close(moved[name], values[:, order])


def test_who_has_nobody_to_ask_is_told_nothing() -> None:
    layer, nodes, joined = made()
    found = layer(nodes, {edge: torch.zeros_like(mask) for edge, mask in joined.items()})
    assert torch.isfinite(found["text"]).all()
    torch.testing.assert_close(found["text"][0, 0], layer.out["text"].bias)


def test_every_weight_learns() -> None:
    layer, nodes, joined = made()
    sum(values.square().sum() for values in layer(nodes, joined).values()).backward()
    assert all(weight.grad is not None and weight.grad.abs().sum() > 0 for weight in layer.parameters())
