"""The files of an svd checkpoint that was trained: what learned, and what was left as it was."""

from __future__ import annotations

import os
import shutil
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

from dicetalk.checkpoints import write_config
from dicetalk.config import to_plain
from dicetalk.files import whole
from dicetalk.low_rank import changes_of
from dicetalk.modules import save_tensors
from dicetalk.svd.checkpoint import CHANGES, EMOTIONS, LORA, inner_of
from dicetalk.svd.parts import open_svd
from dicetalk.svd.sizes import FULL_PRECISION, KIND, VERSION
from dicetalk.training.svd_net import LEARNED
from dicetalk.training.svd_recipe import Stage2Svd

KEPT = ("vae", "clip", "speech_encoder", "interpolator", EMOTIONS)
"""Modules of the checkpoint that was started from."""
DISCRIMINATOR = "discriminator"


def write_svd(out: Path, state: Mapping[str, Tensor], recipe: Stage2Svd, learned: Sequence[str]) -> None:
    """Write a checkpoint that `load_svd` reads as any other: complete, large modules in 16 bits, as imported.

    Of small changes those alone are written; they need the checkpoint that was started from.

    Args:
        out: the folder.
        state: of an `SvdNet`.
        recipe: by which it learned.
        learned: names of the corpora that it learned from.
    """
    start = open_svd(Path(recipe.start))
    known = {key: value for key, value in start.config.items() if key not in ("kind", "version", "recipe", "learned")}
    made = {**known, **_taught(start.config, recipe, learned)}
    if recipe.learned == "lora":
        changes = changes_of(state, f"unet.{inner_of('unet')}")
        save_tensors(out / f"{LORA}.safetensors", {name: tensor.cpu().half() for name, tensor in changes.items()})
        write_config(out, KIND, VERSION, made | {CHANGES: Path(os.path.relpath(start.folder, out)).as_posix()})
        return
    for name in LEARNED:
        dtype = torch.float32 if name in FULL_PRECISION else torch.float16
        tensors = _of_module(state, ".".join(filter(None, (name, inner_of(name)))))
        save_tensors(out / f"{name}.safetensors", {key: tensor.cpu().to(dtype) for key, tensor in tensors.items()})
    save_tensors(out / f"{DISCRIMINATOR}.safetensors", _of_module(state, DISCRIMINATOR))
    for name in KEPT:
        with whole(out / f"{name}.safetensors") as hidden:
            shutil.copyfile(start.file(name), hidden)
    write_config(out, KIND, VERSION, made)


def _taught(start: Mapping[str, Any], recipe: Stage2Svd, learned: Sequence[str]) -> dict[str, Any]:
    """By what a checkpoint was taught, with what the one that it was started from was taught by."""
    before, told = start.get("learned", ()), to_plain(recipe)
    if not recipe.held_out and before and not set(learned) & set(before):  # whoever was held out then still is
        told["held_out"] = list(start.get("recipe", {}).get("held_out", ()))
    return {"learned": sorted({*before, *learned}), "recipe": told}


def _of_module(state: Mapping[str, Tensor], module: str) -> dict[str, Tensor]:
    begin = f"{module}."
    return {name.removeprefix(begin): tensor for name, tensor in state.items() if name.startswith(begin)}
