"""The `motion` backbone: speech and emotion -> facial motion by diffusion -> the deformed picture."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import islice
from pathlib import Path

from dicetalk.acting.puppet import LivePuppet, Puppet, ready_to_draw
from dicetalk.arrays import Waveform
from dicetalk.backbone import Conditions, Sitting
from dicetalk.diffusion.checkpoint import MotionModel, read_model
from dicetalk.diffusion.performance import BEHIND, Performance
from dicetalk.diffusion.stream import Guidance
from dicetalk.motion.space import Motion, concatenate
from dicetalk.portrait.renderer import Renderer
from dicetalk.speech.stream import dry
from dicetalk.threads import Promise

USUAL = Guidance(speech=1.2, emotion=3.0)
"""How far motion is pushed where nothing else is asked for: three nets read .43 of the emotions then, .37 with 1.5."""
AT_ONCE = 5
"""Blocks handed on together."""


class MotionBackbone(Puppet):
    """Moves as the model has learned."""

    kind = "motion"
    behind = BEHIND

    def __init__(self, model: MotionModel, guidance: Guidance = USUAL) -> None:
        """A backbone around a model."""
        self.model, self.guidance = model, guidance

    def move(self, conditions: Conditions) -> Iterator[Motion]:
        """What the model makes of speech and feelings, .4 s by .4 s."""
        some = Performance(self.model, self.guidance, conditions.emotion.within, conditions.seed, conditions.amounts)
        moves = _moves(some, dry(conditions.speech.waveform))
        while together := list(islice(moves, AT_ONCE)):
            yield concatenate(together)

    def speak(self, sitting: Sitting) -> LivePuppet:
        """Begin a clip of which the speech is still to come."""
        some = Performance(self.model, self.guidance, sitting.felt, sitting.seed, sitting.amounts)
        return LivePuppet(some, Renderer(sitting.portrait, sitting.face), sitting.wanted)


def _moves(performance: Performance, sounds: Iterator[Waveform]) -> Iterator[Motion]:
    """All that is done for all sounds."""
    for sound in sounds:
        performance.hear(sound)
        yield from performance.moves()
    performance.finish()
    yield from performance.moves()


def load_motion(folder: Path | None, options: None = None) -> MotionBackbone:
    """The backbone of a checkpoint's folder, ready to move.

    Raises:
        CheckpointError: not a motion checkpoint, or a damaged one.
    """
    assert folder is not None
    model = Promise(lambda: read_model(folder))
    ready_to_draw()
    return MotionBackbone(model.take())
