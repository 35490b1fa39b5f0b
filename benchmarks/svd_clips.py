"""Random clips at any size, for the literal loop and for ours, and tables to tell what they took."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import torch
from torch import Tensor

ROOT = Path(__file__).resolve().parents[1]
sys.path[:0] = [str(ROOT / "src"), str(ROOT / "tests")]

from svd_reference import LiteralClip  # noqa: E402

from dicetalk.svd.denoiser import ClipConditions, ClipDenoiser, TokenTable, noisy_start  # noqa: E402
from dicetalk.svd.options import SvdOptions  # noqa: E402
from dicetalk.svd.presets import guidance_of, padding_of, sample, scales_of, sigmas_of, windows_of  # noqa: E402
from dicetalk.svd.sizes import UNetSizes  # noqa: E402

SPEED_OF_H200 = 790e12
"""Operations a second of large matrix products in half precision."""


def table(title: str, head: tuple[str, ...], rows: list[tuple[Any, ...]]) -> str:
    lines = [f"## {title}", "", "| " + " | ".join(head) + " |", "|" + " --- |" * len(head)]
    return "\n".join([*lines, *("| " + " | ".join(map(str, row)) + " |" for row in rows), ""])


def random_clip(sizes: UNetSizes, size: tuple[int, int], frames: int, tokens: int, like: Tensor) -> LiteralClip:
    """Random conditions for latents of a size `(height, width)`, of the type and on the device of `like`."""
    generator = torch.Generator().manual_seed(0)

    def draw(*shape: int) -> Tensor:
        return torch.randn(shape, generator=generator).to(like)

    height, width = size
    mask = torch.zeros(1, 1, 8 * height, 8 * width).to(like)
    mask[..., 2 * height : 6 * height, 2 * width : 6 * width] = 1
    wide = sizes.cross_attention_dim
    return LiteralClip(
        draw(1, 4, height, width),
        draw(1, wide),
        draw(frames, tokens, wide),
        draw(tokens, wide),
        draw(tokens, wide),
        draw(tokens, wide),
        mask,
        draw(1, sizes.block_out_channels[0], height, width),
    )


def known_of(clip: LiteralClip, padding: int) -> ClipConditions:
    """The same conditions as ours."""
    emotion = clip.emotion.expand(len(clip.speech), -1, -1)
    return ClipConditions(
        clip.image_latents.float(),
        clip.image.float(),
        TokenTable.build(clip.speech, clip.no_speech, padding),
        TokenTable.build(emotion, clip.no_emotion, padding),
        torch.tensor([[12.5, 8.0, 16.0]], device=clip.image.device),
        clip.mask,
        clip.region[None],
    )


def denoiser_of(unet: Any, clip: LiteralClip, options: SvdOptions, dtype: torch.dtype) -> ClipDenoiser:
    plan, frames = options.plan, len(clip.speech)
    known = known_of(clip, padding_of(plan))
    guidance = guidance_of(plan, scales_of(options))
    return ClipDenoiser(unet, known, windows_of(plan, frames), guidance, options.batch, dtype)


def run_ours(unet: Any, clip: LiteralClip, noise: Tensor, options: SvdOptions, dtype: torch.dtype) -> Tensor:
    plan = options.plan
    start = noisy_start(
        clip.image_latents.float(), noise[:, : len(clip.speech) + padding_of(plan)], float(sigmas_of(plan)[0])
    )
    return sample(plan, denoiser_of(unet, clip, options, dtype), start, None)
