"""The files of a trained motion model, and what runs them: graphs, whose weights lie beside them in safetensors."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path
from typing import Any

import numpy as np

from dicetalk.acting.eyes import USUAL, EyeHabits
from dicetalk.arrays import Float32
from dicetalk.checkpoints import open_checkpoint
from dicetalk.diffusion.channels import MOTION
from dicetalk.diffusion.standard import Standard
from dicetalk.emotion.priors import read_priors
from dicetalk.emotion.road import NamedPriors
from dicetalk.emotion.vocabulary import NEUTRAL
from dicetalk.errors import CheckpointError
from dicetalk.networks import WEIGHTS, Network, open_network

KIND, VERSION = "motion", 1
SHIPPED = WEIGHTS / "motion"
DENOISER, BANK, PRIORS = "denoiser.safetensors", "bank.safetensors", "priors.safetensors"
PARTS = ("speech", "emotion", "condition", "motion")
"""Graphs: what speech, emotion and all else leave to be read, and what makes motion of noise."""

SHORTEST, LONGEST = 0.7, 60.0
"""Median times between blinks that somebody may have [s]."""


@dataclass(frozen=True, eq=False)
class MotionModel:
    """A trained model, ready to use.

    Attributes:
        parts: its graphs by name.
        standard: what makes motion standard.
        named: the named emotions in its space.
        levels: (K + 1,) noise levels from 1 to 0 through which motion is made.
        eyes: how lids and eyes live by themselves, which it does not move.
    """

    parts: dict[str, Network]
    standard: Standard
    named: NamedPriors
    levels: Float32
    eyes: EyeHabits = USUAL

    def run(self, part: str, **given: Any) -> list[Any]:
        """What a graph gives."""
        return self.parts[part].run(None, given)


def read_model(folder: Path) -> MotionModel:
    """The model of a checkpoint's folder.

    Raises:
        CheckpointError: not a motion checkpoint, or a damaged one.
    """
    config = open_checkpoint(folder, KIND, VERSION).config
    stored = read_priors(folder / PRIORS)
    try:
        with np.errstate(over="ignore"):  # what is too large becomes infinite, and is refused below
            mean, spread = (np.array(config["standard"][name], np.float32) for name in ("mean", "spread"))
            levels = np.array(config["levels"], np.float32)
        names, space = tuple(config["vocabulary"]), str(config["space"])
        eyes = EyeHabits(blink_every=float(config.get("blink_every", USUAL.blink_every)))
        means, stds = (np.stack([getattr(stored[name], part) for name in names]) for part in ("mean", "std"))
    except (KeyError, TypeError, ValueError) as error:
        raise CheckpointError(f"the config of {folder} is damaged ({error}); train it again") from None
    whole = np.isfinite(mean).all() and np.isfinite(spread).all() and (spread > 0).all()
    if mean.shape != (MOTION,) or spread.shape != (MOTION,) or not whole:
        raise CheckpointError(f"the config of {folder} tells no standard of {MOTION} channels; train it again")
    parts = {part: open_network(folder / f"{part}.onnx", 1) for part in PARTS}
    model = MotionModel(parts, Standard(mean, spread), NamedPriors(names, means, stds, space), levels, eyes)
    _check(model, folder)
    return model


def _check(model: MotionModel, folder: Path) -> None:
    """Refuse what does not go together, of which onnxruntime would tell later, in its own words."""
    levels, named = model.levels, model.named
    steps = model.parts["motion"].lengths()["conditions"]
    if levels.shape != (steps + 1,) or levels[0] != 1 or levels[-1] != 0 or not (np.diff(levels) < 0).all():
        raise CheckpointError(f"{folder} was written for {steps} steps from 1 to 0, not {levels}; train it again")
    if not SHORTEST <= model.eyes.blink_every <= LONGEST:
        raise CheckpointError(f"{folder} tells a blink every {model.eyes.blink_every:g} s; make it again")
    if NEUTRAL not in named.names or named.means.shape[1] != model.parts["emotion"].widths()["prior"]:
        raise CheckpointError(f"the priors of {folder} are not those that its bank reads; train it again")
