"""Noise levels, samplers, guidance and sliding windows: plain functions of tensors, shared by both backbones.

A sampler needs only a function `denoise(x, sigma, step)` that returns the clean signal it sees in `x` at noise
level `sigma`.
"""

from __future__ import annotations

import itertools
import math
from collections.abc import Callable, Collection, Sequence
from dataclasses import dataclass
from typing import NamedTuple, TypeVar

import numpy as np
import torch
from torch import Tensor

Denoise = Callable[[Tensor, float, int], Tensor]
Watch = Callable[[int, Tensor], None]
"""Called after each step with the number of steps done and the clean signal as seen now."""

SIGMA_MIN, SIGMA_MAX, RHO = 0.002, 700.0, 7.0


# --- noise levels --------------------------------------------------------------------------------------------------


def karras_sigmas(steps: int, sigma_min: float = SIGMA_MIN, sigma_max: float = SIGMA_MAX, rho: float = RHO) -> Tensor:
    """Noise levels from `sigma_max` down to `sigma_min`, then 0; float32, `(steps + 1,)` (Karras et al. 2022,
    eq. 5)."""
    ramp = np.linspace(0, 1, steps)
    high, low = sigma_max ** (1 / rho), sigma_min ** (1 / rho)
    sigmas = (high + ramp * (low - high)) ** rho
    return torch.from_numpy(np.append(sigmas, 0.0).astype(np.float32))


def timestep_of(sigma: float) -> float:
    """The number the svd denoiser is told instead of the noise level: 0.25 ln sigma."""
    return 0.25 * math.log(sigma)


def scale_input(x: Tensor, sigma: float) -> Tensor:
    """Bring a noisy signal to variance about 1 before it enters the network."""
    return x / math.sqrt(sigma**2 + 1)


def clean_from_v(v: Tensor, x: Tensor, sigma: float) -> Tensor:
    """The clean signal from a v-prediction, with the preconditioning of EDM."""
    return x / (sigma**2 + 1) - v * (sigma / math.sqrt(sigma**2 + 1))


# --- samplers ------------------------------------------------------------------------------------------------------


def sample_euler(denoise: Denoise, x: Tensor, sigmas: Tensor, watch: Watch | None = None) -> Tensor:
    """Follow the flow from `sigmas[0]` to `sigmas[-1]` in first-order steps, one call of `denoise` each."""
    levels = sigmas.tolist()
    for step, (sigma, following) in enumerate(itertools.pairwise(levels)):
        clean = denoise(x, sigma, step)
        x = x + (x - clean) * ((following - sigma) / sigma)
        if watch is not None:
            watch(step + 1, clean)
    return x


def sample_second_order(
    denoise: Denoise,
    x: Tensor,
    sigmas: Tensor,
    watch: Watch | None = None,
    breaks: Collection[int] = (),
) -> Tensor:
    """Follow the flow in second-order multistep steps, one call of `denoise` each (DPM-Solver++ 2M, Lu et al. 2022).

    The first and the last step are of first order: nothing lies before the one, and the other ends at the clean signal.
    So are those of `breaks`, before which `denoise` became another function: what it said until then leads nowhere.
    """
    levels = sigmas.tolist()
    before: tuple[Tensor, float] | None = None
    for step, (sigma, following) in enumerate(itertools.pairwise(levels)):
        clean = denoise(x, sigma, step)
        ahead = clean
        if before is not None and following > 0 and step not in breaks:
            ratio = math.log(sigma / following) / math.log(before[1] / sigma) / 2
            ahead = (1 + ratio) * clean - ratio * before[0]
        x = ahead + (x - ahead) * (following / sigma)
        before = (clean, sigma)
        if watch is not None:
            watch(step + 1, clean)
    return x


# --- guidance ------------------------------------------------------------------------------------------------------


@dataclass(frozen=True, kw_only=True)
class GuidanceScales:
    """How far each condition is pushed beyond the prediction without it; 1 everywhere is no guidance.

    Attributes:
        image: s1, from nothing to the portrait.
        speech: from the portrait to portrait and speech.
        emotion: from portrait and speech to everything. Equal to `speech`: the published three branches.
    """

    image: float = 3.0
    speech: float = 6.0
    emotion: float = 6.0


class Branch(NamedTuple):
    """Which conditions one of the guidance's predictions sees."""

    image: bool
    speech: bool
    emotion: bool


def branch_weights(scales: GuidanceScales) -> dict[Branch, float]:
    """The factor on each branch's prediction; branches with factor 0 need not be computed.

    v = u + s1 (r - u) + sa (a - r) + se (c - a), sorted by branch: u nothing, r image, a image and speech, c all.
    With sa = se branch a drops out, which leaves the published three; with all scales 1 only c is left.
    """
    weights = {
        Branch(False, False, False): 1 - scales.image,
        Branch(True, False, False): scales.image - scales.speech,
        Branch(True, True, False): scales.speech - scales.emotion,
        Branch(True, True, True): scales.emotion,
    }
    return {branch: weight for branch, weight in weights.items() if weight != 0}


def merge_identical(weights: dict[Branch, float], speech: bool, emotion: bool) -> dict[Branch, float]:
    """Fold branches that would see identical input, adding up their factors.

    Args:
        weights: factor by branch.
        speech: whether there is any speech to leave out (padding has none).
        emotion: whether there is any emotion to leave out.
    """
    merged: dict[Branch, float] = {}
    for branch, weight in weights.items():
        seen = Branch(branch.image, branch.speech and speech, branch.emotion and emotion)
        merged[seen] = merged.get(seen, 0.0) + weight
    return {branch: weight for branch, weight in merged.items() if weight != 0}


# --- sliding windows -----------------------------------------------------------------------------------------------


def circular_windows(frames: int, window: int, overlap: int, shift: int, step: int) -> list[list[int]]:
    """Windows over a clip closed to a ring, as published: they move `shift` frames back at every step.

    Args:
        frames: frames in the ring [frames].
        window: frames in a window; all windows have this length unless the ring is shorter.
        overlap: frames that neighbours share at least.
        shift: frames that all windows move by from one step to the next.
        step: number of the denoising step, from 0.

    Returns:
        The frame numbers of each window. Together they cover every frame; the last may share more with the first.
    """
    back = (shift * step) % window
    return [
        [(start - back + i) % frames for i in range(min(window, frames))]
        for start in range(0, frames, window - overlap)
    ]


LINEAR_OFFSETS = (0.0, 0.5, 0.25, 0.75)


def linear_windows(frames: int, window: int, step: int, least: int = 8) -> list[list[int]]:
    """Windows over an open clip: no padding, no wrap; where they meet moves from step to step so that no seam is left.

    Args:
        frames: frames in the clip [frames].
        window: most frames in a window.
        step: number of the denoising step, from 0.
        least: fewest frames in a window (where the clip has as many); shorter ones grow inwards and overlap.

    Returns:
        The frame numbers of each window, in order, covering every frame once but for that overlap.
    """
    offset = round(window * LINEAR_OFFSETS[step % len(LINEAR_OFFSETS)])
    cuts = [0, *(cut for cut in range(offset, frames, window) if cut > 0), frames]
    windows = []
    for start, end in itertools.pairwise(cuts):
        if start == 0:
            end = max(end, min(least, frames))
        else:
            start = min(start, max(end - least, 0))
        windows.append(list(range(start, end)))
    return windows


Item = TypeVar("Item")


def chunked(items: Sequence[Item], size: int) -> list[Sequence[Item]]:
    """Cut a sequence into runs of `size`; the last may be shorter."""
    return [items[i : i + size] for i in range(0, len(items), size)]
