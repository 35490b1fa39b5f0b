"""The network behind `phonetics`: convolutions in time that remember what they still need, so that it hears streams."""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor, nn
from torch.nn import functional

from dicetalk.rates import HOP
from dicetalk.speech.broad import PHONES
from dicetalk.speech.phonetics import (
    BANDS,
    COLUMNS,
    DELAY,
    FADING,
    FFT,
    FLOOR,
    QUIETEST,
    WINDOW,
    mel_bands,
)

FIRST = 5
"""Hops that the first layer sees, two of them behind the one it tells of."""
KERNEL = 7
DILATIONS = ((1, 3), (2, 2), (4, 1), (8, 0), (16, 0), (1, 2))
"""Of each block: hops between what it sees, and how many of those lie behind the hop that it tells of."""


@dataclass(frozen=True, kw_only=True)
class PhoneSizes:
    """Sizes of the network.

    Attributes:
        width: of a row between blocks.
        inner: of a row within a block.
        dropout: in training.
    """

    width: int = 128
    inner: int = 256
    dropout: float = 0.05


class _Block(nn.Module):
    """A convolution of each column in time, then what the columns have to do with each other; added to what came."""

    def __init__(self, sizes: PhoneSizes, dilation: int, ahead: int) -> None:
        super().__init__()
        self.kept = (KERNEL - 1) * dilation
        self.late = ahead * dilation
        self.time = nn.Conv1d(sizes.width, sizes.width, KERNEL, dilation=dilation, groups=sizes.width)
        self.norm = nn.LayerNorm(sizes.width)
        self.wide = nn.Linear(sizes.width, sizes.inner)
        self.narrow = nn.Linear(sizes.inner, sizes.width)
        self.dropout = nn.Dropout(sizes.dropout)

    def forward(self, rows: Tensor, past: Tensor) -> tuple[Tensor, Tensor]:
        """`(B, C, T)`, the last `kept` rows before them -> rows of `late` hops ago, and what to keep."""
        seen = torch.cat([past, rows], 2)
        mixed = self.norm(self.time(seen).transpose(1, 2))
        mixed = self.dropout(self.narrow(functional.gelu(self.wide(mixed)))).transpose(1, 2)
        start = self.kept - self.late
        return seen[:, :, start : start + rows.shape[2]] + mixed, seen[:, :, rows.shape[2] :]


class PhoneNetwork(nn.Module):
    """Bands -> broad phones, voice and lips, `DELAY` hops late."""

    def __init__(self, sizes: PhoneSizes) -> None:
        super().__init__()
        self.sizes = sizes
        self.first = nn.Conv1d(BANDS, sizes.width, FIRST)
        self.blocks = nn.ModuleList(_Block(sizes, *each) for each in DILATIONS)
        self.norm = nn.LayerNorm(sizes.width)
        self.last = nn.Linear(sizes.width, COLUMNS)
        assert FIRST // 2 + sum(dilation * ahead for dilation, ahead in DILATIONS) == DELAY

    @property
    def shapes(self) -> list[tuple[int, int]]:
        """Rows and columns of each thing that is remembered."""
        kept = [(KERNEL - 1) * dilation for dilation, _ in DILATIONS]
        return [(BANDS, FIRST - 1), *((self.sizes.width, each) for each in kept)]

    def nothing(self, count: int) -> Tensor:
        """`(B, S)` what is remembered before anything was heard."""
        return torch.zeros(count, sum(math.prod(shape) for shape in self.shapes), device=self.last.weight.device)

    def forward(self, bands: Tensor, past: Tensor) -> tuple[Tensor, Tensor]:
        """`(B, T, 64)` as `phonetics.relative_to_loudest` gives them, `(B, S)` -> `(B, T, 26)` logits, `(B, S)`."""
        sizes = [math.prod(shape) for shape in self.shapes]
        held = [part.reshape(-1, *shape) for part, shape in zip(torch.split(past, sizes, 1), self.shapes, strict=True)]
        seen = torch.cat([held[0], bands.transpose(1, 2)], 2)
        rows, after = self.first(seen), [seen[:, :, bands.shape[1] :]]
        for block, kept in zip(self.blocks, held[1:], strict=True):
            rows, still = block(rows, kept)
            after.append(still)
        return self.last(self.norm(rows.transpose(1, 2))), torch.cat([each.flatten(1) for each in after], 1)


def as_rows(logits: Tensor) -> Tensor:
    """`(B, T, 26)` logits -> what a row tells: shares of the phones, whose sum is 1; voice and lips, 0 to 1."""
    count = len(PHONES)
    return torch.cat([logits[..., :count].softmax(-1), logits[..., count:].sigmoid()], -1)


def bands_of(sound: Tensor, throat: Tensor) -> Tensor:
    """What the network takes of samples `(B, N)`, `(B, T, 64)`, as `phonetics` makes it, but for whole recordings.

    Args:
        sound: of 16 bit, its first window's beginning included.
        throat: `(B,)` the frequencies of everything multiplied; 1 changes nothing.
    """
    cut = sound.unfold(1, WINDOW, HOP)
    cut = (cut - cut.mean(2, keepdim=True)) * torch.hann_window(WINDOW, periodic=False, device=sound.device)
    power = torch.fft.rfft(cut, FFT).abs().square()
    decibels = 10 * torch.log10(_stretched(power, throat) @ torch.from_numpy(mel_bands()).to(sound.device) + FLOOR)
    loudness = 10 * torch.log10((10 ** (decibels / 10)).sum(2))
    passed = FADING * torch.arange(1, decibels.shape[1] + 1, device=sound.device)
    loudest = (loudness + passed).cummax(1).values - passed
    return (decibels - loudest[..., None]).clamp(min=QUIETEST) / 20 + 1.5


def _stretched(power: Tensor, factor: Tensor) -> Tensor:
    """Spectra `(B, T, F)` with frequencies multiplied by `(B,)`; linear between bins."""
    bins = power.shape[2]
    places = (torch.arange(bins, device=power.device) / factor[:, None]).clamp(max=bins - 1)
    before = places.long().clamp(max=bins - 2)
    share = (places - before)[:, None]
    below, above = (power.gather(2, at[:, None].expand(power.shape)) for at in (before, before + 1))
    return torch.lerp(below, above, share)
