"""Networks that lie in parts over the processes of a run (FSDP): each holds a share of every weight, of its gradient
and of what the optimizer keeps, and gets the others' shares of a block when that is run."""

from __future__ import annotations

from collections.abc import Iterable, Sequence

import torch
from torch import Tensor, nn
from torch.distributed.device_mesh import init_device_mesh
from torch.distributed.fsdp import fully_shard
from torch.distributed.tensor import DTensor, distribute_tensor
from torch.nn.utils import clip_grad_norm_

from dicetalk.training.processes import Processes

TINY = 1e-6
"""As in torch's own clipping."""


def shard(blocks: Sequence[nn.Module], processes: Processes) -> None:
    """Spread the weights of blocks over all processes; a block that holds others comes behind them."""
    mesh = init_device_mesh(processes.device.type, (processes.count,))
    for block in blocks:
        fully_shard(block, mesh=mesh)


def gathered(tensor: Tensor) -> Tensor:
    """A tensor of which each process may hold a share; all have to ask for it together."""
    return tensor.full_tensor() if isinstance(tensor, DTensor) else tensor


def share_of(tensor: Tensor, own: Tensor) -> Tensor:
    """What this process holds of a whole tensor, if it lies as its own one does."""
    if not isinstance(own, DTensor):
        return tensor
    return distribute_tensor(tensor.to(own.device), own.device_mesh, own.placements)


def groups_of(parameters: Iterable[nn.Parameter]) -> list[dict[str, list[nn.Parameter]]]:
    """Parameters in two groups, since an optimizer steps with many at once and shares are of another kind."""
    plain: list[nn.Parameter] = []
    spread: list[nn.Parameter] = []
    for parameter in parameters:
        (spread if isinstance(parameter, DTensor) else plain).append(parameter)
    return [{"params": group} for group in (plain, spread) if group]


def clip_gradients(parameters: Sequence[nn.Parameter], most: float) -> float:
    """Shorten the gradient of all parameters together to `most`; gives how long it was."""
    spread = [p.grad for p in parameters if isinstance(p.grad, DTensor)]
    if not spread:
        return float(clip_grad_norm_(parameters, most))
    plain = [p.grad for p in parameters if p.grad is not None and not isinstance(p.grad, DTensor)]
    squares = torch.stack([grad.to_local().double().square().sum() for grad in spread]).sum()
    torch.distributed.all_reduce(squares)
    length = float((squares + sum(grad.double().square().sum() for grad in plain)).sqrt())
    for grad in (*plain, *(grad.to_local() for grad in spread)):
        grad.mul_(min(most / (length + TINY), 1.0))
    return length
