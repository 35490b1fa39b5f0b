"""Windows of acted motion, drawn by chance: what each batch of stage 2 learns from."""

from __future__ import annotations

from dataclasses import dataclass

import torch
from torch import Tensor

from dicetalk.data.passages import Acted
from dicetalk.diffusion.channels import AHEAD, BACK
from dicetalk.diffusion.standard import Standard
from dicetalk.emotion.discriminator import UNLABELLED
from dicetalk.motion.space import SHAPES
from dicetalk.training.motion_recipe import PERFORMANCES

STAGES = 6
"""Of a feeling that turns into another one, of each of which tokens are looked up."""
PURE = 0.9
"""Share of its strength that a feeling has of one emotion for which the discriminator takes it."""


@dataclass(frozen=True)
class Windows:
    """A batch of windows of N frames.

    Attributes:
        motion: `(B, N, 58)`, standard.
        speech: `(B, BACK + N + AHEAD, S)`, 0 before the passage.
        feelings: `(B, N, 8)` on the processor.
        resting: `(B, 52)` faces, standard.
    """

    motion: Tensor
    speech: Tensor
    feelings: Tensor
    resting: Tensor


class ActedWindows:
    """Acted passages on a device, out of which windows are drawn."""

    def __init__(self, acted: Acted, standard: Standard, device: torch.device) -> None:
        self.device = device
        self.motion, self.speech, self.resting, self.mean, self.spread = (
            torch.from_numpy(x).to(device)
            for x in (acted.motion, acted.speech, acted.resting, standard.mean, standard.spread)
        )
        self.feelings = torch.from_numpy(acted.feelings)
        self.starts = torch.from_numpy(acted.starts)

    def draw(self, batch: int, frames: int, generator: torch.Generator) -> Windows:
        """Windows of so many frames that begin anywhere in a passage, `PERFORMANCES` of each."""
        count = batch // PERFORMANCES
        lengths = self.starts[1:] - self.starts[:-1]
        passage = torch.multinomial(lengths.double(), count, True, generator=generator)
        room = (lengths[passage] - frames - AHEAD).clamp(min=0)
        first = ((torch.rand(count, generator=generator) * 1.1 - 0.1).clamp(min=0) * (room + 1)).long()
        passage, first = (x.repeat_interleave(PERFORMANCES) for x in (passage, first))
        count = len(passage)
        performance = torch.argsort(torch.rand(count // PERFORMANCES, len(self.motion), generator=generator), 1)
        performance = performance[:, torch.arange(PERFORMANCES) % len(self.motion)].flatten()
        hearing = torch.randint(len(self.speech), (count,), generator=generator)
        places = first[:, None] + torch.arange(-BACK, frames + AHEAD)
        inside = places.clamp(min=0).minimum(lengths[passage][:, None] - 1) + self.starts[passage][:, None]
        rows, own = inside.to(self.device), inside[:, BACK : BACK + frames]
        performance, hearing = performance[:, None], hearing[:, None].to(self.device)
        on_device = performance.to(self.device)
        motion = (self.motion[on_device, rows[:, BACK : BACK + frames]].float() - self.mean) / self.spread
        resting = self.resting[on_device[:, 0], passage.to(self.device)].float() / self.spread[: len(SHAPES)]
        speech = self.speech[hearing, rows].float() * (places >= 0).to(self.device)[..., None]
        return Windows(motion, speech, self.feelings[performance, own].float(), resting)


def stages_of(feelings: Tensor) -> Tensor:
    """Which stage of a turn each frame of feelings `(N, 8)` is in, `(N,)`, counted from 0: frames alike share one."""
    weights = (STAGES + 1.0) ** torch.arange(feelings.shape[1], dtype=torch.float64)
    return (feelings.double().mul(STAGES).round() @ weights).unique(return_inverse=True)[1]


def classes_of(feelings: Tensor) -> Tensor:
    """The emotion of each window `(B,)` whose feelings `(B, N, 8)` are of one and do not turn; others have none."""
    turns = (feelings.amax(1) - feelings.amin(1)).amax(1) > 1 / STAGES
    strengths, strongest = feelings[:, 0, 1:].max(1)
    mixed = strengths < PURE * feelings[:, 0, 1:].sum(1)
    felt = torch.where(feelings[:, 0, 0] > 1 - 1 / STAGES, 0, strongest + 1)
    return torch.where(turns | mixed, UNLABELLED, felt)
