"""Low-rank changes of linear layers, learned in place of the layers: W + U D (LoRA; Hu et al. 2021).

U begins at 0, so that a network computes what it did before. Torch's own parametrization puts the change into the
weight: whatever reads that, reads it changed, and taking the parametrization off leaves the sum.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import cast

import torch
from torch import Tensor, nn
from torch.nn.utils import parametrize

from dicetalk.modules import check_layout

UP, DOWN = "up", "down"
PLACE = ".parametrizations.weight.0."
"""Where torch keeps a change in its layer."""


class LowRank(nn.Module):
    """A change of one weight."""

    def __init__(self, rows: int, columns: int, rank: int) -> None:
        """The change 0 of a weight `(rows, columns)`."""
        super().__init__()
        self.up = nn.Parameter(torch.zeros(rows, rank))
        self.down = nn.Parameter(torch.randn(rank, columns) / columns**0.5)

    def forward(self, weight: Tensor) -> Tensor:
        """The weight `(rows, columns)` -> the same, changed."""
        return torch.addmm(weight, self.up, self.down)


def add_low_rank(net: nn.Module, layers: Mapping[str, nn.Linear], rank: int) -> None:
    """Freeze a network, and let low-rank changes of some of its layers learn.

    Args:
        net: whose parameters are frozen.
        layers: of it, by the names that their changes are kept under.
        rank: of the changes.
    """
    net.requires_grad_(False)
    for layer in layers.values():
        rows, columns = layer.weight.shape
        change = LowRank(rows, columns, rank).to(layer.weight.device)
        parametrize.register_parametrization(layer, "weight", change)


def changes_of(state: Mapping[str, Tensor], module: str = "") -> dict[str, Tensor]:
    """The changes of the layers of a module, "" for the whole, in the state of a network that has them.

    Returns:
        `NAME.up` `(rows, rank)` and `NAME.down` `(rank, columns)` of each layer, by its name in the module.
    """
    begin = f"{module}." if module else ""
    names = [name for name in state if name.startswith(begin) and PLACE in name]
    return {name.removeprefix(begin).replace(PLACE, "."): state[name].detach() for name in names}


def _changes(layers: Mapping[str, nn.Linear]) -> Iterator[tuple[str, LowRank]]:
    for name, layer in layers.items():
        yield name, cast(LowRank, layer.get_submodule(PLACE.strip(".")))


def merge_low_rank(layers: Mapping[str, nn.Linear]) -> None:
    """Put the changes into the weights for good: the layers are plain ones again."""
    for layer in layers.values():
        parametrize.remove_parametrizations(layer, "weight", leave_parametrized=True)


@torch.no_grad()
def leave_out(layers: Mapping[str, nn.Linear]) -> None:
    """Make the changes none again."""
    for _, change in _changes(layers):
        change.up.zero_()


@torch.no_grad()
def apply_changes(layers: Mapping[str, nn.Linear], changes: Mapping[str, Tensor], file: str) -> None:
    """Change layers by what `changes_of` gave, for good; reckoned in float32, in whatever precision they are.

    Raises:
        CheckpointError: the changes, which lie in a file of this name, are those of other layers.
    """
    rank = next((len(tensor) for name, tensor in changes.items() if name.endswith(f".{DOWN}")), 0)
    wanted: dict[str, tuple[int, ...]] = {}
    for name, layer in layers.items():
        rows, columns = layer.weight.shape
        wanted |= {f"{name}.{UP}": (rows, rank), f"{name}.{DOWN}": (rank, columns)}
    check_layout(file, wanted, changes)
    for name, layer in layers.items():
        up, down = (changes[f"{name}.{part}"].float().to(layer.weight.device) for part in (UP, DOWN))
        layer.weight.copy_(layer.weight.float() + up @ down)
