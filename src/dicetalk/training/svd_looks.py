"""What an svd denoiser makes while it learns: short videos, windows as they are above, as they are made below."""

from __future__ import annotations

from collections.abc import Sequence
from pathlib import Path

import numpy as np
import torch
from torch import Tensor

from dicetalk.files import whole
from dicetalk.media import Picture, VideoWriter
from dicetalk.modules import load_module
from dicetalk.rates import FRAMES_PER_LATENT
from dicetalk.svd.checkpoint import build_modules
from dicetalk.svd.encoders import decode_latents
from dicetalk.svd.parts import open_svd

LOOKS = "looks"
AT_ONCE = 5
"""Latents that are decoded together."""


def write_looks(folder: Path, steps: int, pairs: Sequence[tuple[Tensor, Tensor]], start: Path) -> None:
    """Write `looks/STEPS.mp4`: true and made latents `(T, 4, h, w)`, scaled, decoded by a checkpoint's own VAE.

    The VAE is loaded for it and let go: it is needed seldom, and memory always.
    """
    checkpoint = open_svd(start)
    vae = load_module(build_modules(checkpoint.config)["vae"], checkpoint.file("vae"), torch.float32)
    vae.to(pairs[0][0].device)
    columns = [np.concatenate([_pictures(vae, latents) for latents in pair], axis=1) for pair in pairs]
    frames = np.repeat(np.concatenate(columns, axis=2), FRAMES_PER_LATENT, axis=0)
    (folder / LOOKS).mkdir(exist_ok=True)
    with (
        whole(folder / LOOKS / f"{steps:06d}.mp4") as hidden,
        VideoWriter(hidden, width=frames.shape[2], height=frames.shape[1]) as video,
    ):
        video.write(frames)


def _pictures(vae: torch.nn.Module, latents: Tensor) -> Picture:
    """Latents `(T, 4, h, w)` as pictures `(T, H, W, 3)`."""
    decoded = torch.cat(list(decode_latents(vae, latents, AT_ONCE)))
    colours = decoded.float().nan_to_num().mul(0.5).add(0.5).clamp(0, 1).mul(255).round().byte()
    return np.asarray(colours.permute(0, 2, 3, 1).cpu().numpy(), np.uint8)
