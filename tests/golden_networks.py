"""Networks of the golden data: sizes and weights of the published computation at tiny size."""

from __future__ import annotations

from functools import cache
from typing import Any

import torch
from diffusers import AutoencoderKLTemporalDecoder
from golden_data import facts, recipe_weights, tensors

from dicetalk.svd.model import StreamedUNet
from dicetalk.svd.sizes import UNetSizes


def sizes(name: str) -> UNetSizes:
    told: dict[str, Any] = facts("unet")["config"][name]
    sizes: dict[str, Any] = {key: tuple(value) if isinstance(value, list) else value for key, value in told.items()}
    return UNetSizes(**sizes)


def build_on_meta(sizes: UNetSizes) -> StreamedUNet:
    """The same model without memory behind its weights: to count, to predict, or to be filled by `load_state_dict`."""
    with torch.device("meta"):
        return StreamedUNet(sizes).to("meta")  # diffusers makes some parameters in a way that overlooks the device


@cache
def golden_unet(name: str) -> StreamedUNet:
    model = build_on_meta(sizes(name)).eval()
    if name == "tiny":
        weights = tensors("unet_tiny_weights")
    else:
        told = facts("unet")
        weights = recipe_weights("unet_wide", told["weight_seed"]["wide"], told["gain"], told["gain_table"], half=True)
    model.unet.load_state_dict(weights, assign=True)
    return model


def tiny_vae() -> AutoencoderKLTemporalDecoder:
    told = facts("loop")["vae"]
    vae = AutoencoderKLTemporalDecoder(
        block_out_channels=tuple(told["block_out_channels"]),
        layers_per_block=told["layers_per_block"],
        latent_channels=told["latent_channels"],
        down_block_types=("DownEncoderBlock2D",) * 4,
    ).eval()
    vae.load_state_dict(recipe_weights("vae_tiny", told["weight_seed"], told["gain"]))
    return vae
