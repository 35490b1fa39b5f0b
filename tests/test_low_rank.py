"""Low-rank changes: nothing at first, they alone learn, and merged they are what they were."""

from __future__ import annotations

import pytest
import torch
from torch import nn

from dicetalk.errors import CheckpointError
from dicetalk.low_rank import add_low_rank, apply_changes, changes_of, merge_low_rank

X = torch.randn(5, 4, generator=torch.Generator().manual_seed(0))


def net() -> nn.Sequential:
    torch.manual_seed(1)
    return nn.Sequential(nn.Linear(4, 6), nn.Tanh(), nn.Linear(6, 3))


def layers(of: nn.Module) -> dict[str, nn.Linear]:
    return {name: layer for name, layer in of.named_modules() if isinstance(layer, nn.Linear)}


def learned(rank: int = 2) -> nn.Sequential:
    one = net()
    add_low_rank(one, layers(one), rank)
    optimizer = torch.optim.SGD([p for p in one.parameters() if p.requires_grad], 0.5)
    for _ in range(3):
        optimizer.zero_grad()
        one(X).square().sum().backward()
        optimizer.step()
    return one


def test_a_change_begins_as_none() -> None:
    one = net()
    before = one(X)
    add_low_rank(one, layers(one), 2)
    assert torch.equal(one(X), before)


def test_the_changes_alone_learn() -> None:
    one, start = learned(), net()
    assert all(("up" in name.split(".")) or ("down" in name.split(".")) for name, p in one.named_parameters()
               if p.grad is not None)  # fmt: skip
    assert torch.equal(one.get_parameter("0.parametrizations.weight.original"), start.get_parameter("0.weight"))
    assert (one(X) - start(X)).abs().max() > 1e-2


def test_merged_and_applied_they_are_the_same() -> None:
    one, other = learned(), net()
    before, changes = one(X), changes_of(one.state_dict())
    assert {name: tuple(tensor.shape) for name, tensor in changes.items()} == {
        "0.up": (6, 2), "0.down": (2, 4), "2.up": (3, 2), "2.down": (2, 6),
    }  # fmt: skip
    merge_low_rank(layers(one))
    assert sorted(one.state_dict()) == sorted(net().state_dict()) and torch.equal(one(X), before)
    apply_changes(layers(other), changes, "lora.safetensors")
    torch.testing.assert_close(other(X), before, atol=1e-6, rtol=1e-6)  # another order of the same sums


def test_changes_of_other_layers_are_refused() -> None:
    changes = changes_of(learned().state_dict())
    with pytest.raises(CheckpointError, match=r"lora.safetensors does not fit: missing 2.up"):
        apply_changes(
            layers(net()), {name: each for name, each in changes.items() if name != "2.up"}, "lora.safetensors"
        )
