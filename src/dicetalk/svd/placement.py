"""Where the networks live: all on the device, or with low memory only the one in use."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import nn


@dataclass(frozen=True)
class Placement:
    """Device and precision of the networks, and whether they stay.

    Attributes:
        device: where they compute.
        dtype: floating-point type of the large ones.
        low: whether each leaves the device after use.
    """

    device: torch.device
    dtype: torch.dtype
    low: bool

    @property
    def home(self) -> torch.device:
        """Where weights wait."""
        return torch.device("cpu") if self.low else self.device

    @contextmanager
    def use(self, module: nn.Module) -> Iterator[None]:
        """Have a network on the device for the length of a block."""
        module.to(self.device)
        try:
            yield
        finally:
            if self.low:
                module.to(self.home)
                self._release()

    def _release(self) -> None:
        if self.device.type == "cuda":
            torch.cuda.empty_cache()
        elif self.device.type == "mps":
            torch.mps.empty_cache()
