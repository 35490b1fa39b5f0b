"""What is learned: a network and the losses of batches; and what else a task may tell or do in the course of a run."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path
from typing import Protocol, runtime_checkable

import torch
from torch import Tensor, nn


class Task(Protocol):
    """What is learned."""

    @property
    def net(self) -> nn.Module:
        """The network."""
        ...

    def losses(self, generator: torch.Generator) -> dict[str, Tensor]:
        """One batch's losses by name; `loss` is what falls. All chance comes from the generator."""
        ...


@runtime_checkable
class Validated(Protocol):
    """A task that can tell how well it does on what is not learned from."""

    def validation(self) -> dict[str, float]:
        """Figures by name, the same for the same weights."""
        ...


@runtime_checkable
class Scaled(Protocol):
    """A task whose losses are reckoned in float16, where small gradients are 0 unless losses are scaled."""

    @property
    def is_scaled(self) -> bool:
        """Whether they are."""
        ...


@runtime_checkable
class Counted(Protocol):
    """A task that tells how many samples a batch has."""

    @property
    def samples(self) -> int:
        """Of a batch."""
        ...


@runtime_checkable
class Shown(Protocol):
    """A task that can show what it makes of what is not learned from."""

    def show(self, folder: Path | None, steps: int) -> None:
        """Write it into a folder, under the number of steps; None makes it and writes nothing."""
        ...


@runtime_checkable
class Staged(Protocol):
    """A task that does not learn from the same in all the run."""

    def begin(self, step: int) -> None:
        """Make ready for a step, counted from 0; asked in order, but for those that were done before."""
        ...


@runtime_checkable
class Spread(Protocol):
    """A task whose network may lie in parts over processes."""

    @property
    def blocks(self) -> Sequence[nn.Module]:
        """What is spread, a block that holds others behind them."""
        ...
