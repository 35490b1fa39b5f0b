"""Make one recording many, a batch at a time: rows of speech at another rate, moved a little, blanked in part; rows of
motion as they would have been read off a video. Other voices and places are made beforehand, of the sound: `voices`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from dicetalk.motion.resting import reading_statistics
from dicetalk.motion.space import MIRROR, SHAPES
from dicetalk.tracking.fitting import BEYOND


@dataclass(frozen=True, kw_only=True)
class Augmentation:
    """How far rows of speech may be moved; every amount 0 changes nothing.

    Attributes:
        rate: speaking rate, up to this share faster or slower.
        offset: of each column for a whole clip, standard deviation [of the column's own].
        jitter: of each number, the same.
        mask: share of the clips in which stretches of time and columns are blanked (SpecAugment, Park et al. 2019).
    """

    rate: float = 0.1
    offset: float = 0.3
    jitter: float = 0.1
    mask: float = 0.3


@dataclass(frozen=True, kw_only=True)
class Misreading:
    """How far motion that is read off video differs from what a face does; every amount 0 changes nothing.

    The amounts are those of ten portraits, rendered and read again (docs/decisions/0007).

    Attributes:
        weak: up to this share of all movement is not seen.
        faint: up to this many times the usual difference between resting faces is missing from each shape of feeling,
            since nobody knows how the face looks at rest.
        build: how a face is made that differs from the usual one by more than `fitting.BEYOND` is read as expression; 1
            is as often and as far as faces differ.
        rest: of each shape, an offset that stays for the clip, standard deviation.
        gain: of each shape, standard deviation of the logarithm.
        mixed: of each shape in each other one, standard deviation.
        jitter: standard deviation in each frame.
    """

    weak: float = 0.7
    faint: float = 0.5
    build: float = 1.0
    rest: float = 0.02
    gain: float = 0.3
    mixed: float = 0.03
    jitter: float = 0.02


class Dice:
    """Draws for the clips of a batch, all from one generator."""

    def __init__(self, count: int, generator: torch.Generator) -> None:
        self.count = count
        self.generator = generator

    def uniform(self, low: float, high: float, *shape: int) -> Tensor:
        """(count, *shape) between `low` and `high`."""
        return low + (high - low) * torch.rand(self.count, *shape, generator=self.generator)

    def normal(self, spread: float, *shape: int) -> Tensor:
        """(count, *shape) of a standard deviation."""
        return spread * torch.randn(self.count, *shape, generator=self.generator)

    def chosen(self, share: float) -> Tensor:
        """(count,) True for about a share of the clips."""
        return torch.rand(self.count, generator=self.generator) < share


def cut(lengths: Tensor, frames: int, rate: float, generator: torch.Generator) -> tuple[Tensor, Tensor]:
    """Where in its clip each row of a training sample is read, at a random start and speaking rate.

    Args:
        lengths: of the clips [frames], `(B,)`.
        frames: T of the samples.
        rate: up to this share faster or slower.
        generator: the source of chance.

    Returns:
        Places [frames] `(B, T)`, and which of them lie inside the clip, `(B, T)`; the first always does.
    """
    dice = Dice(len(lengths), generator)
    pace = torch.exp(dice.uniform(-1, 1) * math.log1p(rate))
    room = (lengths - 1 - (frames - 1) * pace).clamp(min=0)
    places = (dice.uniform(0, 1) * room)[:, None] + torch.arange(frames) * pace[:, None]
    return places, places <= lengths[:, None] - 1 + 1e-4


def read_at(rows: Tensor, places: Tensor) -> Tensor:
    """Rows `(B, N, C)` between frames, at places `(B, T)`; linear."""
    places = places.clamp(0, rows.shape[1] - 1)
    before = places.long()
    after = (before + 1).clamp(max=rows.shape[1] - 1)
    share = (places - before)[..., None]
    columns = rows.shape[2]
    first, second = (rows.gather(1, at[..., None].expand(-1, -1, columns)) for at in (before, after))
    return torch.lerp(first, second, share)


def augment_speech(rows: Tensor, spread: Tensor, options: Augmentation, generator: torch.Generator) -> Tensor:
    """Speech `(B, T, C)` moved by chance, in units of each column's usual spread `(C,)`; the same shape."""
    dice = Dice(len(rows), generator)
    moved = (
        rows
        + spread * dice.normal(options.offset, 1, len(spread))
        + spread * dice.normal(options.jitter, *rows.shape[1:])
    )
    return _masked(moved, dice.chosen(options.mask), dice)


def misread_motion(rows: Tensor, options: Misreading, generator: torch.Generator) -> Tensor:
    """Motion as a tracker reads it off video; `(B, T, 58)` -> the same."""
    dice = Dice(len(rows), generator)
    count = len(SHAPES)
    shapes = rows[..., :count]
    spread = torch.from_numpy(reading_statistics()["spread"]).float()
    shapes = (shapes - dice.uniform(0, options.faint, 1, 1) * spread).clamp(min=0)
    shapes = shapes * (1 - dice.uniform(0, options.weak, 1, 1)) * dice.normal(options.gain, 1, count).exp()
    shapes = shapes + options.build * _builds(dice, spread)
    shapes = shapes + shapes @ dice.normal(options.mixed, count, count)
    shapes = shapes + dice.normal(options.rest, 1, count) + dice.normal(options.jitter, *shapes.shape[1:])
    return torch.cat([shapes.clamp(0, 1), rows[..., count:]], dim=2)


def _builds(dice: Dice, spread: Tensor) -> Tensor:
    """(B, 1, 52) what is taken for expression in faces that differ at rest as people do, alike on both sides."""
    differs = dice.normal(1.0, 1, len(spread))
    left = torch.tensor([min(here, other) for here, other in enumerate(MIRROR)])
    return (differs[..., left] - BEYOND).clamp(min=0) * spread


def _masked(rows: Tensor, chosen: Tensor, dice: Dice) -> Tensor:
    """A stretch of time and one of columns take the columns' means."""
    middle = rows.mean(1, keepdim=True)
    for axis, widest in ((1, 0.2), (2, 0.2)):
        size = rows.shape[axis]
        start = dice.uniform(0, 1, 1) * size
        grid = torch.arange(size)
        inside = chosen[:, None] & (grid >= start) & (grid < start + widest * size * dice.uniform(0, 1, 1))
        rows = torch.where(inside[:, :, None] if axis == 1 else inside[:, None], middle, rows)
    return rows
