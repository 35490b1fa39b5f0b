"""One clip's denoiser: windows of frames and branches of the guidance, gathered into calls of the U-Net.

`ClipDenoiser` is the `denoise(x, sigma, step)` that the samplers of `dicetalk.sampling` ask for.
"""

from __future__ import annotations

import itertools
from collections.abc import Callable, Sequence
from dataclasses import dataclass

import torch
from torch import Tensor

from dicetalk.sampling import (
    Branch,
    GuidanceScales,
    branch_weights,
    chunked,
    clean_from_v,
    merge_identical,
    scale_input,
    timestep_of,
)
from dicetalk.svd.model import UNetConditions
from dicetalk.svd.streams import Stream

LATENT_SCALE = 0.18215
"""Factor between the VAE's latents and those of variance about 1 that are denoised."""

UNet = Callable[[Tensor, Tensor, UNetConditions], Tensor]


@dataclass(frozen=True)
class TokenTable:
    """Tokens of a whole clip, each distinct set once.

    Attributes:
        rows: the sets, `(R, L, D)`; row 0 is the "nothing" of this condition.
        index: the row of each frame, N numbers.
    """

    rows: Tensor
    index: tuple[int, ...]

    @staticmethod
    def build(tokens: Tensor, nothing: Tensor, padding: int) -> TokenTable:
        """Put together tokens per frame `(N, L, D)`, the "nothing" tokens `(L, D)` and frames of padding without any.

        A condition that stays the same over the clip is stored, and later projected, once.
        """
        if len(tokens) and bool((tokens == tokens[:1]).all()):
            rows, index = tokens[:1], [1] * len(tokens)
        else:
            rows, index = tokens, list(range(1, len(tokens) + 1))
        return TokenTable(torch.cat([nothing[None], rows]), (*index, *[0] * padding))

    def stream(self, frames: Sequence[Sequence[int]], kept: Sequence[bool], mask: Tensor | None) -> Stream:
        """The stream of one call: for each job its frame numbers and whether it keeps the condition.

        The number of sets depends on nothing but the number and length of the jobs, so that a compiled U-Net
        stays valid.
        """
        rows = [[self.index[f] if keep else 0 for f in numbers] for numbers, keep in zip(frames, kept, strict=True)]
        distinct = sorted({0, *itertools.chain.from_iterable(rows)})
        place = {row: i for i, row in enumerate(distinct)}
        most = min(len(self.rows), 1 + sum(len(job) for job, keep in zip(rows, kept, strict=True) if keep))
        distinct += [0] * (most - len(distinct))
        device = self.rows.device
        index = torch.tensor([[place[row] for row in job] for job in rows], device=device)
        return Stream(self.rows[torch.tensor(distinct, device=device)], index, mask)


@dataclass(frozen=True)
class ClipConditions:
    """All that the denoiser knows about a clip of N frames (padding included).

    Attributes:
        image_latents: the portrait's latents, unscaled, `(1, 4, h, w)`.
        image: CLIP embedding of the portrait, `(1, D)`.
        speech: speech tokens.
        emotion: emotion tokens.
        time_ids: frames a second, head-motion bucket, expression-motion bucket, `(1, 3)`.
        mask: the face region at picture size, `(1, 1, H, W)`; None is everywhere.
        region: features of the face region, `(1, 1, C0, h, w)`; None adds nothing.
    """

    image_latents: Tensor
    image: Tensor
    speech: TokenTable
    emotion: TokenTable
    time_ids: Tensor
    mask: Tensor | None
    region: Tensor | None


def noisy_start(image_latents: Tensor, noise: Tensor, sigma: float) -> Tensor:
    """Where denoising starts: unit noise `(1, N, 4, h, w)` at level `sigma` on top of the portrait's latents,
    as published."""
    return image_latents[:, None] * LATENT_SCALE + noise * sigma


@dataclass(frozen=True)
class Job:
    """One prediction: some frames seen with some of the conditions.

    Attributes:
        frames: frame numbers.
        branch: which conditions are seen.
        weight: factor on the prediction.
    """

    frames: tuple[int, ...]
    branch: Branch
    weight: float


@dataclass(frozen=True)
class ClipDenoiser:
    """Predicts the clean latents of a whole clip.

    Attributes:
        unet: the streamed U-Net, or anything that is called like it.
        conditions: what is known about the clip.
        windows: step number -> frame numbers of each window.
        guidance: noise level and step number -> scales.
        batch: most predictions (windows x branches) in one call of the U-Net; changes memory, not the result.
        dtype: floating-point type inside the U-Net.
    """

    unet: UNet
    conditions: ClipConditions
    windows: Callable[[int], list[list[int]]]
    guidance: Callable[[float, int], GuidanceScales]
    batch: int
    dtype: torch.dtype

    def __call__(self, x: Tensor, sigma: float, step: int) -> Tensor:
        """Clean latents `(1, N, 4, h, w)` as seen in the noisy ones at one noise level."""
        windows = self.windows(step)
        weights = branch_weights(self.guidance(sigma, step))
        scaled = scale_input(x, sigma).to(self.dtype)
        total = torch.zeros_like(x)
        for jobs in self.calls(windows, weights):
            predictions = self._predict(scaled, sigma, jobs)
            for job, prediction in zip(jobs, predictions, strict=True):
                frames = torch.tensor(job.frames, device=x.device)
                total[0].index_add_(0, frames, prediction.to(x.dtype), alpha=job.weight)
        seen = torch.tensor(list(itertools.chain.from_iterable(windows)), device=x.device)
        return clean_from_v(total / torch.bincount(seen)[:, None, None, None], x, sigma)

    def calls(self, windows: list[list[int]], weights: dict[Branch, float]) -> list[list[Job]]:
        """The predictions that make up one step, gathered into calls: windows of one length, at most `batch` a call."""
        jobs = [
            Job(tuple(window), branch, weight)
            for window in sorted(windows, key=len)
            for branch, weight in self._live(window, weights).items()
        ]
        runs = itertools.groupby(jobs, key=lambda job: len(job.frames))
        return [list(call) for _, run in runs for call in chunked(list(run), self.batch)]

    def _live(self, window: list[int], weights: dict[Branch, float]) -> dict[Branch, float]:
        speech, emotion = (
            any(table.index[f] for f in window) for table in (self.conditions.speech, self.conditions.emotion)
        )
        return merge_identical(weights, speech, emotion)

    def _predict(self, scaled: Tensor, sigma: float, jobs: list[Job]) -> Tensor:
        """Run one call of the U-Net; returns `(jobs, T, 4, h, w)`."""
        known, device = self.conditions, scaled.device
        frames = [job.frames for job in jobs]
        image = torch.tensor([job.branch.image for job in jobs], device=device, dtype=self.dtype)
        noisy = scaled[0, torch.tensor(frames, device=device)]
        latents = image[:, None, None, None, None] * known.image_latents.to(self.dtype)
        sample = torch.cat([noisy, latents.expand_as(noisy)], 2)
        conditions = UNetConditions(
            (image[:, None] * known.image.to(self.dtype))[:, None],
            known.speech.stream(frames, [job.branch.speech for job in jobs], known.mask),
            known.emotion.stream(frames, [job.branch.emotion for job in jobs], known.mask),
            known.time_ids.expand(len(jobs), -1),
            known.region,
        )
        return self.unet(sample, torch.tensor(timestep_of(sigma), device=device), conditions)
