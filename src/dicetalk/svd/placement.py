"""Where the networks live: all on the device, or with low memory only the one in use."""

from __future__ import annotations

from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass

import torch
from torch import nn

from dicetalk.errors import ConfigError

PRECISIONS = {"float32": torch.float32, "bfloat16": torch.bfloat16, "float16": torch.float16}


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


def pick_device(name: str) -> torch.device:
    """The device of a name; "auto" is CUDA, else MPS, else the processor.

    Raises:
        ConfigError: no such device here.
    """
    if name == "auto":
        name = "cuda" if torch.cuda.is_available() else "mps" if torch.backends.mps.is_available() else "cpu"
    try:
        device = torch.device(name)
    except RuntimeError:
        raise ConfigError(f"{name!r} is not a device; use cpu, cuda, cuda:1, mps or auto") from None
    there = {"cpu": True, "cuda": torch.cuda.is_available(), "mps": torch.backends.mps.is_available()}
    if not there.get(device.type, False) or (device.index or 0) >= max(1, torch.cuda.device_count()):
        raise ConfigError(f"there is no {name} here; use cpu, or auto to take the best there is")
    return device


def pick_precision(name: str, device: torch.device) -> torch.dtype:
    """The floating-point type of the large networks; "auto" is float16 on a GPU and float32 on the processor."""
    if name == "auto":
        return torch.float32 if device.type == "cpu" else torch.float16
    return PRECISIONS[name]
