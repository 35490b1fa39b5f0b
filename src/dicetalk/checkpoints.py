"""Our checkpoint format: a folder with `config.json` and one `.safetensors` file a module. Loading is strict.

`config.json` is written last, so that a folder that has one is complete. Nothing is ever unpickled. What fills modules
of torch with the tensors is in `dicetalk.modules`.
"""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dicetalk.errors import CheckpointError
from dicetalk.files import whole

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
    with whole(folder / CONFIG) as hidden:
        hidden.write_text(text + "\n", encoding="utf-8")


def kind_of(folder: Path) -> str:
    """The kind that a checkpoint folder says it is of.

    Raises:
        CheckpointError: not a checkpoint.
    """
    return str(_config(folder).get("kind"))
