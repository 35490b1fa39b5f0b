"""Twice the frame rate: a network estimates how two frames move towards their middle, and blends them there.

Intermediate flow estimation (RIFE, Huang et al. 2022) in three passes from coarse to fine. Parameter names are
those of the
published weights; its fourth block served training only and has no part here.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import islice

import torch
from torch import Tensor, nn
from torch.nn import functional as fn

SCALES = (4, 2, 1)
MULTIPLE = 32  # the coarsest pass shrinks by 4, then halves twice, and must come back to the same size


def conv(narrow: int, wide: int, stride: int = 1) -> nn.Sequential:
    """A 3x3 convolution and its activation."""
    return nn.Sequential(nn.Conv2d(narrow, wide, 3, stride, 1), nn.PReLU(wide))


def grow(narrow: int, wide: int) -> nn.Sequential:
    """Two transposed convolutions: four times the resolution."""
    half = narrow // 2
    return nn.Sequential(
        nn.ConvTranspose2d(narrow, half, 4, 2, 1), nn.PReLU(half), nn.ConvTranspose2d(half, wide, 4, 2, 1)
    )


def resize(x: Tensor, factor: float) -> Tensor:
    """Bilinear resize by a factor."""
    return fn.interpolate(x, scale_factor=factor, mode="bilinear", align_corners=False)


class FlowBlock(nn.Module):
    """One pass: corrects flow and blending mask at one scale."""

    def __init__(self, channels: int, width: int = 90) -> None:
        super().__init__()
        self.conv0 = nn.Sequential(conv(channels, width // 2, 2), conv(width // 2, width, 2))
        self.convblock0 = nn.Sequential(conv(width, width), conv(width, width))
        self.convblock1 = nn.Sequential(conv(width, width), conv(width, width))
        self.convblock2 = nn.Sequential(conv(width, width), conv(width, width))
        self.convblock3 = nn.Sequential(conv(width, width), conv(width, width))
        self.conv1 = grow(width, 4)
        self.conv2 = grow(width, 1)

    def forward(self, x: Tensor, flow: Tensor, scale: float) -> tuple[Tensor, Tensor]:
        """Return corrections of flow `(B, 4, H, W)` [px] and mask `(B, 1, H, W)`, seen at `1 / scale` of the size."""
        x = torch.cat([resize(x, 1 / scale), resize(flow, 1 / scale) / scale], 1)
        x = self.conv0(x)
        for block in (self.convblock0, self.convblock1, self.convblock2, self.convblock3):
            x = block(x) + x
        return resize(self.conv1(x), scale) * scale, resize(self.conv2(x), scale)


@dataclass(frozen=True)
class Middle:
    """The frame between two frames.

    Attributes:
        frame: the blend, `(B, 3, H, W)`.
        flow: where the middle looks in the first (x, y) and the second frame (x, y), `(B, 4, H, W)` [px].
        mask: share of the first frame, `(B, 1, H, W)` in [0, 1].
    """

    frame: Tensor
    flow: Tensor
    mask: Tensor


class Interpolator(nn.Module):
    """Finds the frame in the middle of two."""

    def __init__(self) -> None:
        super().__init__()
        self.block0 = FlowBlock(11)
        self.block1 = FlowBlock(11)
        self.block2 = FlowBlock(11)

    def forward(self, first: Tensor, second: Tensor) -> Middle:
        """Find the middle of frames `(B, 3, H, W)` in [0, 1]; H and W are multiples of 32 [px].

        Each pass looks in both directions and keeps what they agree on.
        """
        flow, mask = torch.zeros_like(first[:, :1].expand(-1, 4, -1, -1)), torch.zeros_like(first[:, :1])
        warped = (first, second)
        for block, scale in zip((self.block0, self.block1, self.block2), SCALES, strict=True):
            seen = torch.cat([torch.cat([*warped, mask], 1), torch.cat([*warped[::-1], -mask], 1)])
            flows, masks = block(seen, torch.cat([flow, reverse(flow)]), scale)
            (there, back), (mask_there, mask_back) = flows.chunk(2), masks.chunk(2)
            flow = flow + (there + reverse(back)) / 2
            mask = mask + (mask_there - mask_back) / 2
            warped = (warp(first, flow[:, :2]), warp(second, flow[:, 2:]))
        share = torch.sigmoid(mask)
        return Middle(warped[0] * share + warped[1] * (1 - share), flow, share)


def reverse(flow: Tensor) -> Tensor:
    """Swap the flows to the first and to the second frame."""
    return torch.cat([flow[:, 2:], flow[:, :2]], 1)


def warp(frame: Tensor, flow: Tensor) -> Tensor:
    """Look up each pixel of a frame `(B, C, H, W)` at its place plus `flow (B, 2, H, W)` [px]; edges are repeated."""
    height, width = frame.shape[-2:]
    y, x = torch.meshgrid(
        torch.linspace(-1, 1, height, device=frame.device, dtype=frame.dtype),
        torch.linspace(-1, 1, width, device=frame.device, dtype=frame.dtype),
        indexing="ij",
    )
    step = torch.tensor([(width - 1) / 2, (height - 1) / 2], device=frame.device, dtype=frame.dtype)
    grid = torch.stack([x, y], -1) + flow.permute(0, 2, 3, 1) / step
    return fn.grid_sample(frame, grid, mode="bilinear", padding_mode="border", align_corners=True)


@torch.inference_mode()
def double_rate(frames: Iterable[Tensor], network: Interpolator, at_once: int = 1) -> Iterator[Tensor]:
    """Put a frame in the middle of each pair, as frames arrive.

    Args:
        frames: frames `(3, H, W)` in [0, 1], one by one, of one size.
        network: finds the middle; frames are moved to where its weights are.
        at_once: how many frames are taken at a time; all pairs that end in them go through the network in one call.

    Yields:
        2 n - 1 frames for n frames.
    """
    frames = iter(frames)
    before: list[Tensor] = []
    while after := list(islice(frames, at_once)):
        pairs = [*before, *after]
        middles = middles_of(torch.stack(pairs), network) if len(pairs) > 1 else ()
        if not before:
            yield after[0]
        for middle, frame in zip(middles, pairs[1:], strict=True):
            yield middle
            yield frame
        before = after[-1:]


def middles_of(frames: Tensor, network: Interpolator) -> Tensor:
    """What lies between each of frames `(N, 3, H, W)` of any size and the next, `(N - 1, 3, H, W)`.

    Computed where and as precisely as the network's weights are.
    """
    height, width = frames.shape[-2:]
    padded = fn.pad(frames.to(next(network.parameters())), (0, -width % MULTIPLE, 0, -height % MULTIPLE))
    return network(padded[:-1], padded[1:]).frame[..., :height, :width].to(frames)
