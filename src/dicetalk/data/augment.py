"""Make one recording many: other voices, rates, gains, noises, codecs and rooms on rows of speech; on rows of motion,
faces as they would have been read off a video.

What waveforms undergo is done to their log-mel rows directly, a batch at a time: a thousandth of the work.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor
from torch.nn import functional as fn

from dicetalk.motion.resting import reading_statistics
from dicetalk.motion.space import MIRROR, SHAPES
from dicetalk.tracking.fitting import BEYOND

MELS = 80
_NEPER_PER_DECIBEL = math.log(10) / 10
_FLOOR = -23.0  # of log-mel rows


@dataclass(frozen=True, kw_only=True)
class Augmentation:
    """How far a recording may be moved; every amount 0 changes nothing.

    Attributes:
        rate: speaking rate, up to this share faster or slower.
        pitch: of the voice, standard deviation [octaves].
        throat: length of the vocal tract, which moves the formants, standard deviation [dozens of mel bands, each about
            0.7 octaves above 1 kHz].
        gain: up to this much louder or softer [dB].
        colour: of microphone and codec, standard deviation [dB].
        noise: share of the clips that get noise, 3 to 40 dB below the speech.
        narrow: share of the clips that lose their high bands, as on a telephone.
        room: share of the clips that get reverberation.
        mask: share of the clips in which stretches of time and bands are blanked (SpecAugment, Park et al. 2019).
    """

    rate: float = 0.2
    pitch: float = 0.25
    throat: float = 0.08
    gain: float = 8.0
    colour: float = 2.0
    noise: float = 0.5
    narrow: float = 0.2
    room: float = 0.3
    mask: float = 0.5


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


def augment_speech(rows: Tensor, options: Augmentation, generator: torch.Generator) -> Tensor:
    """Speech as another person might have said it elsewhere; `(B, T, 85)` -> the same."""
    dice = Dice(len(rows), generator)
    voice = _other_voice(rows, options, dice)
    mel = voice[..., :MELS]
    mel = mel + dice.uniform(-1, 1, 1, 1) * options.gain * _NEPER_PER_DECIBEL
    mel = mel + _colour(options, dice)[:, None]
    mel = _with_room(mel, dice.chosen(options.room), dice)
    mel = _with_noise(mel, dice.chosen(options.noise), dice)
    mel = _narrowed(mel, dice.chosen(options.narrow), dice)
    mel = _masked(mel, dice.chosen(options.mask), dice)
    return torch.cat([mel.clamp(min=_FLOOR), voice[..., MELS:]], dim=2)


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


def _other_voice(rows: Tensor, options: Augmentation, dice: Dice) -> Tensor:
    """Another pitch where there is voice, and another throat: bands move along the mel scale."""
    bands = torch.arange(MELS, dtype=torch.float32)
    # Mel is close to logarithmic above 1 kHz, where formants tell people apart: about 17 bands to the octave.
    places = bands + 12 * dice.normal(options.throat, 1)
    mel = read_at(rows[..., :MELS].mT, places).mT
    rest = rows[..., MELS:].clone()
    rest[..., 0] += dice.normal(options.pitch, 1) * rest[..., 1]
    return torch.cat([mel, rest], dim=2)


def _colour(options: Augmentation, dice: Dice) -> Tensor:
    """(B, 80) a smooth curve over the bands."""
    waves = torch.cos(torch.arange(1, 5)[:, None] * math.pi * (torch.arange(MELS) + 0.5) / MELS)
    return dice.normal(options.colour * _NEPER_PER_DECIBEL, 4) @ waves


def _with_room(mel: Tensor, chosen: Tensor, dice: Dice) -> Tensor:
    """The power of the last frames rings on."""
    decay = (dice.uniform(0.05, 0.5) * chosen)[:, None]
    echo = decay ** torch.arange(6, 0, -1)  # of the six frames before
    kernel = torch.cat([echo, torch.ones(len(mel), 1)], dim=1)[:, None]
    power = fn.pad(mel.exp().mT, (6, 0))
    rung = torch.stack([fn.conv1d(p[:, None], k[None])[:, 0] for p, k in zip(power, kernel, strict=True)])
    return rung.clamp(min=math.exp(_FLOOR)).log().mT


def _with_noise(mel: Tensor, chosen: Tensor, dice: Dice) -> Tensor:
    """Steady noise of any slope, 3 to 40 dB below the clip's loud part."""
    loud = mel.flatten(1).quantile(0.9, dim=1)
    level = loud - dice.uniform(3, 40) * _NEPER_PER_DECIBEL
    slope = dice.normal(1.0, 1) * torch.linspace(-1, 1, MELS)
    grain = dice.normal(0.3, *mel.shape[1:])
    noisy = torch.logaddexp(mel, (level[:, None] + slope)[:, None] + grain)
    return torch.where(chosen[:, None, None], noisy, mel)


def _narrowed(mel: Tensor, chosen: Tensor, dice: Dice) -> Tensor:
    """Nothing above 3 to 7 kHz."""
    edge = dice.uniform(0.7, 1.0, 1) * MELS
    lost = chosen[:, None] & (torch.arange(MELS) > edge)
    return torch.where(lost[:, None], mel.amin((1, 2), keepdim=True), mel)


def _masked(mel: Tensor, chosen: Tensor, dice: Dice) -> Tensor:
    """A stretch of time and one of bands take the clip's mean."""
    middle = mel.mean((1, 2), keepdim=True)
    for axis, widest in ((1, 0.2), (2, 0.2)):
        size = mel.shape[axis]
        start = dice.uniform(0, 1, 1) * size
        grid = torch.arange(size)
        inside = chosen[:, None] & (grid >= start) & (grid < start + widest * size * dice.uniform(0, 1, 1))
        mel = torch.where(inside[:, :, None] if axis == 1 else inside[:, None], middle, mel)
    return mel
