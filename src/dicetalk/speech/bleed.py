"""Several voices, a channel each: where a microphone hears only what another one says, its own voice is silent."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np

from dicetalk.arrays import Bool
from dicetalk.easing import gaussian_filter1d
from dicetalk.media import Waveform
from dicetalk.rates import HOP
from dicetalk.speech.grid import hop_power

BLEED = 10**1.2
"""A voice that much louder [power, 12 dB] is what both microphones hear."""
UNEVEN = 10**0.8
"""How far microphones may differ in level [power, 8 dB]; one that is weaker by more has heard no voice of its own."""
AROUND = 5.0
"""Standard deviation of the stretch over which power is looked at, about a syllable [hops]."""


def without_bleed(voices: Sequence[Waveform]) -> list[Waveform]:
    """The voices (N,), each silent where another is much louder; all of one recording."""
    length = min(map(len, voices))
    powers = np.stack([gaussian_filter1d(hop_power(voice[:length].astype(np.float32)), AROUND) for voice in voices])
    loud = np.percentile(powers, 95, axis=1)
    even = powers / np.maximum(np.maximum(loud, loud.max() / UNEVEN), 1e-9)[:, None]
    return [_silenced(voice, even.max(0) > BLEED * own) for voice, own in zip(voices, even, strict=True)]


def _silenced(voice: Waveform, hops: Bool) -> Waveform:
    """A voice (N,) with zeros in some hops."""
    mask = np.repeat(hops, HOP)[: len(voice)]
    kept = voice.copy()
    kept[: len(mask)][mask] = 0
    return kept
