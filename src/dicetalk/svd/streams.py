"""Speech and emotion streams: attention processors for the stock diffusers U-Net.

In every cross-attention two further key/value pairs, one per stream, meet the layer's own query (METHOD section 4):

    out = to_out(A_image + m_speech A_speech + m_emotion A_emotion)

The face mask m acts in spatial layers only. Temporal layers read the mean of the window's tokens, the same for
every pixel.
Each distinct set of tokens is projected once per call: not once per frame, per branch of the guidance or per pixel.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import torch
from diffusers.models.attention_processor import Attention
from torch import Tensor, nn
from torch.nn import functional as fn
from torch.utils.checkpoint import checkpoint


@dataclass(frozen=True)
class Stream:
    """One condition of a call, each distinct set of tokens once.

    Attributes:
        tokens: the distinct sets, `(M, L, D)`.
        index: which set belongs to which frame, int64, `(B, T)`.
        mask: where the stream acts in spatial layers, `(1 or B, 1, H, W)` at picture size; None is everywhere.
        scale: factor on the stream's attention; 0 switches it off.
    """

    tokens: Tensor
    index: Tensor
    mask: Tensor | None = None
    scale: float = 1.0

    @staticmethod
    def per_frame(tokens: Tensor, mask: Tensor | None = None, scale: float = 1.0) -> Stream:
        """A stream with its own tokens on every frame, `(B, T, L, D)`."""
        index = torch.arange(tokens.shape[0] * tokens.shape[1], device=tokens.device)
        return Stream(tokens.flatten(0, 1), index.view(tokens.shape[:2]), mask, scale)

    def frame_mean(self) -> Tensor:
        """The mean over each window's frames, `(B, L, D)`.

        Weighs each distinct set by how often it occurs, so that no copy per frame is made.
        """
        counts = fn.one_hot(self.index, len(self.tokens)).sum(1).to(self.tokens.dtype)
        return torch.einsum("bm,mld->bld", counts / self.index.shape[1], self.tokens)


@dataclass(frozen=True)
class Prepared:
    """A stream with all that does not depend on the layer computed once.

    Attributes:
        stream: the stream.
        mean: its tokens averaged over each window's frames, `(B, L, D)`.
        masks: the mask on each token grid times the stream's scale, pixels of the grid -> `(1 or B * T, h * w, 1)`;
        empty without mask.
    """

    stream: Stream
    mean: Tensor
    masks: dict[int, Tensor]


def prepare(stream: Stream, height: int, width: int, levels: int) -> Prepared:
    """Resize the mask to the token grids of latents `(height, width)` at each of the U-Net's levels.

    Bicubic, neither antialiased nor clamped, as published (values reach from -0.10 to 1.09).
    """
    masks: dict[int, Tensor] = {}
    if stream.mask is not None:
        for _ in range(levels):
            grid = fn.interpolate(stream.mask.float(), (height, width), mode="bicubic")
            if len(grid) > 1:  # one for all frames of a window
                grid = grid.repeat_interleave(stream.index.shape[1], 0)
            masks[height * width] = stream.scale * grid.flatten(1)[..., None].to(stream.tokens.dtype)
            height, width = (height + 1) // 2, (width + 1) // 2
    return Prepared(stream, stream.frame_mean(), masks)


class StreamContext:
    """Holds the streams of the present call, where the processors of one U-Net find them."""

    def __init__(self) -> None:
        self.streams: tuple[Prepared, ...] = ()
        self.region: Tensor | None = None

    def checkpointed(self, layer: Callable[..., Any], *inputs: Any) -> Any:
        """Run a layer which the backward pass runs again, then too with the streams that it meets now.

        Other calls may lie between the two.
        """
        mine = (self.streams, self.region)

        def run(*inputs: Any) -> Any:
            present, (self.streams, self.region) = (self.streams, self.region), mine
            try:
                return layer(*inputs)
            finally:
                self.streams, self.region = present

        return checkpoint(run, *inputs, use_reentrant=False)


class StreamProcessor(nn.Module):
    """Projections of both streams for one cross-attention, named as in the published keys (0 speech, 1 emotion)."""

    def __init__(self, attention: Attention, context: StreamContext) -> None:
        super().__init__()
        self.context = context
        wide, narrow = attention.to_k.weight.shape
        self.to_k_ip = nn.ModuleList(nn.Linear(narrow, wide, bias=False) for _ in range(2))
        self.to_v_ip = nn.ModuleList(nn.Linear(narrow, wide, bias=False) for _ in range(2))

    def start_from(self, attention: Attention) -> None:
        """Copy the layer's own key and value projections, where training starts from."""
        for k, v in zip(self.to_k_ip, self.to_v_ip, strict=True):
            k.load_state_dict(attention.to_k.state_dict())
            v.load_state_dict(attention.to_v.state_dict())


class SpatialStreams(StreamProcessor):
    """Cross-attention of a spatial block: every pixel of a frame reads the tokens of that frame, where the
    mask allows."""

    def forward(
        self, attn: Attention, hidden_states: Tensor, encoder_hidden_states: Tensor, attention_mask: None = None
    ) -> Tensor:
        """Attend from `(B * T, h * w, C)` to image tokens `(B * T, S, D)` and the streams.

        `attention_mask` is part of diffusers' calling convention; its U-Net never sets one.
        """
        assert attention_mask is None
        query = split_heads(attn.to_q(hidden_states), attn.heads)
        out = attend_image(attn, query, encoder_hidden_states)
        for i, prepared in enumerate(self.context.streams):
            stream = prepared.stream
            if stream.scale == 0:
                continue
            index = stream.index.flatten()
            key = split_heads(self.to_k_ip[i](stream.tokens), attn.heads)[index]
            value = split_heads(self.to_v_ip[i](stream.tokens), attn.heads)[index]
            if stream.scale != 1 and not prepared.masks:
                value = stream.scale * value
            heard = merge_heads(fn.scaled_dot_product_attention(query, key, value))
            out = torch.addcmul(out, heard, prepared.masks[heard.shape[1]]) if prepared.masks else out + heard
        return project_out(attn, out).expand(hidden_states.shape)


class TemporalStreams(StreamProcessor):
    """Cross-attention of a temporal block: every pixel reads the mean of its window's tokens, unmasked as published."""

    def forward(
        self, attn: Attention, hidden_states: Tensor, encoder_hidden_states: Tensor, attention_mask: None = None
    ) -> Tensor:
        """Attend from `(B * h * w, T, C)` to image tokens `(B * h * w, S, D)`, equal for all pixels, and the
        streams."""
        assert attention_mask is None
        streams = self.context.streams
        batch = streams[0].stream.index.shape[0]
        query = split_heads(attn.to_q(hidden_states).view(batch, -1, hidden_states.shape[-1]), attn.heads)
        out = attend_image(attn, query, encoder_hidden_states.unflatten(0, (batch, -1))[:, 0])
        for i, prepared in enumerate(streams):
            if prepared.stream.scale == 0:
                continue
            key = split_heads(self.to_k_ip[i](prepared.mean), attn.heads)
            value = split_heads(prepared.stream.scale * self.to_v_ip[i](prepared.mean), attn.heads)
            out = out + merge_heads(fn.scaled_dot_product_attention(query, key, value))
        return project_out(attn, out).expand(batch, query.shape[2], -1).reshape(hidden_states.shape)


def attend_image(attn: Attention, query: Tensor, image: Tensor) -> Tensor:
    """The layer's own cross-attention before the output projection, `(N, L, C)` or `(N, 1, C)`.

    Over a single token the softmax is 1 whatever the query, so that the value itself is the result.
    """
    value: Tensor = attn.to_v(image)
    if image.shape[1] == 1:
        return value
    key, value = split_heads(attn.to_k(image), attn.heads), split_heads(value, attn.heads)
    return merge_heads(fn.scaled_dot_product_attention(query, key, value))


def split_heads(x: Tensor, heads: int) -> Tensor:
    """Turn `(N, L, heads * d)` into `(N, heads, L, d)`."""
    return x.unflatten(-1, (heads, -1)).transpose(1, 2)


def merge_heads(x: Tensor) -> Tensor:
    """Turn `(N, heads, L, d)` into `(N, L, heads * d)`."""
    return x.transpose(1, 2).flatten(-2)


def project_out(attn: Attention, x: Tensor) -> Tensor:
    """The layer's output projection and dropout."""
    out: Tensor = attn.to_out[1](attn.to_out[0](x))
    return out
