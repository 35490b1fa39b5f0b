"""Emotion embedder: speech and face motion -> a Gaussian over emotion, free of who is speaking (paper, section 3.1).

Two encoders read the two streams, speech attends to the face, and attentive statistics pool the result over time.
Either stream may be missing: a learned null token stands for it, so that one network serves sound, video and both.

Everything but `hearing` can be learned from faces alone, which then say where each emotion lies; a `hearing` of another
kind (`delivery`) is taught into that space later. It lies in files of its own.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional as fn

MIN_VARIANCE = 1e-4
SPEECH_WIDTH = 117
"""Columns of a row of speech: see `dicetalk.speech.rows`."""
MOTION_WIDTH = 58
"""Columns of a row of motion: 52 shapes, 6 of the head's pose."""


@dataclass(frozen=True, kw_only=True)
class EmbedderSizes:
    """Sizes of an embedder; the defaults are those of the paper's relatives (5.6 M parameters).

    Attributes:
        speech: columns of a row of speech.
        motion: columns of a row of motion.
        inner: width of the encoders, a multiple of `heads`.
        layers: transformer layers of each encoder.
        heads: attention heads.
        rank: directions in which emotions differ: a bottleneck, so that there is no room for who speaks.
        width: width of the prior, the emotion's vector.
        dropout: share of activations dropped in training.
        stride: frames that become one token.
    """

    speech: int = SPEECH_WIDTH
    motion: int = MOTION_WIDTH
    inner: int = 256
    layers: int = 3
    heads: int = 8
    rank: int = 16
    width: int = 256
    dropout: float = 0.1
    stride: int = 1


@dataclass(frozen=True)
class Gaussian:
    """A diagonal Gaussian over emotion for each clip.

    Attributes:
        mean: shape `(B, width)`.
        variance: at least 1e-4, shape `(B, width)`.
    """

    mean: Tensor
    variance: Tensor

    def sample(self, generator: torch.Generator) -> Tensor:
        """One draw for each clip, `(B, width)`, with gradient to mean and variance."""
        noise = torch.randn(self.mean.shape, generator=generator, device=generator.device).to(self.mean.device)
        return self.mean + self.variance.sqrt() * noise


class StreamEncoder(nn.Module):
    """One stream: rows are normalised, a convolution makes tokens, transformer layers let them see each other."""

    mean: Tensor
    scale: Tensor

    def __init__(self, columns: int, sizes: EmbedderSizes) -> None:
        super().__init__()
        self.stride = sizes.stride
        self.register_buffer("mean", torch.zeros(columns))
        self.register_buffer("scale", torch.ones(columns))
        self.stem = nn.Conv1d(columns, sizes.inner, kernel_size=5, stride=sizes.stride, padding=2)
        layer = nn.TransformerEncoderLayer(
            sizes.inner, sizes.heads, 4 * sizes.inner, sizes.dropout, batch_first=True, norm_first=True
        )
        self.layers = nn.TransformerEncoder(layer, sizes.layers, enable_nested_tensor=False)
        self.norm = nn.LayerNorm(sizes.inner)

    def forward(self, rows: Tensor, inside: Tensor) -> Tensor:
        """Encode one stream.

        Args:
            rows: `(B, T, columns)`; what lies outside a clip is ignored.
            inside: True on the clip's own frames, `(B, T)`.

        Returns:
            Tokens `(B, L, inner)`, L = ceil(T / stride).
        """
        x = (rows - self.mean) / self.scale * inside[..., None]
        x = fn.gelu(self.stem(x.mT).mT)
        x = x + positions(x.shape[1], x.shape[2], x.device)
        return self.norm(self.layers(x, src_key_padding_mask=~inside[:, :: self.stride]))


class AttentiveStatistics(nn.Module):
    """Mean and variance over time, each frame weighted by how much it tells."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.inner = nn.Linear(width, width // 2)
        self.score = nn.Linear(width // 2, 1)

    def forward(self, tokens: Tensor, inside: Tensor) -> Gaussian:
        """Pool tokens `(B, L, width)` where `inside` `(B, L)` is True."""
        scores = self.score(fn.mish(self.inner(tokens))).masked_fill(~inside[..., None], -torch.inf)
        weights = scores.softmax(dim=1)
        mean = (weights * tokens).sum(1)
        variance = (weights * (tokens - mean[:, None]).square()).sum(1) + MIN_VARIANCE
        return Gaussian(mean, variance)


class Discriminant(nn.Module):
    """An affine map of Gaussians, found after training and not by it; leaves them as they are until then.

    See `emotion.discriminant`.
    """

    weight: Tensor
    offset: Tensor

    def __init__(self, width: int) -> None:
        super().__init__()
        self.register_buffer("weight", torch.eye(width))
        self.register_buffer("offset", torch.zeros(width))

    def forward(self, found: Gaussian) -> Gaussian:
        """Map the mean, and the variance of each coordinate, `(B, width)`."""
        mean = found.mean @ self.weight.T + self.offset
        return Gaussian(mean, (found.variance @ self.weight.square().T).clamp(min=MIN_VARIANCE))


class EmotionEmbedder(nn.Module):
    """Speech and face motion of a clip -> Gaussian over emotion."""

    def __init__(self, sizes: EmbedderSizes | None = None, hearing: nn.Module | None = None) -> None:
        """Of any values; `hearing` is called like the `StreamEncoder` which stands there by itself."""
        super().__init__()
        self.sizes = sizes = sizes or EmbedderSizes()
        self.hearing = StreamEncoder(sizes.speech, sizes) if hearing is None else hearing
        self.motion = StreamEncoder(sizes.motion, sizes)
        self.unheard = nn.Parameter(0.02 * torch.randn(sizes.inner))
        self.unseen = nn.Parameter(0.02 * torch.randn(sizes.inner))
        self.cross = nn.MultiheadAttention(sizes.inner, sizes.heads, sizes.dropout, batch_first=True)
        self.narrow = nn.Linear(sizes.inner, sizes.rank)
        self.out = nn.Linear(sizes.rank, sizes.width)
        self.norm = nn.LayerNorm(sizes.width, elementwise_affine=False)
        self.pool = AttentiveStatistics(sizes.width)
        self.discriminant = Discriminant(sizes.width)

    def forward(self, speech: Tensor, motion: Tensor, inside: Tensor, heard: Tensor, seen: Tensor) -> Gaussian:
        """Embed clips.

        Args:
            speech: `(B, T, columns)`; any values where it is not heard.
            motion: `(B, T, 58)`; any values where it is not seen.
            inside: True on a clip's own frames, which come first; False on padding, `(B, T)`.
            heard: True where a clip has speech, `(B,)`.
            seen: True where a clip has motion, `(B,)`.
        """
        return self.read(self.hearing(speech, inside), motion, inside, heard, seen)

    def read(self, voice: Tensor, motion: Tensor, inside: Tensor, heard: Tensor, seen: Tensor) -> Gaussian:
        """The same from tokens of the voice `(B, L, inner)`, L = ceil(T / stride), as `hearing` gives them."""
        tokens_inside = inside[:, :: self.sizes.stride]
        s = torch.where(heard[:, None, None], voice, self.unheard)
        v = torch.where(seen[:, None, None], self.motion(motion, inside), self.unseen)
        read, _ = self.cross(s, v, v, key_padding_mask=~tokens_inside, need_weights=False)
        return self.discriminant(self.pool(self.norm(self.out(self.narrow(s + read))), tokens_inside))


def positions(length: int, width: int, device: torch.device) -> Tensor:
    """Sinusoids `(length, width)` that tell tokens their place (Vaswani et al. 2017)."""
    rates = torch.exp(torch.arange(0, width, 2, device=device) * (-math.log(10_000.0) / width))
    angles = torch.arange(length, device=device)[:, None] * rates
    return torch.cat([angles.sin(), angles.cos()], dim=1)


def drop_modalities(
    heard: Tensor, seen: Tensor, speech: float, motion: float, generator: torch.Generator
) -> tuple[Tensor, Tensor]:
    """Modality dropout: take speech from some clips and motion from others.

    Args:
        heard: True where a clip has speech, `(B,)`.
        seen: True where a clip has motion, `(B,)`.
        speech, motion: shares of the clips that lose it; together at most 1.
        generator: the source of chance, on the processor.

    Returns:
        `heard` and `seen` as they are after dropping; a clip with one stream keeps it.
    """
    draw = torch.rand(heard.shape, generator=generator).to(heard.device)
    both = heard & seen
    return heard & ~(both & (draw < speech)), seen & ~(both & (draw >= 1 - motion))
