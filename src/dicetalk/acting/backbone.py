"""The `rules` backbone: speech and emotion -> facial motion by rules -> the deformed picture."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from dicetalk.acting.performer import perform
from dicetalk.backbone import AS_USUAL, Amounts, Conditions, Watch
from dicetalk.emotion.vocabulary import NAMES
from dicetalk.media import Picture
from dicetalk.motion.basis import face_shapes
from dicetalk.motion.ease import Ease
from dicetalk.motion.resample import resampled
from dicetalk.motion.space import Motion, index, look_at_camera
from dicetalk.portrait.raster import warm_up
from dicetalk.portrait.renderer import Renderer
from dicetalk.portrait.topology import topology
from dicetalk.rates import FPS
from dicetalk.threads import Ahead, Promise

CHUNK_S = 0.2
"""Length of a chunk [s]: small enough for live use."""
MOST_PIXELS = 20_000_000
"""Of a chunk: 60 MB."""


class RulesBackbone:
    """Draws by deforming the picture itself; needs neither a GPU nor a download."""

    kind = "rules"
    fps = FPS

    def __init__(self, loops: Promise[None] | None = None) -> None:
        """Most callers use `load_rules`; `loops` is kept when the compiled loops are there, which load when needed."""
        self._loops = loops

    def act(self, conditions: Conditions) -> Iterator[Motion]:
        """Facial motion of the whole clip, block by block."""
        motions = _played(conditions) if conditions.motion is not None else _acted(conditions)
        return _ease(conditions).eased(motions) if conditions.ease else motions

    def generate(self, conditions: Conditions, watch: Watch | None = None) -> Iterator[Picture]:
        """Frames as chunks (t, H, W, 3) uint8; the first comes at once, so that there is nothing to watch."""
        with Ahead(self.act(conditions)) as motions:  # heard while the portrait is read, and what was heard is drawn
            if self._loops is not None:
                self._loops.take()
            renderer = Renderer(conditions.portrait, conditions.face, conditions.cover)
            chunk, start = _frames_at_once(conditions), 0
            for motion in motions:
                for part in (motion[first : first + chunk] for first in range(0, len(motion), chunk)):
                    settle = _ease(conditions).mouth(start, start + len(part)) if conditions.ease else 1.0
                    yield np.stack(list(renderer.render(part, settle=settle)))
                    start += len(part)


def _frames_at_once(conditions: Conditions) -> int:
    """Of a chunk: fewer of large pictures, several of which would fill the memory."""
    most = MOST_PIXELS // conditions.portrait[..., 0].size
    return max(1, min(round(CHUNK_S * conditions.fps), most))


def _acted(conditions: Conditions) -> Iterator[Motion]:
    """What the rules make of speech and feelings."""
    weights = conditions.emotion.onto(NAMES).astype(np.float64)
    acted = perform(conditions.speech.blocks(), weights, conditions.seed, conditions.amounts)
    return acted if conditions.fps == FPS else resampled(acted, conditions.fps, conditions.frames)


def _played(conditions: Conditions) -> Iterator[Motion]:
    """What was given, as much of it as is wanted."""
    assert conditions.motion is not None
    given = _toned(conditions.motion, conditions.amounts)
    return resampled([given], conditions.fps, conditions.frames)


def _toned(motion: Motion, amounts: Amounts) -> Motion:
    """A given motion with as much of head, lids and eyes as is wanted: lids come down less far, since it is not told
    which of their movements are blinks."""
    if amounts == AS_USUAL:
        return motion
    shapes, pose = motion.shapes.copy(), motion.pose * np.float32(amounts.head)
    shapes[:, [index("eyeBlinkLeft"), index("eyeBlinkRight")]] *= np.float32(amounts.blink)
    if amounts.gaze == "camera":
        look_at_camera(shapes, pose)
    return Motion(shapes, pose, motion.fps).clipped()


def _ease(conditions: Conditions) -> Ease:
    return Ease(conditions.frames, conditions.fps)


def load_rules(folder: Path | None = None, options: None = None) -> RulesBackbone:
    """The backbone, with the shapes loaded; mesh and compiled loops follow while portrait and speech are read.

    It has neither checkpoint nor options.
    """
    face_shapes()
    return RulesBackbone(Promise(_load_loops))


def _load_loops() -> None:
    topology()
    warm_up()
