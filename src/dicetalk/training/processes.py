"""The processes of one run: alone, or several that each learn from their own batch and share the gradient."""

from __future__ import annotations

import os
from collections.abc import Sequence
from dataclasses import dataclass, field

import torch
from torch import Tensor

from dicetalk.errors import require

LAUNCHERS = ("WORLD_SIZE", "ACCELERATE_MIXED_PRECISION")
"""What `torchrun` and `accelerate launch` leave in the environment of the processes that they start."""


@dataclass(frozen=True)
class Processes:
    """This process among those of a run; by itself it is the only one.

    Attributes:
        rank: its number, 0 is the one that writes.
        count: how many there are.
        device: where its network lies.
        sharded: whether networks that can be lie in parts over all processes (FSDP).
    """

    rank: int = 0
    count: int = 1
    device: torch.device = field(default_factory=lambda: torch.device("cpu"))
    sharded: bool = False

    @property
    def writes(self) -> bool:
        """Whether this one writes files and messages."""
        return self.rank == 0

    def average(self, tensors: Sequence[Tensor]) -> None:
        """Put the mean over all processes into the tensors, of any shapes; all processes wait for each other."""
        flat = torch.cat([tensor.flatten() for tensor in tensors])
        torch.distributed.all_reduce(flat)
        for tensor, part in zip(tensors, (flat / self.count).split([t.numel() for t in tensors]), strict=True):
            tensor.copy_(part.view_as(tensor))


ALONE = Processes()


def launched() -> Processes:
    """The processes that `accelerate launch` or `torchrun` started; alone where neither did.

    Raises:
        MissingExtraError: accelerate is not installed.
    """
    if not any(name in os.environ for name in LAUNCHERS):
        return Processes()
    require("accelerate", "train")
    from accelerate import PartialState
    from accelerate.utils import parse_flag_from_env

    # It does not find several processes without a GPU by itself.
    state = PartialState(cpu=parse_flag_from_env("ACCELERATE_USE_CPU") or not torch.cuda.is_available())
    sharded = parse_flag_from_env("ACCELERATE_USE_FSDP") and state.num_processes > 1
    return Processes(state.process_index, state.num_processes, state.device, sharded)


def leave(processes: Processes) -> None:
    """End together: wait for the last one."""
    if processes.count > 1:
        torch.distributed.barrier()
        torch.distributed.destroy_process_group()
