"""Count operations and memory of a network without computing anything: it runs on torch's `meta` device, where
tensors have no data."""

from __future__ import annotations

import weakref
from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor
from torch.nn import functional as fn
from torch.overrides import TorchFunctionMode
from torch.utils._python_dispatch import TorchDispatchMode
from torch.utils._pytree import tree_leaves
from torch.utils.flop_counter import FlopCounterMode

ALLOCATION = 512
"""Allocators round up to this many bytes."""


@dataclass(frozen=True)
class Count:
    """What a computation takes.

    Attributes:
        flops: floating-point operations; a multiplication and an addition are two.
        peak: most bytes of tensors alive at once, beyond weights and inputs.
    """

    flops: int
    peak: int


class _FusedAttention(TorchFunctionMode):
    """Stands in for attention kernels that never hold the matrix of scores, which `meta` would."""

    def __init__(self) -> None:
        super().__init__()
        self.flops = 0

    def __torch_function__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        if func is not fn.scaled_dot_product_attention:
            return func(*args, **(kwargs or {}))
        query, key, value = args[:3]
        self.flops += 2 * query.numel() * key.shape[-2] + 2 * query.shape[:-1].numel() * value.shape[-2:].numel()
        # Kernels write the result with heads beside channels, so that merging the heads copies nothing.
        batch, heads, length, _ = query.shape
        return query.new_empty(batch, length, heads, value.shape[-1]).transpose(1, 2)


class Alive(TorchDispatchMode):
    """Follows how many bytes of new tensors are alive."""

    def __init__(self) -> None:
        super().__init__()
        self.now = self.peak = 0
        self._known: weakref.WeakSet[torch.UntypedStorage] = weakref.WeakSet()

    def __torch_dispatch__(self, func: Any, types: Any, args: Any = (), kwargs: Any = None) -> Any:
        inputs = {id(x.untyped_storage()) for x in tree_leaves((args, kwargs)) if isinstance(x, Tensor)}
        out = func(*args, **(kwargs or {}))
        for tensor in tree_leaves(out):
            if isinstance(tensor, Tensor) and id(tensor.untyped_storage()) not in inputs:
                self._born(tensor.untyped_storage())
        return out

    def _born(self, storage: torch.UntypedStorage) -> None:
        if storage in self._known:
            return
        self._known.add(storage)
        size = -(-storage.nbytes() // ALLOCATION) * ALLOCATION
        self.now += size
        self.peak = max(self.peak, self.now)
        weakref.finalize(storage, self._gone, size)

    def _gone(self, size: int) -> None:
        self.now -= size


@torch.inference_mode()
def count(computation: Callable[[], object]) -> Count:
    """Run a computation on tensors of the `meta` device and count what it takes."""
    attention, alive = _FusedAttention(), Alive()
    flops = FlopCounterMode(display=False)
    with torch.device("meta"), flops, alive, attention:
        computation()
    return Count(flops.get_total_flops() + attention.flops, alive.peak)
