"""The motion of one clip while it is spoken: the same whether all of it is there already or comes bit by bit."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from dicetalk.acting.eyes import Eyes, EyeStream
from dicetalk.acting.performer import keep_eyes
from dicetalk.amounts import Amounts
from dicetalk.arrays import Float64, Waveform
from dicetalk.backbone import Felt
from dicetalk.diffusion.channels import AHEAD
from dicetalk.diffusion.checkpoint import MotionModel
from dicetalk.diffusion.contact import Contact
from dicetalk.diffusion.stream import Guidance, MotionStream
from dicetalk.emotion.road import priors
from dicetalk.motion.space import EYES, SHAPES, Motion, look_at_camera
from dicetalk.rates import FPS, SAMPLES_PER_FRAME, SPEECH_RATE
from dicetalk.speech.phonetics import LOOK_AHEAD
from dicetalk.speech.stream import BLOCK, BLOCK_SAMPLES, FIRST_SAMPLES, SpeechStream

_KNOWN = (BLOCK + AHEAD) * SAMPLES_PER_FRAME + LOOK_AHEAD - FIRST_SAMPLES
BEHIND = (FIRST_SAMPLES - _KNOWN // -BLOCK_SAMPLES * BLOCK_SAMPLES) / SPEECH_RATE
"""How far behind the beginning of a block of frames its sound must be known [s]: 360 ms."""


class Performance:
    """Hears speech and moves, block by block of 80 ms."""

    def __init__(self, model: MotionModel, guidance: Guidance, felt: Felt, seed: int, amounts: Amounts) -> None:
        """Nothing was heard yet."""
        self._felt, self._seed, self._amounts, self._named = felt, seed, amounts, model.named
        self._speech, self._eyes, self._contact = SpeechStream(), EyeStream(seed, amounts, model.eyes), Contact()
        self._motion = MotionStream(model, seed, np.zeros(len(SHAPES), np.float32), guidance)
        self._waiting: list[Waveform] = []
        self._samples, self._ended = 0, False

    def hear(self, sound: Waveform) -> None:
        """Take the next samples (N,) int16, mono at 16 kHz."""
        self._waiting.append(sound)
        self._samples += len(sound)

    def finish(self) -> None:
        """Nothing more is said."""
        self._ended = True

    def moves(self) -> Iterator[Motion]:
        """The motion that no later sound can change, two frames at a time; at the end perhaps one."""
        while self._waiting:
            first, *others = self._waiting
            now, later = np.split(first, [BLOCK_SAMPLES])
            self._waiting = [later, *others] if len(later) else others
            yield from self._told(now)
        while self._ended and self._motion.done < self._frames:
            yield from self._told(np.zeros(BLOCK_SAMPLES, np.int16))

    @property
    def _frames(self) -> int:
        """How many frames cover what was heard."""
        return -(-self._samples // SAMPLES_PER_FRAME)

    def _told(self, sound: Waveform) -> Iterator[Motion]:
        """What some more samples make certain."""
        rows = self._speech.hear(sound.astype(np.float32))
        self._motion.hear(rows)
        self._contact.hear(rows)
        while self._motion.is_ready and self._motion.done < self._frames:
            first = self._motion.done
            track = self._felt(first, BLOCK)
            felt = priors(track, self._named, np.random.default_rng([self._seed, 80]))
            made = self._motion.move(felt)[: self._frames - first]
            shapes, pose = np.split(made.astype(np.float64), [len(SHAPES)], axis=1)
            self._contact.meet(shapes)
            yield lively(shapes, pose, self._eyes.take(len(made), self._frames), self._amounts)


def lively(shapes: Float64, pose: Float64, eyes: Eyes, amounts: Amounts) -> Motion:
    """Motion of shapes (T, 52) and pose (T, 6) with the eyes' own life, and as much of the head's as is wanted."""
    pose = amounts.head * pose
    shapes[:, EYES] = 0
    keep_eyes(shapes, eyes, pose)
    if amounts.gaze == "camera":
        look_at_camera(shapes, pose)
    return Motion(shapes.astype(np.float32), pose.astype(np.float32), FPS).clipped()
