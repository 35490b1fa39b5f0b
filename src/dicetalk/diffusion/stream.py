"""Motion as speech comes: noise becomes motion in blocks of 80 ms, each of which knows those before it.

Every block passes through the same noise levels; what a later block needs of a pass is kept for it. Blocks are always
of the same size and the noise of a frame is its own, so that a clip is the same to the last bit whether it is made as
it is spoken, at once, or once more.
"""

from __future__ import annotations

from dataclasses import dataclass, field

import numpy as np

from dicetalk.arrays import Float32
from dicetalk.diffusion.channels import AHEAD, BACK, MEMORY, WIDEST_GUIDANCE, noise
from dicetalk.diffusion.checkpoint import MotionModel
from dicetalk.errors import ConfigError
from dicetalk.speech.stream import BLOCK, SPEECH


@dataclass(frozen=True, kw_only=True)
class Guidance:
    """How far motion is pushed towards what it is told; 1 is not at all.

    Attributes:
        speech: 1 to 1.5, of the lips.
        emotion: 1 to 3.

    Raises:
        ConfigError: a scale is one that was not learned.
    """

    speech: float = 1.0
    emotion: float = 1.0

    def __post_init__(self) -> None:
        for name, scale, most in zip(("speech", "emotion"), (self.speech, self.emotion), WIDEST_GUIDANCE, strict=True):
            if not 1 <= scale <= most:
                raise ConfigError(f"the guidance by {name} is {scale:g}; use 1 (none) to {most:g}")


@dataclass(eq=False)
class MotionStream:
    """Makes the motion of one clip, block by block.

    Attributes:
        model: what makes it.
        seed: of its noise.
        resting: (52,) the face at rest.
        guidance: how far it is pushed.
        done: frames made.
    """

    model: MotionModel
    seed: int
    resting: Float32
    guidance: Guidance
    done: int = 0
    _felt: dict[bytes, Float32] = field(init=False, default_factory=dict)
    _speech: Float32 = field(init=False)
    _past: Float32 = field(init=False)
    _conditions: Float32 = field(init=False)

    def __post_init__(self) -> None:
        levels = self.model.levels[:-1]
        resting = np.tile(self.model.standard.resting(self.resting), (len(levels), 1))
        scales = np.tile(np.array([self.guidance.speech, self.guidance.emotion], np.float32), (len(levels), 1))
        (self._conditions,) = self.model.run("condition", level=levels, resting=resting, scales=scales)
        self._speech = self._heard(np.zeros((BACK, SPEECH), np.float32))
        layers, width = self._speech.shape[1] - 1, self._speech.shape[-1]
        self._past = np.zeros((len(levels), 2 * layers, MEMORY, width), np.float32)

    def hear(self, rows: Float32) -> None:
        """Take rows of speech (T, 119) that come next."""
        if len(rows):
            self._speech = np.concatenate([self._speech, self._heard(rows)], 2)

    def _heard(self, rows: Float32) -> Float32:
        return np.concatenate([self.model.run("speech", rows=row[None, None])[0] for row in rows], 2)

    def _remembered(self, prior: Float32) -> Float32:
        """What an emotion prior (256,) leaves to be read; most are those of the frame before."""
        name = prior.tobytes()
        if name not in self._felt:
            self._felt = {name: self.model.run("emotion", prior=prior[None])[0], **dict(list(self._felt.items())[:1])}
        return self._felt[name]

    @property
    def is_ready(self) -> bool:
        """Whether enough was heard for the next block."""
        return bool(self._speech.shape[2] >= BACK + BLOCK + AHEAD)

    def move(self, priors: Float32) -> Float32:
        """The next block of motion (2, 58), told its emotion priors (2, 256)."""
        emotion = np.concatenate([self._remembered(prior) for prior in priors], 2)
        made, own = self.model.run(
            "motion",
            noise=noise(self.seed, self.done, BLOCK)[None],
            speech=self._speech[:, :, : BACK + BLOCK + AHEAD],
            emotion=emotion,
            conditions=self._conditions,
            past=self._past,
            gone=np.arange(MEMORY) < MEMORY - self.done,
        )
        self._past = np.concatenate([self._past[:, :, BLOCK:], own], 2)
        self._speech = self._speech[:, :, BLOCK:]
        self.done += BLOCK
        return self.model.standard.back(made[0])
