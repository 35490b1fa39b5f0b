"""Stock layers in a lean form: the same computation with less memory or time. Parameters keep their names."""

from __future__ import annotations

from typing import Any

import torch
from diffusers.models.attention import FeedForward, TemporalBasicTransformerBlock
from diffusers.models.resnet import AlphaBlender
from torch import Tensor, nn
from torch.nn import functional as fn

LARGEST = 2**27
"""Most numbers in the widest tensor of a feed-forward layer: 256 MB in half precision, still large for a GPU."""


LAST = {4: torch.channels_last, 5: torch.channels_last_3d}
"""How pictures `(N, C, H, W)` and films `(N, C, T, H, W)` lie whose channels come last."""


def stock_is_needed(x: Tensor) -> bool:
    """Whether a layer works on `x` as the stock one does.

    A backward pass reads what would be overwritten, a compiler finds its own way to do without temporaries, and of what
    autocast mixes not all may be written into one another.
    """
    mixed = x.device.type != "meta" and torch.is_autocast_enabled(x.device.type)
    return mixed or torch.is_grad_enabled() or torch.compiler.is_compiling()


class LeanFeedForward(FeedForward):  # type: ignore[misc]  # diffusers has no types
    """Gates in place, and works in slices of rows where its inner width is too much.

    At full size the inner tensors of the first level take 3.1 GB, more than half of all that a call needs.
    """

    def forward(self, x: Tensor) -> Tensor:
        """Turn `(N, L, C)` into the same shape."""
        if stock_is_needed(x):
            return super().forward(x)
        widen, narrow = self.net[0].proj, self.net[-1]
        rows = x.flatten(0, -2)
        out = torch.empty_like(rows)
        size = max(1, LARGEST // widen.out_features)
        halves = list(zip(widen.weight.chunk(2), widen.bias.chunk(2), strict=True))
        for part, place in zip(rows.split(size), out.split(size), strict=True):
            signal, gate = (fn.linear(part, *half) for half in halves)  # halves of one product would not be contiguous
            torch.addmm(narrow.bias, signal.mul_(fn.gelu(gate)), narrow.weight.t(), out=place)
        return out.view_as(x)


class LeanBlender(AlphaBlender):  # type: ignore[misc]  # diffusers has no types
    """Writes `alpha x_spatial + (1 - alpha) x_temporal` over `x_temporal`, fresh wherever stock networks blend.

    Blending with temporaries is where decoding needed most memory: 5.4 GB for ten frames of 512 x 512, 4.0 GB this way.
    """

    def forward(self, x_spatial: Tensor, x_temporal: Tensor, image_only_indicator: Tensor | None = None) -> Tensor:
        """Blend two tensors of one shape."""
        if stock_is_needed(x_temporal):
            return super().forward(x_spatial, x_temporal, image_only_indicator)
        alpha: Any = self.get_alpha(image_only_indicator, x_spatial.ndim).to(x_spatial.dtype)
        if self.switch_spatial_to_temporal_mix:
            alpha = 1 - alpha
        return x_temporal.lerp_(x_spatial, alpha)


class LeanTemporalBlock(TemporalBasicTransformerBlock):  # type: ignore[misc]  # diffusers has no types
    """Runs again on the way back where layers do, which stock asks of spatial blocks alone.

    Of a window of 25 frames of 512 x 512 the full U-Net keeps 22.8 GB without that, 3.2 with it (counted).
    """

    gradient_checkpointing = False
    """Set by the stock network, with `_gradient_checkpointing_func`."""

    def forward(self, hidden_states: Tensor, num_frames: int, encoder_hidden_states: Tensor | None = None) -> Tensor:
        """Turn `(B * T, h * w, C)` into the same shape."""
        given = (hidden_states, num_frames, encoder_hidden_states)
        if self.gradient_checkpointing and torch.is_grad_enabled():
            again: Tensor = self._gradient_checkpointing_func(super().forward, *given)
            return again
        out: Tensor = super().forward(*given)
        return out


class LeanGroupNorm(nn.GroupNorm):
    """Normalises 16-bit tensors on a GPU whose channels come last without the copy that stock makes.

    It rounds a little more than stock: 1.4e-3 for 3e-4, relative, in float16 where the mean of a group is three of
    its deviations from 0, 3e-4 for 3e-4 where it is 0.

    What the attention in the middle of the VAE's decoder gives lies so, and then all that follows it does: films
    and their frames are one block of memory, and spatial and temporal layers take turns without a copy.
    """

    def forward(self, x: Tensor) -> Tensor:
        """Normalise `(N, C, ...)`."""
        if stock_is_needed(x) or not x.is_cuda or x.dtype == torch.float32 or not channels_come_last(x):
            return super().forward(x)
        return normalise_groups(x, self)


def channels_come_last(x: Tensor) -> bool:
    """Whether pictures `(N, C, H, W)` or films `(N, C, T, H, W)` lie in memory with their channels last."""
    return x.ndim in LAST and x.is_contiguous(memory_format=LAST[x.ndim]) and not x.is_contiguous()


def normalise_groups(x: Tensor, norm: nn.GroupNorm) -> Tensor:
    """Group normalisation by sums over each channel, in float32 whatever `x (N, C, ...)` is; laid out as `x` is.

    Stock reduces each group in one block of a GPU: of a film there are 32, for 132 processors. In 16 bits what is
    added makes up for the rounding of what is multiplied, so that the mean of a group stays at 0.
    """
    places = tuple(range(2, x.ndim))
    groups = (len(x), norm.num_groups, -1)
    mean = x.mean(places, dtype=torch.float32).view(groups)
    square = torch.linalg.vector_norm(x, 2, places, dtype=torch.float32).view(groups)
    square = square.square() * (x.shape[1] / x.numel() * len(x))
    middle = mean.mean(-1, keepdim=True)
    spread = (square.mean(-1, keepdim=True) - middle.square()).clamp(min=0)
    weight, bias = (each.float().view(1, norm.num_groups, -1) for each in (norm.weight, norm.bias))
    scale = ((spread + norm.eps).rsqrt() * weight).to(x.dtype)
    shift = (bias - middle * scale).to(x.dtype)
    one = (len(x), x.shape[1], *[1] * len(places))
    return torch.addcmul(shift.view(one), x, scale.view(one), out=torch.empty_like(x))


LEAN: dict[type[nn.Module], type[nn.Module]] = {
    FeedForward: LeanFeedForward,
    AlphaBlender: LeanBlender,
    TemporalBasicTransformerBlock: LeanTemporalBlock,
    nn.GroupNorm: LeanGroupNorm,
}


def lean_layers(net: nn.Module) -> None:
    """Give the layers of a stock network their lean form, in place."""
    for module in net.modules():
        # The subclass adds nothing but another forward, so that the layer itself can become one.
        module.__class__ = LEAN.get(type(module), type(module))
