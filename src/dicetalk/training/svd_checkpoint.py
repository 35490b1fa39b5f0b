"""The files of an svd checkpoint that was trained: what learned, and what was left as it was."""

from __future__ import annotations

import shutil
from collections.abc import Sequence
from pathlib import Path

import torch

from dicetalk.checkpoints import Checkpoint, write_config
from dicetalk.config import to_plain
from dicetalk.files import whole
from dicetalk.modules import save_tensors
from dicetalk.svd.checkpoint import EMOTIONS, inner_of
from dicetalk.svd.sizes import FULL_PRECISION, KIND, VERSION
from dicetalk.training.svd_net import LEARNED, SvdNet
from dicetalk.training.svd_recipe import Stage2Svd

KEPT = ("vae", "clip", "speech_encoder", "interpolator", EMOTIONS)
"""Modules of the checkpoint that was started from."""
DISCRIMINATOR = "discriminator"


def write_svd(out: Path, net: SvdNet, start: Checkpoint, recipe: Stage2Svd, learned: Sequence[str]) -> None:
    """Write a complete checkpoint: `load_svd` reads it as any other. Large modules are kept in 16 bits, as imported."""
    for name in LEARNED:
        module = getattr(net, name).get_submodule(inner_of(name))
        dtype = torch.float32 if name in FULL_PRECISION else torch.float16
        save_tensors(out / f"{name}.safetensors", {k: t.cpu().to(dtype) for k, t in module.state_dict().items()})
    save_tensors(out / f"{DISCRIMINATOR}.safetensors", net.discriminator.state_dict())
    for name in KEPT:
        with whole(out / f"{name}.safetensors") as hidden:
            shutil.copyfile(start.file(name), hidden)
    known = {key: value for key, value in start.config.items() if key not in ("kind", "version", "recipe", "learned")}
    write_config(out, KIND, VERSION, {**known, "learned": list(learned), "recipe": to_plain(recipe)})
