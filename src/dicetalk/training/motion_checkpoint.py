"""The files of a motion model that was trained: weights, graphs, named emotions, and what all was made by."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import torch

from dicetalk.checkpoints import open_checkpoint, write_config
from dicetalk.config import to_plain
from dicetalk.diffusion.checkpoint import BANK, DENOISER, KIND, PRIORS, VERSION
from dicetalk.diffusion.standard import Standard
from dicetalk.emotion.priors import save_priors
from dicetalk.emotion.space import Space
from dicetalk.emotion.vocabulary import NAMES
from dicetalk.modules import save_tensors
from dicetalk.training.export import export_motion, take_motion
from dicetalk.training.motion_net import Stage2Net
from dicetalk.training.motion_recipe import Stage2Motion

LEVELS = (1.0, 0.9, 0.7, 0.4, 0.1, 0.0)
"""Of noise, through which motion is made: five steps. How a head wanders is settled where there is much noise, how lips
end up where there is little."""


def write_motion(
    out: Path,
    net: Stage2Net,
    recipe: Stage2Motion,
    standard: Standard,
    space: Space,
    learned: Sequence[str] = ("synthetic",),
    blink_every: float | None = None,
    start: Path | None = None,
) -> None:
    """The files of a motion model: weights in 16 bits, graphs, the named emotions, and what all was made by, of
    which corpora it has learned and, if it is one person's, how often that person blinks [s], and the folder of the
    model that was begun with, whose graphs are taken."""
    with torch.random.fork_rng(devices=[]):
        kept = Stage2Net(recipe.sizes)  # without what compiling left
    kept.load_state_dict({name: tensor.cpu().half().float() for name, tensor in net.state_dict().items()})
    kept.eval()
    for part, file in ((kept.denoiser, DENOISER), (kept.bank, BANK)):
        save_tensors(out / file, {name: tensor.half() for name, tensor in part.state_dict().items()})
    if start is None or _levels_of(start) != list(LEVELS) or not take_motion(start, out):
        export_motion(kept.denoiser, kept.bank, LEVELS, out)
    save_priors(out / PRIORS, {name: space.priors[name] for name in NAMES}, space.name)
    told = {name: [round(float(x), 6) for x in getattr(standard, name)] for name in ("mean", "spread")}
    made_by: dict[str, object] = {"learned": list(learned), "recipe": to_plain(recipe)}
    if blink_every is not None:
        made_by["blink_every"] = round(blink_every, 3)
    write_config(out, KIND, VERSION, {"vocabulary": list(NAMES), "space": space.name, "levels": list(LEVELS),
                                      "standard": told} | made_by)  # fmt: skip


def _levels_of(folder: Path) -> object:
    return open_checkpoint(folder, KIND, VERSION).config.get("levels")
