"""The files of an svd checkpoint that was trained: what learned, and what was left as it was."""

from __future__ import annotations

import os
import shutil
from collections.abc import Sequence
from pathlib import Path

import torch

from dicetalk.checkpoints import write_config
from dicetalk.config import to_plain
from dicetalk.files import whole
from dicetalk.low_rank import changes_of
from dicetalk.modules import save_tensors
from dicetalk.svd.checkpoint import CHANGES, EMOTIONS, LORA, inner_of
from dicetalk.svd.model import stream_layers
from dicetalk.svd.parts import open_svd
from dicetalk.svd.sizes import FULL_PRECISION, KIND, VERSION
from dicetalk.training.svd_net import LEARNED, SvdNet
from dicetalk.training.svd_recipe import Stage2Svd

KEPT = ("vae", "clip", "speech_encoder", "interpolator", EMOTIONS)
"""Modules of the checkpoint that was started from."""
DISCRIMINATOR = "discriminator"


def write_svd(out: Path, net: SvdNet, recipe: Stage2Svd, learned: Sequence[str]) -> None:
    """Write a checkpoint that `load_svd` reads as any other: complete, large modules in 16 bits, as imported.

    Of small changes those alone are written; they need the checkpoint that was started from.
    """
    start = open_svd(Path(recipe.start))
    known = {key: value for key, value in start.config.items() if key not in ("kind", "version", "recipe", "learned")}
    made = {**known, "learned": list(learned), "recipe": to_plain(recipe)}
    if recipe.learned == "lora":
        changes = changes_of(stream_layers(net.unet.unet))
        save_tensors(out / f"{LORA}.safetensors", {name: tensor.cpu().half() for name, tensor in changes.items()})
        write_config(out, KIND, VERSION, made | {CHANGES: Path(os.path.relpath(start.folder, out)).as_posix()})
        return
    for name in LEARNED:
        module = getattr(net, name).get_submodule(inner_of(name))
        dtype = torch.float32 if name in FULL_PRECISION else torch.float16
        save_tensors(out / f"{name}.safetensors", {k: t.cpu().to(dtype) for k, t in module.state_dict().items()})
    save_tensors(out / f"{DISCRIMINATOR}.safetensors", net.discriminator.state_dict())
    for name in KEPT:
        with whole(out / f"{name}.safetensors") as hidden:
            shutil.copyfile(start.file(name), hidden)
    write_config(out, KIND, VERSION, made)
