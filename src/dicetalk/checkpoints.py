"""Our checkpoint format: a folder with `config.json` and one `.safetensors` file a module. Loading is strict.

`config.json` is written last, so that a folder that has one is complete. Nothing is ever unpickled.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import torch
from safetensors import SafetensorError, safe_open
from safetensors.torch import save_file
from torch import Tensor, nn

from dicetalk.errors import CheckpointError

CONFIG = "config.json"


@dataclass(frozen=True)
class Checkpoint:
    """An opened checkpoint folder.

    Attributes:
        folder: where it lies.
        config: sizes and options of its modules.
    """

    folder: Path
    config: Mapping[str, Any]

    def file(self, module: str) -> Path:
        """The file of one module, whether it is there or not."""
        return self.folder / f"{module}.safetensors"


def open_checkpoint(folder: Path, kind: str, version: int) -> Checkpoint:
    """Open a checkpoint folder of a kind ("svd", ...) and version.

    Raises:
        CheckpointError: no such folder, not a checkpoint, of another kind or version.
    """
    told = _config(folder)
    if told.get("kind") != kind:
        raise CheckpointError(f"{folder} does not hold a {kind} checkpoint; its {CONFIG} says {told.get('kind')!r}")
    if told.get("version") != version:
        raise CheckpointError(f"{folder} is of version {told.get('version')}; this DiceTalk reads version {version}")
    return Checkpoint(folder, told)


def _config(folder: Path) -> dict[str, Any]:
    """What a folder's `config.json` says, whatever kind it is of."""
    if not folder.is_dir():
        raise CheckpointError(f"no folder {folder}; pass the folder of a checkpoint")
    try:
        told = json.loads((folder / CONFIG).read_text(encoding="utf-8"))
    except FileNotFoundError:
        raise CheckpointError(f"{folder} has no {CONFIG}: not a checkpoint, or one not completely written") from None
    except (UnicodeDecodeError, json.JSONDecodeError) as error:
        raise CheckpointError(f"{folder / CONFIG} is not valid JSON ({error}); write the checkpoint again") from None
    if not isinstance(told, dict):
        raise CheckpointError(f"{folder / CONFIG} holds a {type(told).__name__}; expected an object with a kind")
    return told


def write_config(folder: Path, kind: str, version: int, config: Mapping[str, Any]) -> None:
    """Complete a checkpoint folder: write its `config.json`, in one move."""
    text = json.dumps({"kind": kind, "version": version, **config}, indent=2)
    new = folder / f"{CONFIG}.new"
    new.write_text(text + "\n", encoding="utf-8")
    new.replace(folder / CONFIG)


def save_tensors(path: Path, tensors: Mapping[str, Tensor]) -> None:
    """Write one module's tensors, in one move: the file is complete or not there."""
    new = path.with_suffix(".new")
    save_file({name: tensor.contiguous() for name, tensor in tensors.items()}, new)
    new.replace(path)


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


def kind_of(folder: Path) -> str:
    """The kind that a checkpoint folder says it is of.

    Raises:
        CheckpointError: not a checkpoint.
    """
    told = _config(folder)
    return str(told.get("kind"))
