"""The network of motion diffusion: noisy motion, speech and emotion tokens -> the clean motion that it sees there.

A transformer over the frames of a window. Every frame reads the speech around it by cross-attention, and its own
emotion tokens of the bank by another one, as the streams of the paper's denoiser do (section 3.2). Noise level, the
resting face and the scales of guidance shift and scale what runs through it (AdaLN; Peebles & Xie 2023).

The path between motion and noise is a straight line, x_t = (1 - t) x + t e (rectified flow; Liu et al. 2023), and the
network tells x.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn
from torch.nn import functional as fn

from dicetalk.diffusion.window import MOTION, RESTING, SCALES, SPEECH
from dicetalk.emotion.bank import BankSizes

LEVEL_WIDTH = 64
"""Sines and cosines that tell the noise level."""


@dataclass(frozen=True, kw_only=True)
class MotionSizes:
    """Sizes of the network (3.9 M parameters, the bank's .8 M besides).

    Attributes:
        width: of a token, a multiple of twice `heads`.
        layers: of the transformer.
        heads: of attention.
        reach: frames of speech that a frame reads, on either side.
        dropout: share of activations dropped in training.
        bank: of the Emotion Bank; its `width` is that of its tokens.
    """

    width: int = 192
    layers: int = 6
    heads: int = 6
    reach: int = 8
    dropout: float = 0.05
    bank: BankSizes = field(default_factory=lambda: BankSizes(width=192, hidden=256, tokens=8, codes=64, heads=6))


@dataclass(frozen=True)
class Told:
    """What the network is told besides the noisy motion; W frames of B windows.

    Attributes:
        known: `(B, W)` 1 where the motion is not noisy but what was there before.
        speech: `(B, W, S)` rows of speech, as `window.speech_columns` makes them; 0 where it is left out.
        tokens: `(B, W, L, D)` emotion tokens.
        resting: `(B, 52)` the face at rest, as of `window.standard` motion.
        scales: `(B, 2)` of guidance by speech and by emotion, 1 is none.
    """

    known: Tensor
    speech: Tensor
    tokens: Tensor
    resting: Tensor
    scales: Tensor


class MotionDenoiser(nn.Module):
    """Tells clean motion."""

    def __init__(self, sizes: MotionSizes) -> None:
        super().__init__()
        self.sizes = sizes
        width = sizes.width
        self.motion = nn.Linear(MOTION + 1, width)
        self.speech = _SpeechEncoder(width)
        self.level = _Layers(LEVEL_WIDTH, width)
        self.resting = _Layers(RESTING, width)
        self.scales = _Layers(SCALES, width)
        self.blocks = nn.ModuleList(_Block(sizes) for _ in range(sizes.layers))
        self.norm = nn.LayerNorm(width, elementwise_affine=False)
        self.last = nn.Linear(width, 2 * width)
        self.clean = nn.Linear(width, MOTION)
        for layer in (self.last, self.clean):
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)

    def forward(self, noisy: Tensor, level: Tensor, told: Told) -> tuple[Tensor, Tensor]:
        """Tell the clean motion.

        Args:
            noisy: `(B, W, 58)`.
            level: `(B,)` t of the path, 0 (clean) to 1 (noise).
            told: everything else.

        Returns:
            `(B, W, 58)` the clean motion, and `(B, W, D)` the features in the middle, from which emotion is read.
        """
        frames = self.motion(torch.cat([noisy, told.known[..., None]], -1))
        speech = self.speech(told.speech)
        condition = self.level(_waves(level)) + self.resting(told.resting) + self.scales(told.scales.log())
        near = _near(noisy.shape[1], self.sizes.reach, noisy.device)
        turns = _turns(noisy.shape[1], self.sizes.width // self.sizes.heads, noisy.device)
        middle = frames
        for number, block in enumerate(self.blocks):
            frames = block(frames, condition, speech, told.tokens, near, turns)
            if number == len(self.blocks) // 2 - 1:
                middle = frames
        shift, scale = self.last(fn.silu(condition))[:, None].chunk(2, -1)
        clean: Tensor = self.clean(self.norm(frames) * (1 + scale) + shift)
        return clean, middle


class _SpeechEncoder(nn.Module):
    """Rows of speech -> tokens, each of its own and the neighbours' rows."""

    def __init__(self, width: int) -> None:
        super().__init__()
        self.rows = nn.Conv1d(SPEECH, width, 3, padding=1)
        self.mixed = nn.Conv1d(width, width, 3, padding=1)
        self.norm = nn.LayerNorm(width)

    def forward(self, speech: Tensor) -> Tensor:
        """`(B, W, S)` -> `(B, W, D)`."""
        tokens: Tensor = self.norm(self.mixed(fn.gelu(self.rows(speech.mT))).mT)
        return tokens


class _Layers(nn.Sequential):
    """Two layers, `columns` -> `width`."""

    def __init__(self, columns: int, width: int) -> None:
        super().__init__(nn.Linear(columns, width), nn.SiLU(), nn.Linear(width, width))


class _Block(nn.Module):
    """One layer of the transformer: frames read each other, the speech, the emotion, and think."""

    def __init__(self, sizes: MotionSizes) -> None:
        super().__init__()
        width = sizes.width
        self.heads = sizes.heads
        self.shifts = nn.Linear(width, 8 * width)
        nn.init.zeros_(self.shifts.weight)
        nn.init.zeros_(self.shifts.bias)
        self.norms = nn.ModuleList(nn.LayerNorm(width, elementwise_affine=False) for _ in range(4))
        self.own = nn.Linear(width, 3 * width)
        self.asks_speech, self.told_speech = nn.Linear(width, width), nn.Linear(width, 2 * width)
        self.asks_emotion, self.told_emotion = nn.Linear(width, width), nn.Linear(sizes.bank.width, 2 * width)
        self.joins = nn.ModuleList(nn.Linear(width, width) for _ in range(3))
        self.thinks = nn.Sequential(
            nn.Linear(width, 4 * width), nn.GELU(), nn.Dropout(sizes.dropout), nn.Linear(4 * width, width)
        )

    def forward(
        self,
        frames: Tensor,
        condition: Tensor,
        speech: Tensor,
        tokens: Tensor,
        near: Tensor,
        turns: tuple[Tensor, Tensor],
    ) -> Tensor:
        """Frames `(B, W, D)` -> the same, one layer on."""
        shift, scale, gate, speech_gate, emotion_gate, shift2, scale2, gate2 = (
            self.shifts(fn.silu(condition))[:, None].chunk(8, -1)
        )  # fmt: skip
        q, k, v = self.own(self.norms[0](frames) * (1 + scale) + shift).chunk(3, -1)
        frames = frames + (1 + gate) * self.joins[0](self._attend(q, k, v, turns, None))
        asked = self.asks_speech(self.norms[1](frames))
        keys, values = self.told_speech(speech).chunk(2, -1)
        heard = self._attend(asked, keys, values, turns, near)
        frames = frames + (1 + speech_gate) * self.joins[1](heard)
        felt = self._feel(self.asks_emotion(self.norms[2](frames)), tokens)
        frames = frames + (1 + emotion_gate) * self.joins[2](felt)
        thought: Tensor = frames + (1 + gate2) * self.thinks(self.norms[3](frames) * (1 + scale2) + shift2)
        return thought

    def _attend(
        self, asked: Tensor, keys: Tensor, values: Tensor, turns: tuple[Tensor, Tensor], near: Tensor | None
    ) -> Tensor:
        """Attention between frames `(B, W, D)` that know how far apart they are."""
        q, k, v = (self._split(x).transpose(1, 2) for x in (asked, keys, values))
        return fn.scaled_dot_product_attention(_turned(q, turns), _turned(k, turns), v, near).transpose(1, 2).flatten(2)

    def _feel(self, asked: Tensor, tokens: Tensor) -> Tensor:
        """Let each frame `(B, W, D)` read its own emotion tokens `(B, W, L, D')`."""
        keys, values = (self._split(x) for x in self.told_emotion(tokens).chunk(2, -1))
        q = self._split(asked)[:, :, None]
        weights = ((q * keys).sum(-1) / math.sqrt(q.shape[-1])).softmax(2)
        return (weights[..., None] * values).sum(2).flatten(2)

    def _split(self, x: Tensor) -> Tensor:
        return x.reshape(*x.shape[:-1], self.heads, x.shape[-1] // self.heads)


def _waves(level: Tensor) -> Tensor:
    """Noise levels `(B,)` as sines and cosines `(B, 64)`."""
    rates = torch.exp(torch.linspace(0, math.log(1000), LEVEL_WIDTH // 2, device=level.device))
    angles = level[:, None] * rates
    return torch.cat([angles.sin(), angles.cos()], -1)


def _near(frames: int, reach: int, device: torch.device) -> Tensor:
    """Which rows of speech each frame reads, `(W, W)`."""
    places = torch.arange(frames, device=device)
    return (places[:, None] - places).abs() <= reach


def _turns(frames: int, width: int, device: torch.device) -> tuple[Tensor, Tensor]:
    """Cosines and sines `(W, width / 2)` by which places are told (Su et al. 2021)."""
    rates = torch.exp(-math.log(1000) * torch.arange(width // 2, device=device) / (width // 2))
    angles = torch.arange(frames, device=device)[:, None] * rates
    return angles.cos(), angles.sin()


def _turned(x: Tensor, turns: tuple[Tensor, Tensor]) -> Tensor:
    """`(B, H, W, D)` turned by its places."""
    one, two = x.chunk(2, -1)
    cos, sin = turns
    return torch.cat([one * cos - two * sin, one * sin + two * cos], -1)
