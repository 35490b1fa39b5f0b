"""The training loop: deterministic by seed, resumable by the same call, curves as CSV and as a picture.

Several processes draw a batch each and step with the mean of their gradients; their networks stay the same.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import torch
from torch import Tensor, nn
from torch.distributed.tensor import DTensor

from dicetalk.errors import CheckpointError, ConfigError
from dicetalk.modules import read_tensors, save_tensors
from dicetalk.training.curves import Curves
from dicetalk.training.pace import Pace
from dicetalk.training.processes import ALONE, Processes
from dicetalk.training.sharding import clip_gradients, gathered, groups_of, shard, share_of
from dicetalk.training.task import Counted, Scaled, Shown, Spread, Staged, Task, Validated

STATE = "state.safetensors"
RANKS_APART = 2_654_435_769
"""Between the seeds of two processes. Torch keeps 32 bits of a seed; this is their golden section, so that no two of
hundreds of processes share one within a million steps."""
PARTS_APART = 1_640_531_527
"""Between the seeds of two batches of one step, likewise."""
SCALER, WHOLE = "scaler", ("growth_interval", "_growth_tracker")
"""How entries of a state begin that belong to what scales losses, and which of them are whole numbers."""
LEAST_SCALE = 2.0**-10
"""Of losses; gradients that are out of range even so are no numbers at all."""
Progress = Callable[[int, int], None]
"""Called with steps done and steps in all."""


@dataclass(frozen=True, kw_only=True)
class LoopOptions:
    """How long and how fast to learn.

    Attributes:
        steps: in all.
        rate: highest learning rate; it rises over the warm-up and falls to 0 along a cosine.
        warmup: steps.
        decay: weight decay of AdamW.
        clip: longest gradient.
        seed: of weights, batches and dropout.
        save_every: steps between two states from which the run can go on.
        average: how much of the mean of the weights so far each step keeps; what is learned is that mean. 0 is none.
        accumulate: batches whose mean gradient makes a step.

    Raises:
        ConfigError: a step is made of no batch.
    """

    steps: int = 1000
    rate: float = 1e-3
    warmup: int = 50
    decay: float = 0.05
    clip: float = 1.0
    seed: int = 0
    save_every: int = 100
    average: float = 0.0
    accumulate: int = 1

    def __post_init__(self) -> None:
        if self.accumulate < 1:
            raise ConfigError(f"loop.accumulate is {self.accumulate}; use 1 or more")


def train(
    task: Task,
    options: LoopOptions,
    folder: Path,
    progress: Progress | None = None,
    processes: Processes = ALONE,
) -> None:
    """Learn, or go on learning where a run in the same folder was stopped: the result is the same, bit for bit.

    The numbers of step and process seed everything, so that no state of chance has to be kept.

    Args:
        task: what is learned; in every process the same network, on the process's device.
        options: how long and how fast.
        folder: of state and curves; the same for all processes.
        progress: called with steps done and in all.
        processes: this one and how many there are.

    Raises:
        CheckpointError: the folder holds the state of another network.
        ConfigError: a loss is not finite; the last state is kept.
    """
    folder.mkdir(parents=True, exist_ok=True)
    if processes.sharded:
        _shard(task, processes)
    learned = groups_of(parameter for _, parameter in _learned(task.net))
    optimizer = torch.optim.AdamW(learned, lr=options.rate, weight_decay=options.decay)
    mean = {name: tensor.clone() for name, tensor in _changing(task.net).items()} if options.average else {}
    scaler = _scaler(task, processes)
    start = _restore(task.net, optimizer, mean, scaler, folder / STATE)
    curves = Curves(folder, start)
    valid = _validated(task, mean)
    task.net.train()
    samples = task.samples if isinstance(task, Counted) else 1
    pace = Pace(folder, processes.device, samples * options.accumulate * processes.count)
    with torch.random.fork_rng(devices=[]):
        for step in range(start, options.steps):
            for group in optimizer.param_groups:
                group["lr"] = options.rate * schedule(step, options)
            if isinstance(task, Staged):
                task.begin(step)
            losses = _step(task, optimizer, scaler, options, step, processes)
            _check_finite(losses, step, folder / STATE)
            _average(mean, task.net, min(options.average, (step + 1) / (step + 10)))
            pace.add(step)
            is_saved = _is_saved(step + 1, options)
            valid = _validated(task, mean) if is_saved else valid
            curves.add(step, losses | valid)
            if is_saved and (processes.writes or processes.sharded):
                _show(task, mean, folder if processes.writes else None, step + 1)
                _save(task.net, optimizer, mean, scaler, step + 1, folder / STATE if processes.writes else None)
            if is_saved and processes.writes:
                curves.write()
                pace.write()
            if progress is not None:
                progress(step + 1, options.steps)
    _put(task.net, mean)
    task.net.eval()


def _check_finite(losses: Mapping[str, float], step: int, state: Path) -> None:
    wrong = [name for name, value in losses.items() if not math.isfinite(value)]
    if wrong:
        kept = f"{state} keeps the last good state" if state.exists() else "no state was saved yet"
        raise ConfigError(f"at step {step} {', '.join(wrong)} are not finite; {kept}; use a lower loop.rate")


@torch.no_grad()
def _average(mean: Mapping[str, Tensor], net: nn.Module, keeps: float) -> None:
    """Move the mean of the weights towards those of a step."""
    for name, tensor in _changing(net).items():
        if name in mean:
            mean[name].lerp_(tensor, 1 - keeps) if tensor.is_floating_point() else mean[name].copy_(tensor)


def _validated(task: Task, mean: Mapping[str, Tensor]) -> dict[str, float]:
    """What a task tells of the mean of its weights, if it can."""
    if not isinstance(task, Validated):
        return {}
    with _as_it_will_be(task.net, mean):
        return task.validation()


def _shard(task: Task, processes: Processes) -> None:
    """Spread what a task lets be spread.

    Raises:
        ConfigError: it lets nothing, or its losses are scaled.
    """
    if not isinstance(task, Spread):
        raise ConfigError("this network cannot lie in parts over processes; launch it without FSDP")
    if isinstance(task, Scaled) and task.is_scaled:
        raise ConfigError("losses of a network in parts are not scaled; use precision=bfloat16, or float32")
    shard(task.blocks, processes)


def _show(task: Task, mean: Mapping[str, Tensor], folder: Path | None, steps: int) -> None:
    """What a task shows of the mean of its weights, if it can."""
    if isinstance(task, Shown):
        with _as_it_will_be(task.net, mean):
            task.show(folder, steps)


@contextmanager
def _as_it_will_be(net: nn.Module, mean: Mapping[str, Tensor]) -> Iterator[None]:
    """A network in use, its weights the mean of those so far; afterwards it learns on."""
    now = {name: tensor.clone() for name, tensor in _changing(net).items()}
    learning = net.training
    _put(net.eval(), mean)
    yield
    _put(net.train(learning), now)


def _is_saved(steps: int, options: LoopOptions) -> bool:
    return steps % options.save_every == 0 or steps == options.steps


def schedule(step: int, options: LoopOptions) -> float:
    """Share of the highest rate at a step, counted from 0."""
    rise = min(1.0, (step + 1) / max(options.warmup, 1))
    return rise * 0.5 * (1 + math.cos(math.pi * step / options.steps))


def _scaler(task: Task, processes: Processes) -> torch.amp.GradScaler:
    """What scales losses; one that does nothing where they need not be."""
    return torch.amp.GradScaler(processes.device.type, enabled=isinstance(task, Scaled) and task.is_scaled)


def _step(
    task: Task,
    optimizer: torch.optim.Optimizer,
    scaler: torch.amp.GradScaler,
    options: LoopOptions,
    step: int,
    processes: Processes,
) -> dict[str, float]:
    optimizer.zero_grad()
    told = []
    for part in range(options.accumulate):
        seed = options.seed * 1_000_003 + step + processes.rank * RANKS_APART + part * PARTS_APART
        torch.manual_seed(seed)  # dropout knows no other source of chance
        losses = task.losses(torch.Generator().manual_seed(seed))
        scaler.scale(losses["loss"] / options.accumulate).backward()
        told.append(torch.stack([loss.detach() for loss in losses.values()]))
    values = torch.stack(told).mean(0)
    if processes.count > 1:
        processes.average([*_gradients(task.net), *_counters(task.net), values])
    scaler.unscale_(optimizer)
    length = clip_gradients(list(task.net.parameters()), options.clip)
    scaler.step(optimizer)
    scaler.update()
    figures = dict(zip(losses, values.tolist(), strict=True))
    return figures | _told_of_step(length, scaler)


def _told_of_step(length: float, scaler: torch.amp.GradScaler) -> dict[str, float]:
    """How long the gradient was; of scaled losses, their scale, and 0 for a gradient out of range, which is left out.

    Raises:
        ConfigError: gradients are out of range at any scale.
    """
    if not scaler.is_enabled():
        return {"gradient": length}
    scale = float(scaler.get_scale())
    if scale < LEAST_SCALE:
        raise ConfigError("gradients are out of float16's range at any scale; use precision=bfloat16, or float32")
    return {"gradient": length if math.isfinite(length) else 0.0, "scale": scale}


def _learned(net: nn.Module) -> list[tuple[str, nn.Parameter]]:
    return [(name, parameter) for name, parameter in net.named_parameters() if parameter.requires_grad]


def _changing(net: nn.Module) -> dict[str, Tensor]:
    """What learning changes in a network: parameters that are not frozen, and what it counts."""
    frozen = {name for name, parameter in net.named_parameters() if not parameter.requires_grad}
    return {name: tensor.detach() for name, tensor in net.state_dict().items() if name not in frozen}


@torch.no_grad()
def _put(net: nn.Module, tensors: Mapping[str, Tensor]) -> None:
    """Put tensors into a network.

    Raises:
        RuntimeError: one is of another shape.
    """
    own = net.state_dict()
    for name, tensor in tensors.items():
        if own[name].shape != tensor.shape:
            raise RuntimeError(f"{name} is {tuple(tensor.shape)}, expected {tuple(own[name].shape)}")
        own[name].copy_(share_of(tensor, own[name]))


def _counters(net: nn.Module) -> list[Tensor]:
    """What a network counts while it learns."""
    return [buffer for buffer in net.buffers() if buffer.is_floating_point()]


def _gradients(net: nn.Module) -> list[Tensor]:
    """The gradients of one process; where its batch did not use a parameter, others may have: 0.

    Those of a network in parts are the mean of all processes already.
    """
    found = []
    for _, parameter in _learned(net):
        if isinstance(parameter, DTensor):
            continue
        if parameter.grad is None:
            parameter.grad = torch.zeros_like(parameter)
        found.append(parameter.grad)
    return found


def _save(
    net: nn.Module,
    optimizer: torch.optim.Optimizer,
    mean: Mapping[str, Tensor],
    scaler: torch.amp.GradScaler,
    steps: int,
    path: Path | None,
) -> None:
    """Write the state; None only helps another process to."""
    tensors = {f"net.{name}": tensor for name, tensor in _changing(net).items()}
    tensors |= {f"mean.{name}": tensor for name, tensor in mean.items()}
    for name, parameter in _learned(net):
        tensors |= {f"{kind}.{name}": value for kind, value in optimizer.state[parameter].items()}
    tensors |= {f"{SCALER}.{name}": torch.tensor(float(value)) for name, value in scaler.state_dict().items()}
    kept = {name: gathered(tensor).cpu() for name, tensor in tensors.items()}
    if path is not None:
        save_tensors(path, {**kept, "steps": torch.tensor(steps)})


def _restore(
    net: nn.Module, optimizer: torch.optim.Optimizer, mean: dict[str, Tensor], scaler: torch.amp.GradScaler, path: Path
) -> int:
    """Steps already done; 0 where there is no state."""
    if not path.exists():
        return 0
    tensors = read_tensors(path)
    if bool(mean) != any(name.startswith("mean.") for name in tensors):
        kept = "without" if mean else "with"
        raise CheckpointError(f"{path} was saved {kept} a mean of the weights; give the same loop.average as before")
    try:
        _put(net, {name: tensors[f"net.{name}"] for name in _changing(net)})
        for name, tensor in mean.items():
            tensor.copy_(share_of(tensors[f"mean.{name}"], tensor))
        for name, parameter in _learned(net):
            kinds = ("step", "exp_avg", "exp_avg_sq")
            if scaler.is_enabled() and f"step.{name}" not in tensors:
                continue  # every step so far was left out
            state = {kind: tensors[f"{kind}.{name}"] for kind in kinds}
            # The optimizer counts steps on the processor, wherever the network lies.
            optimizer.state[parameter] = {
                k: v if k == "step" else share_of(v.to(parameter.device), parameter) for k, v in state.items()
            }
        scales = {name: float(tensors[f"{SCALER}.{name}"]) for name in scaler.state_dict()}
        scaler.load_state_dict({name: int(value) if name in WHOLE else value for name, value in scales.items()})
        return int(tensors["steps"])
    except (KeyError, RuntimeError) as error:
        reason = " ".join(str(error).split())[:120]
        raise CheckpointError(f"{path} is the state of another network ({reason}); train in another folder") from None
