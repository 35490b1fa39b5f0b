"""Make speech in a quiet studio what real recordings are: rooms, colours, noise, babble, music, bands that are missing,
coarse codecs, levels. A batch at a time, on any device; times stay.
"""

from __future__ import annotations

import math
from dataclasses import dataclass

import torch
from torch import Tensor

from dicetalk.rates import SPEECH_RATE


@dataclass(frozen=True, kw_only=True)
class Acoustics:
    """How far recordings are moved, and how often.

    Attributes:
        rate: tempo, pitch and formants together, up to this share faster or slower.
        throat: formants alone, up to this share higher or lower.
        room: share with reverberation, which falls by 60 dB in 0.15 to 0.9 s.
        colour: of another microphone and place, standard deviation in each octave [dB].
        noise: share with noise, babble or music, 0 to 45 dB below the speech.
        narrow: share whose lowest or highest frequencies are missing.
        coarse: share in few bits.
        gain: up to this much louder or softer [dB].
    """

    rate: float = 0.18
    throat: float = 0.16
    room: float = 0.5
    colour: float = 5.0
    noise: float = 0.75
    narrow: float = 0.35
    coarse: float = 0.2
    gain: float = 30.0


class Chance:
    """Draws for a batch, on its device, all from one generator."""

    def __init__(self, count: int, generator: torch.Generator) -> None:
        self.count, self.generator, self.device = count, generator, generator.device

    def uniform(self, low: float, high: float, *shape: int) -> Tensor:
        """(B, *shape) between `low` and `high`."""
        drawn = torch.rand(self.count, *shape, generator=self.generator, device=self.device)
        return low + (high - low) * drawn

    def normal(self, *shape: int) -> Tensor:
        """(B, *shape) of standard deviation 1."""
        return torch.randn(self.count, *shape, generator=self.generator, device=self.device)

    def chosen(self, share: float) -> Tensor:
        """(B, 1) 1 for about a share of the batch, else 0."""
        return (self.uniform(0, 1, 1) < share).float()

    def shuffled(self, rows: Tensor) -> Tensor:
        """The rows (B, ...) in another order."""
        return rows[torch.randperm(len(rows), generator=self.generator, device=self.device)]


def recorded(sound: Tensor, options: Acoustics, chance: Chance) -> Tensor:
    """Speech `(B, N)`, samples of 16 bit, as it is recorded somewhere; the same shape, whole numbers."""
    heard = _through(sound, options, chance)
    level = _level(heard)
    there = chance.chosen(options.noise)
    below = chance.uniform(0, 45, 1)
    noisy = heard + there * level * 10 ** (-below / 20) * _noises(heard, chance)
    band = torch.fft.irfft(torch.fft.rfft(noisy) * _band(sound.shape[1], options, chance), sound.shape[1])
    coarse = _in_few_bits(band, chance)
    chosen = chance.chosen(options.coarse)
    gain = 10 ** (chance.uniform(-options.gain, min(options.gain, 6.0), 1) / 20)
    return ((chosen * coarse + (1 - chosen) * band) * gain).round().clamp(-32768, 32767)


def _level(sound: Tensor) -> Tensor:
    """`(B, 1)` of the speech, not of its pauses: the mean square of the louder half."""
    blocks = sound[:, : sound.shape[1] // 800 * 800].unflatten(1, (-1, 800)).square().mean(2)
    loud = blocks.topk(max(blocks.shape[1] // 2, 1), 1).values
    return loud.mean(1, keepdim=True).sqrt().clamp(min=30.0)


def _through(sound: Tensor, options: Acoustics, chance: Chance) -> Tensor:
    """In a room, by a microphone: both filters at once."""
    length = sound.shape[1]
    size = 2 ** math.ceil(math.log2(length + SPEECH_RATE))
    gain = _smooth_gain(size, options.colour, chance)
    chosen = chance.chosen(options.room)
    response = _room(chance)
    dry = torch.zeros_like(response)
    dry[:, 0] = 1
    room = torch.fft.rfft(chosen * response + (1 - chosen) * dry, size)
    heard = torch.fft.irfft(torch.fft.rfft(sound, size) * gain * room, size)[:, :length]
    return heard * (_level(sound) / _level(heard))


def _smooth_gain(size: int, spread: float, chance: Chance) -> Tensor:
    """`(B, size / 2 + 1)` a gain that moves smoothly from octave to octave."""
    knots = spread * chance.normal(9) + 1.5 * chance.normal(1) * (torch.arange(9, device=chance.device) - 4)
    hertz = torch.arange(size // 2 + 1, device=chance.device) * (SPEECH_RATE / size)
    places = torch.log2((hertz / 31.25).clamp(min=1)).clamp(max=7.999)
    before = places.long()
    decibels = torch.lerp(knots[:, before], knots[:, before + 1], (places - before)[None])
    return 10 ** (decibels / 20)


def _room(chance: Chance) -> Tensor:
    """`(B, 14400)` the direct sound, early reflections, and noise that falls by 60 dB in 0.15 to 0.9 s."""
    times = torch.arange(round(0.9 * SPEECH_RATE), device=chance.device) / SPEECH_RATE
    decay = chance.uniform(math.log(0.15), math.log(0.9), 1).exp()
    envelope = 10 ** (-3 * times / decay)
    tail = chance.normal(len(times)) * envelope * (times > 0.004)
    early = (
        chance.normal(len(times))
        * (chance.uniform(0, 1, len(times)) < 0.01)
        * envelope
        * (times < 0.05)
        * (times > 0.001)
    )
    tail, early = (each / each.norm(dim=1, keepdim=True).clamp(min=1e-6) for each in (tail, early))
    reflected = tail + chance.uniform(0.2, 1, 1) * early
    reflected = reflected / reflected.norm(dim=1, keepdim=True) * 10 ** (-chance.uniform(-3, 15, 1) / 20)
    reflected[:, 0] = 1
    return reflected


def _noises(sound: Tensor, chance: Chance) -> Tensor:
    """`(B, N)` of level 1, of a kind by chance: steady in some colour, the mains, babble of others, music."""
    length = sound.shape[1]
    kinds = (_steady(length, chance), _hum(length, chance), _babble(sound, chance), _music(length, chance))
    kind = torch.multinomial(
        torch.tensor([0.45, 0.1, 0.3, 0.15], device=chance.device), chance.count, True, generator=chance.generator
    )
    noise = torch.stack(kinds)[kind, torch.arange(chance.count, device=chance.device)]
    return noise / noise.square().mean(1, keepdim=True).sqrt().clamp(min=1e-6)


def _steady(length: int, chance: Chance) -> Tensor:
    """Noise of a random smooth spectrum that swells a little."""
    spectrum = torch.fft.rfft(chance.normal(length))
    coloured = torch.fft.irfft(spectrum * _smooth_gain((length // 2) * 2, 8.0, chance)[:, : spectrum.shape[1]], length)
    times = torch.arange(length, device=chance.device) / SPEECH_RATE
    swell = 1 + chance.uniform(0, 0.8, 1) * torch.sin(
        2 * math.pi * (chance.uniform(0.1, 4, 1) * times + chance.uniform(0, 1, 1))
    )
    return coloured * swell


def _hum(length: int, chance: Chance) -> Tensor:
    """The mains and their harmonics."""
    times = torch.arange(length, device=chance.device) / SPEECH_RATE
    mains = torch.where(chance.uniform(0, 1, 1) < 0.5, 50.0, 60.0)
    waves = [
        chance.uniform(0, 1, 1) / n * torch.sin(2 * math.pi * (n * mains * times + chance.uniform(0, 1, 1)))
        for n in range(1, 9)
    ]
    return torch.stack(waves).sum(0)


def _babble(sound: Tensor, chance: Chance) -> Tensor:
    """Five of the batch at once, shifted."""
    length = sound.shape[1]
    shifts = torch.randint(length, (5,), generator=chance.generator, device=chance.device).tolist()
    return torch.stack([chance.shuffled(sound / _level(sound)).roll(shift, 1) for shift in shifts]).sum(0)


def _music(length: int, chance: Chance) -> Tensor:
    """Chords of three notes with harmonics, a new one every half second or so."""
    times = torch.arange(length, device=chance.device) / SPEECH_RATE
    beat = (times * chance.uniform(1, 4, 1)).long()
    chords = 110 * 2 ** (chance.uniform(0, 36, 3, 64).round() / 12)
    sound = torch.zeros(chance.count, length, device=chance.device)
    for note in range(3):
        hertz = chords[:, note].gather(1, beat.clamp(max=63))
        phase = 2 * math.pi * (hertz / SPEECH_RATE).cumsum(1)
        sound = sound + sum(torch.sin(n * phase) / n**1.3 for n in range(1, 6))
    return sound


def _band(length: int, options: Acoustics, chance: Chance) -> Tensor:
    """`(B, N / 2 + 1)` gains: 1 within what is left of the band, falling by 60 dB beside it."""
    hertz = torch.arange(length // 2 + 1, device=chance.device) * (SPEECH_RATE / length)
    chosen = chance.chosen(options.narrow)
    low = chosen * chance.uniform(20, 400, 1)
    high = chosen * chance.uniform(math.log(3000), math.log(8000), 1).exp() + (1 - chosen) * 9000
    edge = 80.0
    passes = torch.sigmoid((hertz - low) / (edge / 8)) * torch.sigmoid((high - hertz) / edge)
    return torch.where(low > 0, passes, torch.sigmoid((high - hertz) / edge)).clamp(min=1e-3)


def _in_few_bits(sound: Tensor, chance: Chance) -> Tensor:
    """Short spectra whose weak parts are lost and whose others are rough, as codecs at low rates leave them."""
    size, window = 512, torch.hann_window(512, device=sound.device)
    spectra = torch.stft(sound, size, 128, window=window, return_complex=True)
    amplitude = spectra.abs()
    loudest = amplitude.amax(1, keepdim=True)
    step = loudest * 10 ** (-chance.uniform(18, 45, 1, 1) / 20)
    rough = (amplitude / step.clamp(min=1e-3)).round() * step
    return torch.istft(spectra * (rough / amplitude.clamp(min=1e-3)), size, 128, window=window, length=sound.shape[1])
