"""Counts operations and memory of the svd networks on torch's `meta` device.

`counts.json` holds what was counted of the published sizes, so that the doctor need not wait for it.
"""

from __future__ import annotations

import json
from functools import lru_cache
from typing import Any

import torch
from torch import Tensor, nn

from dicetalk.svd.checkpoint import build_modules
from dicetalk.svd.cost import LATENT
from dicetalk.svd.meter import Count, count
from dicetalk.svd.model import StreamedUNet, UNetConditions
from dicetalk.svd.sizes import FULL_PRECISION, SvdSizes
from dicetalk.svd.streams import Stream


@lru_cache(maxsize=16)
def unet_count(config: str, batch: int, frames: int, height: int, width: int, dtype: torch.dtype) -> Count:
    """One call of the U-Net on latents `(batch, frames, 8, height, width)`."""
    sizes = SvdSizes.of(json.loads(config))
    with torch.device("meta"):
        unet = StreamedUNet(sizes.unet).to("meta", dtype)
        inputs = meta_call(sizes, batch, frames, height, width, dtype)
    return count(lambda: unet(*inputs))


def meta_call(
    sizes: SvdSizes, batch: int, frames: int, height: int, width: int, dtype: torch.dtype
) -> tuple[Tensor, Tensor, UNetConditions]:
    """Arguments of one call of the U-Net, on the present default device: one branch in three hears speech."""
    wide = sizes.unet.cross_attention_dim
    index = torch.zeros(batch, frames, dtype=torch.long)
    mask = torch.zeros(1, 1, height * LATENT, width * LATENT)
    speech = torch.zeros(1 + frames * max(1, batch // 3), sizes.speech.tokens, wide, dtype=dtype)
    emotion = torch.zeros(2, sizes.bank.tokens, wide, dtype=dtype)
    conditions = UNetConditions(
        torch.zeros(batch, 1, wide, dtype=dtype),
        Stream(speech, index, mask),
        Stream(emotion, index, mask),
        torch.zeros(batch, 3),
        torch.zeros(1, 1, sizes.unet.block_out_channels[0], height, width, dtype=dtype),
    )
    return torch.zeros(batch, frames, 8, height, width, dtype=dtype), torch.zeros(()), conditions


@lru_cache(maxsize=16)
def decode_count(config: str, frames: int, height: int, width: int, dtype: torch.dtype) -> Count:
    """Decoding a chunk of frames."""
    vae: Any = build_modules(json.loads(config))["vae"]
    vae.decoder.to(dtype)
    latents = torch.zeros(frames, 4, height, width, device="meta", dtype=dtype)
    return count(lambda: vae.decode(latents, num_frames=frames).sample)


@lru_cache(maxsize=16)
def encode_count(config: str, height: int, width: int) -> Count:
    """Encoding the portrait, in float32."""
    vae: Any = build_modules(json.loads(config))["vae"]
    picture = torch.zeros(1, 3, height * LATENT, width * LATENT, device="meta")
    return count(lambda: vae.encode(picture).latent_dist.mode())


@lru_cache(maxsize=16)
def weight_bytes(config: str, dtype: torch.dtype) -> dict[str, int]:
    """Bytes of the weights of each module."""
    return {
        name: _parameters(module) * (4 if name in FULL_PRECISION else dtype.itemsize)
        for name, module in build_modules(json.loads(config)).items()
    }


def _parameters(module: nn.Module) -> int:
    return sum(p.numel() for p in module.parameters())
