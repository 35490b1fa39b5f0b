"""Our checkpoint format: a folder with `config.json` and one `.safetensors` file a module. Loading is strict.

`config.json` is written last, so that a folder that has one is complete. Nothing is ever unpickled. What fills modules
of torch with the tensors is in `dicetalk.modules`.
"""

from __future__ import annotations

import json
import math
from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dicetalk.errors import CheckpointError, MediaError
from dicetalk.files import read_bytes, whole

CONFIG = "config.json"
INDEX = "model_index.json"
"""In place of it in a folder that keeps each module in a folder of its own, as diffusers does."""
OURS = "dicetalk"
"""What is told of a checkpoint as a whole there."""
MOST_NAMES = 1000
"""Of a vocabulary."""
DIGITS = 20
"""Of a whole number with its sign; those of more do not fit in 64 bits, nor do all of these."""
MAX_CONFIG_BYTES = 1_000_000
"""Ours have 2 kB, that of a stock model up to 10."""


@dataclass(frozen=True)
class Checkpoint:
    """An opened checkpoint folder.

    Attributes:
        folder: where it lies.
        config: sizes and options of its modules.
        places: files of modules that lie elsewhere than under their own name, within the folder.
    """

    folder: Path
    config: Mapping[str, Any]
    places: Mapping[str, str] = field(default_factory=dict)

    def file(self, module: str) -> Path:
        """The file of one module, whether it is there or not."""
        return self.folder / self.places.get(module, f"{module}.safetensors")


def open_checkpoint(folder: Path, kind: str, version: int) -> Checkpoint:
    """Open a checkpoint folder of a kind ("svd", ...) and version.

    Raises:
        CheckpointError: no such folder, not a checkpoint, of another kind or version, or one that is damaged.
    """
    told = _config(folder)
    check_kind(folder / CONFIG, told, kind, version)
    check_words(folder / CONFIG, told)
    return Checkpoint(folder, told)


def check_kind(path: Path, told: Mapping[str, Any], kind: str, version: int) -> None:
    """Refuse a checkpoint of another kind or version.

    Args:
        path: the file that tells it.
        told: what it says.
        kind, version: what is wanted.

    Raises:
        CheckpointError: it is of another.
    """
    if told.get("kind") != kind:
        found = _short(told.get("kind"))
        raise CheckpointError(f"{path.parent} does not hold a {kind} checkpoint; its {path.name} says {found}")
    if told.get("version") != version:
        found = _short(told.get("version"))
        raise CheckpointError(f"{path.parent} is of version {found}; this DiceTalk reads version {version}")


def check_words(path: Path, told: Mapping[str, Any]) -> None:
    """Refuse a vocabulary or the name of a space that is none, where one is told.

    Raises:
        CheckpointError: it is none.
    """
    names = told.get("vocabulary", [])
    if not isinstance(names, list) or len(names) > MOST_NAMES or not all(isinstance(name, str) for name in names):
        raise CheckpointError(f"{path} tells a vocabulary {_short(names)}; expected a list of names")
    if not isinstance(told.get("space", ""), str):
        raise CheckpointError(f"{path} tells a space {_short(told['space'])}; expected text")


def _short(value: object) -> str:
    return repr(value)[:60]


def _config(folder: Path) -> dict[str, Any]:
    """What a folder's `config.json` says, whatever kind it is of."""
    if not folder.is_dir():
        raise CheckpointError(f"no folder {folder}; pass the folder of a checkpoint")
    if not (folder / CONFIG).exists():
        raise CheckpointError(f"{folder} has no {CONFIG}: not a checkpoint, or one not completely written")
    return read_json(folder / CONFIG, "write the checkpoint again")


def read_json(path: Path, remedy: str) -> dict[str, Any]:
    """The object that a JSON file of a checkpoint holds.

    Args:
        path: of the file.
        remedy: what to do if it is damaged.

    Raises:
        CheckpointError: it cannot be read, is no object, or no JSON: NaN and infinity are none; or a number in it is
            larger than a computer's.
    """
    try:
        text = read_bytes(path, MAX_CONFIG_BYTES).decode()
        told = json.loads(text, parse_constant=_no_number, parse_float=_real, parse_int=_whole)
    except MediaError as error:
        raise CheckpointError(str(error)) from None
    except (ValueError, RecursionError) as error:  # numbers of thousands of digits, thousands of brackets
        raise CheckpointError(f"{path} is not valid JSON ({error}); {remedy}") from None
    if not isinstance(told, dict):
        raise CheckpointError(f"{path} holds a {type(told).__name__}; expected an object with a kind")
    return told


def _no_number(text: str) -> None:
    raise ValueError(f"{text[:20]} is no number")


def _real(text: str) -> float:
    if not math.isfinite(number := float(text)):
        raise ValueError(f"{text[:20]} is larger than any number")
    return number


def _whole(text: str) -> int:
    if len(text) > DIGITS or abs(number := int(text)) >= 2**63:
        raise ValueError(f"{text[:DIGITS]} is larger than 64 bits hold")
    return number


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
    told = told_of(read_json(folder / INDEX, "get it again")) if is_pretrained(folder) else _config(folder)
    return str(told.get("kind"))[:60]


def told_of(index: Mapping[str, Any]) -> Mapping[str, Any]:
    """What the index of a folder in diffusers' manner tells of a checkpoint of ours; nothing where it is none."""
    told = index.get(OURS)
    return told if isinstance(told, Mapping) else {}


def is_pretrained(folder: Path) -> bool:
    """Whether a folder keeps its modules as diffusers does."""
    return (folder / INDEX).exists() and not (folder / CONFIG).exists()
