"""Modules of torch and their `.safetensors` files, one a module. Loading is strict."""

from __future__ import annotations

import math
import os
import re
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from dicetalk.errors import CheckpointError, ConfigError, MediaError
from dicetalk.files import existing_file, whole

MOST_TOLD = 100
"""Tensors that a message names."""


def save_tensors(path: Path, tensors: Mapping[str, Tensor]) -> None:
    """Write one module's tensors, in one move: the file is complete or not there.

    Raises:
        MediaError: says in one line why it cannot be written.
    """
    with whole(path) as hidden, _told_by_system():
        save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, hidden)


@contextmanager
def _told_by_system() -> Iterator[None]:
    """Raise what the system says of a file that cannot be written, which the library tells in words alone."""
    try:
        yield
    except SafetensorError as error:
        number = re.search(r"os error (\d+)", str(error))
        if number is None:
            raise
        raise OSError(int(number[1]), os.strerror(int(number[1]))) from error


def read_tensors(path: Path, device: str = "cpu") -> dict[str, Tensor]:
    """Read one module's tensors.

    Raises:
        CheckpointError: the file is missing, truncated or not safetensors.
    """
    if not path.exists():
        raise CheckpointError(f"no file {path.name} in {path.parent}; the checkpoint is not complete")
    try:
        with safe_open(existing_file(path), "pt", device=device) as file:
            return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a dict)
    except MediaError as error:
        raise CheckpointError(str(error)) from None
    except (SafetensorError, OSError, ValueError) as error:
        raise CheckpointError(f"{path} is truncated or not safetensors ({error}); get or write it again") from None


def load_module(
    module: nn.Module, path: Path, dtype: torch.dtype | None = None, device: str = "cpu", inner: str = ""
) -> nn.Module:
    """Fill a module, best built without memory (`torch.device("meta")`), with the tensors of one file. Strict.

    Args:
        module: what to fill.
        path: the file.
        dtype: floating-point type of the weights; None keeps the file's.
        device: where the weights go.
        inner: attribute of `module` that is filled, "" for itself.

    Returns:
        The module, in evaluation mode.

    Raises:
        CheckpointError: the file cannot be read, or tensors are missing, unexpected, of another shape, or hold numbers
            that are not finite in that precision.
    """
    target = module.get_submodule(inner)
    tensors = read_tensors(path, device)
    check_layout(path.name, {name: tuple(p.shape) for name, p in target.state_dict().items()}, tensors)
    target.load_state_dict({name: cast(path, name, tensor, dtype) for name, tensor in tensors.items()}, assign=True)
    return module.to(device).eval()


def cast(path: Path, name: str, tensor: Tensor, dtype: torch.dtype | None) -> Tensor:
    """A tensor of a file in another precision; whole numbers, and all for None, stay as they are.

    Raises:
        CheckpointError: it holds NaN or infinity, or numbers beyond the precision's range.
    """
    if not tensor.is_floating_point() or tensor.numel() == 0:
        return tensor
    largest = max(-float(tensor.min()), float(tensor.max())) if tensor.isfinite().all() else math.nan
    if math.isnan(largest):
        raise CheckpointError(f"{path} holds numbers that are not finite in {name}; get or write it again")
    if dtype is not None and largest > torch.finfo(dtype).max:
        kind = str(dtype).removeprefix("torch.")
        raise CheckpointError(
            f"{path} holds {largest:.3g} in {name}, and {kind} ends at {torch.finfo(dtype).max:.3g}; use float32"
        )
    return tensor if dtype is None else tensor.to(dtype)


def finite(tensor: Tensor, what: str) -> Tensor:
    """What a network gave, as it is.

    Raises:
        ConfigError: it holds NaN or infinity, of which later only a black picture would tell.
    """
    if not tensor.isfinite().all():
        raise ConfigError(
            f"{what} holds numbers that are not finite; use precision float32, or import the weights again"
        )
    return tensor


def check_layout(name: str, wanted: Mapping[str, tuple[int, ...]], found: Mapping[str, Tensor]) -> None:
    """Hold the tensors of a file against what the module needs.

    Raises:
        CheckpointError: names the missing, unexpected or wrongly shaped tensors.
    """
    problems = [f"missing {key}" for key in wanted if key not in found]
    problems += [f"unexpected {key}" for key in found if key not in wanted]
    problems += [
        f"{key} is {tuple(tensor.shape)}, expected {wanted[key]}"
        for key, tensor in found.items()
        if key in wanted and tuple(tensor.shape) != wanted[key]
    ]
    if len(problems) > MOST_TOLD:
        problems[MOST_TOLD:] = [f"and {len(problems) - MOST_TOLD} more"]
    if problems:
        raise CheckpointError(f"{name} does not fit: {'; '.join(problems)}")
