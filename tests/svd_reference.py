"""METHOD section 4 word by word: slow, straight, and only here to measure and check the real thing against."""

from __future__ import annotations

import itertools
import math
from dataclasses import dataclass
from typing import Any

import torch
from torch import Tensor, nn
from torch.nn import functional as fn

from dicetalk.sampling import karras_sigmas
from dicetalk.svd.sizes import UNetSizes


@dataclass
class Call:
    """What one call of the U-Net is told beside its arguments."""

    speech: Tensor | None = None  # (B * T, L, D)
    emotion: Tensor | None = None
    mask: Tensor | None = None  # (1, 1, H, W)
    frames: int = 1


class LiteralStreams(nn.Module):
    """Cross-attention with two further key/value pairs; in temporal layers every pixel projects its own copy
    of the mean."""

    def __init__(self, attention: Any, call: Call, temporal: bool) -> None:
        super().__init__()
        self.call, self.temporal = call, temporal
        wide, narrow = attention.to_k.weight.shape
        self.to_k_ip = nn.ModuleList(nn.Linear(narrow, wide, bias=False) for _ in range(2))
        self.to_v_ip = nn.ModuleList(nn.Linear(narrow, wide, bias=False) for _ in range(2))

    def forward(
        self, attn: Any, hidden_states: Tensor, encoder_hidden_states: Tensor, attention_mask: None = None
    ) -> Tensor:
        query = attn.to_q(hidden_states)
        out = attend(query, attn.to_k(encoder_hidden_states), attn.to_v(encoder_hidden_states), attn.heads)
        for i, tokens in enumerate((self.call.speech, self.call.emotion)):
            assert tokens is not None
            if self.temporal:
                batch = len(tokens) // self.call.frames
                mean = tokens.unflatten(0, (batch, -1)).mean(1)
                tokens = mean.repeat_interleave(len(query) // batch, 0)
            heard = attend(query, self.to_k_ip[i](tokens), self.to_v_ip[i](tokens), attn.heads)
            if self.call.mask is not None and not self.temporal:
                heard = heard * self.grid(heard.shape[1])
            out = out + heard
        return attn.to_out[1](attn.to_out[0](out))

    def grid(self, pixels: int) -> Tensor:
        assert self.call.mask is not None
        height, width = self.call.mask.shape[-2:]
        shrink = math.isqrt(height * width // pixels)
        small = fn.interpolate(self.call.mask, (height // shrink, width // shrink), mode="bicubic")
        return small.flatten(1)[..., None]


def attend(query: Tensor, key: Tensor, value: Tensor, heads: int) -> Tensor:
    q, k, v = (x.unflatten(-1, (heads, -1)).transpose(1, 2) for x in (query, key, value))
    return fn.scaled_dot_product_attention(q, k, v).transpose(1, 2).flatten(-2)


class LiteralUNet(nn.Module):
    """The stock U-Net with literal processors; loads the same weights."""

    def __init__(self, sizes: UNetSizes) -> None:
        from diffusers import UNetSpatioTemporalConditionModel

        super().__init__()
        self.call = Call()
        self.unet = UNetSpatioTemporalConditionModel(**vars(sizes))
        self.region: Tensor | None = None
        for name, module in self.unet.named_modules():
            if name.endswith("attn2"):
                module.set_processor(LiteralStreams(module, self.call, "temporal_transformer_blocks" in name))
        self.unet.conv_in.register_forward_hook(lambda _m, _i, out: out if self.region is None else out + self.region)


@dataclass(frozen=True)
class LiteralClip:
    """Conditions of a clip; tokens `(N, L, D)` and `(L, D)`."""

    image_latents: Tensor
    image: Tensor
    speech: Tensor
    no_speech: Tensor
    emotion: Tensor
    no_emotion: Tensor
    mask: Tensor
    region: Tensor  # (1, C0, h, w)


def literal_step(
    net: LiteralUNet, clip: LiteralClip, x: Tensor, sigma: float, step: int, scales: tuple[float, float]
) -> Tensor:
    """The guided v-prediction of all N + 25 frames, windows one by one, three branches at once."""
    total, window = x.shape[1], 25
    v, count = torch.zeros_like(x), torch.zeros(total, device=x.device)
    scaled = x / math.sqrt(sigma**2 + 1)
    for j in range(math.ceil(total / window)):
        frames = [(window * j - (7 * step) % window + i) % total for i in range(window)]
        v[:, frames] += guided(net, clip, scaled[:, frames], frames, sigma, scales)
        count[frames] += 1
    return v / count[:, None, None, None]


def guided(
    net: LiteralUNet, clip: LiteralClip, x: Tensor, frames: list[int], sigma: float, scales: tuple[float, float]
) -> Tensor:
    """u + s1 (r - u) + s2 (c - r) for one window."""
    speech = torch.stack([clip.speech[f] if f < len(clip.speech) else clip.no_speech for f in frames])
    emotion = torch.stack([clip.emotion if f < len(clip.speech) else clip.no_emotion for f in frames])
    no_speech, no_emotion = clip.no_speech.expand_as(speech), clip.no_emotion.expand_as(emotion)
    net.call.speech = torch.cat([no_speech, no_speech, speech])
    net.call.emotion = torch.cat([no_emotion, no_emotion, emotion])
    net.call.mask, net.call.frames, net.region = clip.mask, len(frames), clip.region
    latents = clip.image_latents[:, None].expand_as(x)
    sample = torch.cat([torch.cat([x, image], 2) for image in (torch.zeros_like(latents), latents, latents)])
    image = torch.stack([torch.zeros_like(clip.image), clip.image, clip.image])
    ids = torch.tensor([[12.5, 8.0, 16.0]], device=x.device, dtype=x.dtype).expand(3, -1)
    timestep = torch.tensor(0.25 * math.log(sigma), device=x.device)
    u, r, c = net.unet(sample, timestep, image, ids, return_dict=False)[0].chunk(3)
    return u + scales[0] * (r - u) + scales[1] * (c - r)


def literal_loop(
    net: LiteralUNet, clip: LiteralClip, noise: Tensor, steps: int, scales: tuple[float, float] = (3.0, 6.0)
) -> Tensor:
    """Euler steps from pure noise `(1, N + 25, 4, h, w)` to latents."""
    sigmas = karras_sigmas(steps).tolist()
    x = clip.image_latents[:, None] * 0.18215 + noise * sigmas[0]
    for step, (sigma, following) in enumerate(itertools.pairwise(sigmas)):
        v = literal_step(net, clip, x, sigma, step, scales)
        clean = x / (sigma**2 + 1) - v * sigma / math.sqrt(sigma**2 + 1)
        x = x + (x - clean) / sigma * (following - sigma)
    return x
