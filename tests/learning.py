"""Small things that learn, for the tests of training."""

from __future__ import annotations

from pathlib import Path

import torch
from safetensors.torch import load_file
from torch import Tensor, nn

from dicetalk.emotion.embedder import EmbedderSizes
from dicetalk.training.loop import STATE, LoopOptions
from dicetalk.training.stage1_embedder import Stage1

TINY = Stage1(
    held_out=("dora",),
    sizes=EmbedderSizes(inner=16, layers=1, heads=2, width=16, stride=2, dropout=0.0),
    loop=LoopOptions(steps=60, rate=1e-2, warmup=5, save_every=20),
    people=3,
    frames=16,
)


class Line:
    """Learns y = 3 x, with dropout."""

    def __init__(self, width: int = 4) -> None:
        torch.manual_seed(0)
        self.net: nn.Module = nn.Sequential(nn.Linear(1, width), nn.Dropout(0.1), nn.Linear(width, 1))

    def losses(self, generator: torch.Generator) -> dict[str, Tensor]:
        x = torch.randn(16, 1, generator=generator)
        return {"loss": (self.net(x) - 3 * x).square().mean()}


def steps_done(folder: Path) -> int:
    """How far the run in a folder has come."""
    return int(load_file(folder / STATE)["steps"])


def files(folder: Path) -> dict[str, bytes]:
    """What is the same of every run: all but pictures, and what a clock told."""
    there = (file for file in folder.rglob("*") if file.is_file())
    kept = (file for file in there if file.suffix != ".png" and file.name != "pace.csv")
    return {file.relative_to(folder).as_posix(): file.read_bytes() for file in kept}
