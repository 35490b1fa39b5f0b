"""Modules of torch and their `.safetensors` files, one a module. Loading is strict."""

from __future__ import annotations

from collections.abc import Mapping
from pathlib import Path

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from dicetalk.errors import CheckpointError
from dicetalk.files import whole


def save_tensors(path: Path, tensors: Mapping[str, Tensor]) -> None:
    """Write one module's tensors, in one move: the file is complete or not there."""
    with whole(path) as hidden:
        save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, hidden)


def read_tensors(path: Path, device: str = "cpu") -> dict[str, Tensor]:
    """Read one module's tensors.

    Raises:
        CheckpointError: the file is missing, truncated or not safetensors.
    """
    if not path.is_file():
        raise CheckpointError(f"no file {path.name} in {path.parent}; the checkpoint is not complete")
    try:
        with safe_open(path, "pt", device=device) as file:
            return {name: file.get_tensor(name) for name in file.keys()}  # noqa: SIM118 (not a dict)
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
        CheckpointError: the file cannot be read, or tensors are missing, unexpected or of another shape.
    """
    target = module.get_submodule(inner)
    tensors = read_tensors(path, device)
    check_layout(path.name, {name: tuple(p.shape) for name, p in target.state_dict().items()}, tensors)
    cast = {name: t.to(dtype) if dtype and t.is_floating_point() else t for name, t in tensors.items()}
    target.load_state_dict(cast, assign=True)
    return module.to(device).eval()


def check_layout(name: str, wanted: Mapping[str, tuple[int, ...]], found: Mapping[str, Tensor]) -> None:
    """Hold the tensors of a file against what the module needs.

    Raises:
        CheckpointError: names every missing, unexpected or wrongly shaped tensor.
    """
    problems = [f"missing {key}" for key in wanted if key not in found]
    problems += [f"unexpected {key}" for key in found if key not in wanted]
    problems += [
        f"{key} is {tuple(tensor.shape)}, expected {wanted[key]}"
        for key, tensor in found.items()
        if key in wanted and tuple(tensor.shape) != wanted[key]
    ]
    if problems:
        raise CheckpointError(f"{name} does not fit: {'; '.join(problems)}")
