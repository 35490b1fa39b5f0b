"""The `motion` backbone: speech and emotion -> facial motion by diffusion -> the deformed picture."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import count
from pathlib import Path

import numpy as np

from dicetalk.acting.performer import live
from dicetalk.acting.puppet import Puppet, ready_to_draw
from dicetalk.acting.take import Take, rehearse
from dicetalk.arrays import Float32
from dicetalk.backbone import Amounts, Conditions
from dicetalk.diffusion.channels import AHEAD
from dicetalk.diffusion.checkpoint import MotionModel, read_model
from dicetalk.diffusion.stream import Guidance, MotionStream
from dicetalk.emotion.road import priors
from dicetalk.motion.space import EYES, SHAPES, Motion, look_at_camera
from dicetalk.speech.stream import BLOCK, hear_rows
from dicetalk.threads import Promise

USUAL = Guidance()
"""How far motion is pushed where nothing else is asked for."""
AT_ONCE = 5
"""Blocks handed on together."""


class MotionBackbone(Puppet):
    """Moves as the model has learned."""

    kind = "motion"

    def __init__(self, model: MotionModel, guidance: Guidance = USUAL) -> None:
        """A backbone around a model."""
        self.model, self.guidance = model, guidance

    def move(self, conditions: Conditions) -> Iterator[Motion]:
        """What the model makes of speech and feelings, .4 s by .4 s."""
        frames, amounts = len(conditions.speech), conditions.amounts
        take = rehearse(frames, conditions.seed, amounts)
        felt = priors(conditions.emotion, self.model.named, np.random.default_rng([conditions.seed, 80]))
        stream = MotionStream(self.model, conditions.seed, np.zeros(len(SHAPES), np.float32), self.guidance)
        blocks = _moved(stream, hear_rows(conditions.speech.waveform, AHEAD + BLOCK), felt)
        for start in count(0, AT_ONCE * BLOCK):
            made = [block for _, block in zip(range(AT_ONCE), blocks, strict=False)]
            if not made:
                return
            stop = min(start + BLOCK * len(made), frames)
            yield lively(np.concatenate(made)[: stop - start], part(take, start, stop), amounts)


def _moved(stream: MotionStream, rows: Iterator[Float32], felt: Float32) -> Iterator[Float32]:
    """Blocks of motion (2, 58) of all frames, whose priors are `felt` (T, 256)."""
    while stream.done < len(felt):
        while not stream.is_ready:
            stream.hear(next(rows))
        now = np.minimum(np.arange(stream.done, stream.done + BLOCK), len(felt) - 1)
        yield stream.move(felt[now])


def part(take: Take, start: int, stop: int) -> Take:
    """Some frames of a take."""
    return Take(**{name: getattr(take, name)[start:stop] for name in Take.__dataclass_fields__})


def lively(motion: Float32, take: Take, amounts: Amounts) -> Motion:
    """Motion (T, 58) with the eyes' own life, and as much of the head's as is wanted."""
    shapes, pose = np.split(motion.astype(np.float64), [len(SHAPES)], axis=1)
    pose *= amounts.head
    shapes[:, EYES] = 0
    live(shapes, take, pose)
    if amounts.gaze == "camera":
        look_at_camera(shapes, pose)
    return Motion(shapes.astype(np.float32), pose.astype(np.float32)).clipped()


def load_motion(folder: Path | None, options: None = None) -> MotionBackbone:
    """The backbone of a checkpoint's folder, ready to move.

    Raises:
        CheckpointError: not a motion checkpoint, or a damaged one.
    """
    assert folder is not None
    model = Promise(lambda: read_model(folder))
    ready_to_draw()
    return MotionBackbone(model.take())
