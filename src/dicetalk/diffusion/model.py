"""The network of motion diffusion: noisy motion, speech and emotion tokens -> the clean motion that it sees there.

A transformer over frames, each of which sees those before it. Its layers read in turn the speech around each frame and
the frame's own emotion tokens of the bank by cross-attention, as the streams of the paper's denoiser do (section 3.2).
How far something lies is told by what is added to its likeness (T5; Raffel et al. 2020). Noise level, the
resting face and the scales of guidance shift and scale what runs through it (AdaLN; Peebles & Xie 2023).

The path between motion and noise is a straight line, x_t = (1 - t) x + t e (rectified flow; Liu et al. 2023), and the
network tells x. Since a frame never sees a later one, and all frames of a pass are equally noisy, what a pass needs of
earlier frames can be kept: motion comes frame by frame, without windows and without seams.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field

import torch
from torch import Tensor, nn
from torch.nn import functional as fn

from dicetalk.diffusion.channels import AHEAD, BACK, MEMORY, MOTION, RESTING, SCALES
from dicetalk.emotion.bank import BankSizes
from dicetalk.errors import ConfigError
from dicetalk.speech.stream import SPEECH

LEVEL_WIDTH = 64
"""Sines and cosines that tell the noise level."""
SHIFTS = 7
"""What scales, gates and shifts a layer: two scales, three gates, two shifts."""
HIDDEN = -1e4
"""Added to the likeness of what is not to be seen."""


@dataclass(frozen=True, kw_only=True)
class MotionSizes:
    """Sizes of the network (4.6 M parameters, the bank's .9 M besides).

    Attributes:
        width: of a token, a multiple of `heads`.
        inner: width within a layer's thinking.
        layers: of the transformer, an even number.
        heads: of attention.
        bank: of the Emotion Bank; its `width` is that of its tokens.

    Raises:
        ConfigError: sizes that do not go together.
    """

    width: int = 192
    inner: int = 576
    layers: int = 6
    heads: int = 6
    bank: BankSizes = field(default_factory=lambda: BankSizes(width=192, hidden=192, tokens=8, codes=64, heads=6))

    def __post_init__(self) -> None:
        if self.layers < 2 or self.layers % 2:
            raise ConfigError(f"there are {self.layers} layers; use an even number, for they take turns")
        if self.width % self.heads:
            raise ConfigError(f"the width is {self.width}, which {self.heads} heads cannot share; use a multiple of it")


@dataclass(frozen=True)
class Told:
    """What the network is told besides the noisy motion of N frames; D is its width, Y its layers.

    Attributes:
        speech: `(B, Y / 2 + 1, BACK + N + AHEAD, 2 D)` what `speech_memory` makes of rows of speech.
        near: `(B, N, D)` what `near` makes of that.
        emotion: `(B, Y / 2, M, 2 D)` what `emotion_memory` makes of emotion tokens.
        feels: `(B, N, M)` which of those each frame reads.
        condition: `(B, D)` as `condition` makes it.
        past: `(B, Y, P, 2 D)` what passes at this noise level left of the P frames before; P may be 0.
        gone: `(P,)` True where there was no frame.
    """

    speech: Tensor
    near: Tensor
    emotion: Tensor
    feels: Tensor
    condition: Tensor
    past: Tensor
    gone: Tensor


class MotionDenoiser(nn.Module):
    """Tells clean motion."""

    def __init__(self, sizes: MotionSizes) -> None:
        super().__init__()
        self.sizes = sizes
        width = sizes.width
        self.motion = nn.Linear(MOTION, width)
        self.speech = _Layers(SPEECH, width)
        self.speech_norm = nn.LayerNorm(width)
        self.token = nn.Linear(width, 2 * width)
        self.around = nn.Conv1d(2 * width, width, BACK + 1 + AHEAD)
        self.level = _Layers(LEVEL_WIDTH, width)
        self.resting = _Layers(RESTING, width)
        self.scales = _Layers(SCALES, width)
        self.shifts = nn.Linear(width, SHIFTS * width)
        self.tables = nn.Parameter(torch.ones(SHIFTS, 1).index_fill(0, torch.tensor([5, 6]), 0).expand(-1, width)
                                   .flatten().repeat(sizes.layers, 1))  # fmt: skip
        self.blocks = nn.ModuleList(_Block(sizes, number) for number in range(sizes.layers))
        self.norm = nn.LayerNorm(width, elementwise_affine=False)
        self.last = nn.Linear(width, 2 * width)
        self.clean = nn.Linear(width, MOTION)
        for layer in (self.shifts, self.last, self.clean):
            nn.init.zeros_(layer.weight)
            nn.init.zeros_(layer.bias)

    def speech_memory(self, speech: Tensor) -> Tensor:
        """Rows of speech `(B, N, S)`, 0 where nothing is known -> `(B, Y / 2 + 1, N, 2 D)`, each row by itself.

        The last is for `near`.
        """
        tokens = self.speech_norm(self.speech(speech))
        return torch.stack([memory(tokens) for memory in (*self._memories(speech=True), self.token)], 1)

    def near(self, memory: Tensor) -> Tensor:
        """What `speech_memory` made of rows -> `(B, N, D)` for each frame the rows around it, in their order.

        Attention finds a row by what it says; when something is said is learned sooner from rows in their places.
        """
        told: Tensor = self.around(memory[:, -1].mT).mT
        return told

    def emotion_memory(self, tokens: Tensor) -> Tensor:
        """Emotion tokens `(B, M, W)` -> `(B, Y / 2, M, 2 D)`, each by itself."""
        return torch.stack([memory(tokens) for memory in self._memories(speech=False)], 1)

    def _memories(self, *, speech: bool) -> list[nn.Linear]:
        return [block.memory for block in self.blocks if isinstance(block, _Block) and block.reads_speech == speech]

    def condition(self, level: Tensor, resting: Tensor, scales: Tensor) -> Tensor:
        """What holds for all frames.

        Args:
            level: `(B,)` t of the path, 0 (clean) to 1 (noise).
            resting: `(B, 52)` the face at rest, as of `Standard.resting`.
            scales: `(B, 2)` of guidance by speech and by emotion, 1 is none.

        Returns:
            `(B, D)`.
        """
        told: Tensor = self.level(_waves(level)) + self.resting(resting) + self.scales(scales.log())
        return fn.silu(told)

    def forward(self, noisy: Tensor, level: Tensor, told: Told) -> tuple[Tensor, Tensor, Tensor]:
        """Tell the clean motion.

        Args:
            noisy: `(B, N, 58)`.
            level: `(B,)` how noisy.
            told: everything else.

        Returns:
            `(B, N, 58)` the clean motion; `(B, N, D)` the features in the middle, from which emotion is read; and
            `(B, Y, N, 2 D)` what the next frames need of these.
        """
        frames = self.motion(_likely(noisy, level)) + told.near
        shifts = self.shifts(told.condition)[:, None] + self.tables
        middle, kept = frames, []
        for number, block in enumerate(self.blocks):
            memory = (told.speech if block.reads_speech else told.emotion)[:, number // 2]
            frames, own = block(frames, shifts[:, number], told, memory, told.past[:, number])
            kept.append(own)
            if number == len(self.blocks) // 2 - 1:
                middle = frames
        shift, scale = self.last(told.condition)[:, None].chunk(2, -1)
        clean: Tensor = self.clean(self.norm(frames) * (1 + scale) + shift)
        return clean, middle, torch.stack(kept, 1)


class _Layers(nn.Sequential):
    """Two layers, `columns` -> `width`."""

    def __init__(self, columns: int, width: int) -> None:
        super().__init__(nn.Linear(columns, width), nn.SiLU(), nn.Linear(width, width))


class _Block(nn.Module):
    """One layer of the transformer: frames read those before, then the speech or the emotion, and think."""

    def __init__(self, sizes: MotionSizes, number: int) -> None:
        super().__init__()
        width = sizes.width
        self.heads, self.reads_speech = sizes.heads, number % 2 == 0
        self.norms = nn.ModuleList(nn.LayerNorm(width, elementwise_affine=False) for _ in range(3))
        self.own, self.asks = nn.Linear(width, 3 * width), nn.Linear(width, width)
        self.memory = nn.Linear(width if self.reads_speech else sizes.bank.width, 2 * width)
        self.joins = nn.ModuleList(nn.Linear(width, width) for _ in range(2))
        self.wide, self.narrow = nn.Linear(width, sizes.inner), nn.Linear(sizes.inner, width)
        self.ago = nn.Parameter(torch.zeros(sizes.heads, MEMORY + 1))
        self.off = nn.Parameter(torch.zeros(sizes.heads, BACK + AHEAD + 1)) if self.reads_speech else None

    def forward(
        self, frames: Tensor, shifts: Tensor, told: Told, memory: Tensor, past: Tensor
    ) -> tuple[Tensor, Tensor]:
        """Frames `(B, N, D)` -> the same, one layer on, and `(B, N, 2 D)` what later frames need of them.

        Args:
            frames: as they come.
            shifts: `(B, 7 D)`.
            told: what the network is told.
            memory: `(B, M, 2 D)` of speech or of emotion, whichever it reads.
            past: `(B, P, 2 D)`.
        """
        scale, scale2, gate, gate2, gate3, shift, shift2 = shifts[:, None].chunk(SHIFTS, -1)
        width = frames.shape[-1]
        q, own = self.own(torch.addcmul(shift, self.norms[0](frames), scale)).split([width, 2 * width], -1)
        known = torch.cat([past.to(own.dtype), own], 1)
        frames = torch.addcmul(frames, gate, self.joins[0](self._read(q, known, self._since(told.gone, q.shape[1]))))
        sees = _hidden(told.feels[:, None]) if self.off is None else _band(self.off, q.shape[1])
        read = self._read(self.asks(self.norms[1](frames)), memory, sees)
        frames = torch.addcmul(frames, gate2, self.joins[1](read))
        inner = self.wide(torch.addcmul(shift2, self.norms[2](frames), scale2))
        return torch.addcmul(frames, gate3, self.narrow(fn.gelu(inner, approximate="tanh"))), own

    def _since(self, gone: Tensor, count: int) -> Tensor:
        """`(H, N, P + N)` what is added to likeness, by how many frames ago it is."""
        places = torch.arange(len(gone) + count, device=gone.device)
        ago = places[len(gone) :, None] - places
        there = torch.cat([~gone, gone.new_ones(count)])
        return self.ago[:, ago.clamp(0, MEMORY)] + _hidden((ago >= 0) & (ago <= MEMORY) & there)

    def _read(self, asked: Tensor, known: Tensor, bias: Tensor) -> Tensor:
        """Frames `(B, N, D)` read keys and values `(B, M, 2 D)`."""
        keys, values = known.to(asked.dtype).chunk(2, -1)
        q, k, v = (self._split(x) for x in (asked, keys, values))
        like = (q / math.sqrt(q.shape[-1])) @ k.mT + bias.to(q.dtype)
        return (like.softmax(-1).to(v.dtype) @ v).transpose(1, 2).flatten(2)

    def _split(self, x: Tensor) -> Tensor:
        return x.reshape(*x.shape[:2], self.heads, -1).transpose(1, 2)


def _hidden(seen: Tensor) -> Tensor:
    """0 where something is seen, else so little that it is not."""
    return torch.where(seen, 0.0, HIDDEN)


def _band(off: Tensor, count: int) -> Tensor:
    """`(H, N, BACK + N + AHEAD)` what is added to likeness of rows of speech, `off` `(H, BACK + AHEAD + 1)`."""
    later = torch.arange(BACK + count + AHEAD, device=off.device) - torch.arange(count, device=off.device)[:, None]
    return off[:, later.clamp(0, BACK + AHEAD)] + _hidden((later >= 0) & (later <= BACK + AHEAD))


def _likely(noisy: Tensor, level: Tensor) -> Tensor:
    """What clean motion is likely where nothing else is known, `(B, N, 58)`.

    Pure noise is no motion at all: nothing of it reaches the network (preconditioning; Karras et al. 2022). Of their
    way out nothing is taken: what is said and felt tells motion so well that noise had better not be handed on.
    """
    share = level[:, None, None]
    return noisy * (1 - share) / ((1 - share).square() + share.square())


def _waves(level: Tensor) -> Tensor:
    """Noise levels `(B,)` as sines and cosines `(B, 64)`."""
    rates = torch.exp(torch.linspace(0, math.log(1000), LEVEL_WIDTH // 2, device=level.device))
    angles = level[:, None] * rates
    return torch.cat([angles.sin(), angles.cos()], -1)
