"""How strongly a voice tells each emotion, at any level: by what tells effort, weighed by ranking machines.

Each machine was taught that its emotion acted strongly comes before the same acted normally, and both before plain
speech of the same person (`training.voice_strength`). It knows how much, not which: a shout of joy is strong anger too.
Which emotion it is, `sources.heard` tells.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from functools import cache
from pathlib import Path

import numpy as np

from dicetalk.arrays import Float32, Float64, Waveform
from dicetalk.checkpoints import open_checkpoint
from dicetalk.emotion.vocabulary import HEARD, NEUTRAL
from dicetalk.errors import CheckpointError, ConfigError
from dicetalk.networks import WEIGHTS
from dicetalk.rates import HOPS_PER_SECOND
from dicetalk.voice.effort import WIDTH, effort
from dicetalk.voice.frames import Frames, voice_frames

SHIPPED = WEIGHTS / "voice"
KIND, VERSION = "voice strength", 1
MODULE = "strength"
RANKED = tuple(name for name in HEARD if name != NEUTRAL)
"""The emotions that are told."""
PLAIN, STRONG = 0.1, 0.9
"""What is told, in the middle of those who taught it, of plain speech and of an emotion acted strongly."""
WINDOW_S = 3.0
"""Of a course: shorter ones are told less truly [s]."""
HOP_S = 1.0
LEAST_S, MOST_S = 0.1, 3600.0
"""Of windows and between them [s]."""


@dataclass(frozen=True)
class Told:
    """How strongly each emotion is told in a window.

    Attributes:
        start, end: of it [s].
        strengths: 0 to 1 of each name of `HEARD`.
        heard: whether there is voice enough; where not, all is neutral.
    """

    start: float
    end: float
    strengths: Mapping[str, float]
    heard: bool


@dataclass(frozen=True, eq=False)
class VoiceStrength:
    """Ranking machines of six emotions.

    Attributes:
        weight: (6, D) of the numbers of `voice.effort`.
        bias: (6,).
    """

    weight: Float64
    bias: Float64

    @classmethod
    def load(cls, folder: Path = SHIPPED) -> VoiceStrength:
        """That of a folder that `dicetalk train voice-strength` wrote; the one that ships is loaded once.

        Raises:
            CheckpointError: the folder holds none, or one that is damaged or of other numbers.
        """
        return _shipped() if folder == SHIPPED else _load(folder)

    def of(self, sound: Waveform | Float32) -> dict[str, float]:
        """How strongly a sound (N,) at 16 kHz, of any scale, tells each name of `HEARD`, 0 to 1.

        Neutral is what the strongest leaves. Where there is no voice, all is neutral.
        """
        return dict(self.told(voice_frames(sound)).strengths)

    def course(self, sound: Waveform | Float32, *, window: float = WINDOW_S, hop: float = HOP_S) -> list[Told]:
        """The same in windows of a sound, in their order; the last one ends with it, and a short sound is one.

        Raises:
            ConfigError: a length is not of 0.1 s to an hour.
        """
        if not (LEAST_S <= window <= MOST_S and LEAST_S <= hop <= MOST_S):
            raise ConfigError(f"window {window:g} s and hop {hop:g} s; expected {LEAST_S:g} to {MOST_S:g} s of both")
        frames = voice_frames(sound)
        length, step = round(window * HOPS_PER_SECOND), round(hop * HOPS_PER_SECOND)
        last = max(len(frames) - length, 0)
        starts = sorted({*range(0, last, step), last})
        return [self.told(frames, start, start + length) for start in starts]

    def told(self, frames: Frames, start: int = 0, stop: int | None = None) -> Told:
        """What frames of a sound tell, from the `start`th to before the `stop`th."""
        some = frames[start:stop]
        numbers = effort(some)
        if numbers is None:
            strengths = {name: float(name == NEUTRAL) for name in HEARD}
        else:
            told = squashed(self.weight @ numbers + self.bias).tolist()
            strengths = {NEUTRAL: 1 - max(told), **dict(zip(RANKED, told, strict=True))}
        end = start + len(some)
        return Told(start / HOPS_PER_SECOND, end / HOPS_PER_SECOND, strengths, numbers is not None)


def squashed(scores: Float64) -> Float64:
    """Scores of any size as 0 to 1, in the same order."""
    strengths: Float64 = 0.5 * (1 + np.tanh(scores / 2))
    return strengths


@cache
def _shipped() -> VoiceStrength:
    return _load(SHIPPED)


def _load(folder: Path) -> VoiceStrength:
    from safetensors import SafetensorError
    from safetensors.numpy import load_file

    checkpoint = open_checkpoint(folder, KIND, VERSION)
    try:
        held = load_file(checkpoint.file(MODULE))
        found = VoiceStrength(held["weight"], held["bias"])
    except (OSError, KeyError, SafetensorError) as error:
        told = f"{folder} holds no strength of voices ({error})"
        raise CheckpointError(f"{told}; train one: dicetalk train voice-strength") from None
    if found.weight.shape != (len(RANKED), WIDTH) or found.bias.shape != (len(RANKED),):
        raise CheckpointError(f"the weights in {folder} are of another form: {found.weight.shape}, {found.bias.shape}")
    return found
