"""The `rules` backbone: speech and emotion -> facial motion by rules -> the deformed picture."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import chain
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
from dicetalk.portrait.cover import ready_to_look
from dicetalk.portrait.raster import warm_up
from dicetalk.portrait.renderer import Renderer
from dicetalk.portrait.topology import topology
from dicetalk.rates import FPS
from dicetalk.speech.phonetics import open_stream
from dicetalk.threads import Ahead, Promise

CHUNK_S = 0.2
"""Length of a chunk [s]: small enough for live use."""
MOST_PIXELS = 20_000_000
"""Of a chunk: 60 MB."""


class RulesBackbone:
    """Draws by deforming the picture itself; needs neither a GPU nor a download."""

    kind = "rules"
    fps = FPS

    def act(self, conditions: Conditions) -> Iterator[Motion]:
        """Facial motion of the whole clip, block by block."""
        motions = _played(conditions) if conditions.motion is not None else _acted(conditions)
        return _ease(conditions).eased(motions) if conditions.ease else motions

    def generate(self, conditions: Conditions, watch: Watch | None = None) -> Iterator[Picture]:
        """Frames as chunks (t, H, W, 3) uint8; the first comes at once, so that there is nothing to watch."""
        motions, chunk = self.act(conditions), _frames_at_once(conditions)
        first = next(motions)
        renderer = Renderer(conditions.portrait, conditions.face, conditions.cover)
        yield from _drawn(renderer, first[:chunk], 0, conditions)
        start = len(first[:chunk])
        with Ahead(motions) as others:  # only now: who listens would keep the first frames waiting
            for motion in chain([first[chunk:]], others):
                yield from _drawn(renderer, motion, start, conditions)
                start += len(motion)


def _drawn(renderer: Renderer, motion: Motion, start: int, conditions: Conditions) -> Iterator[Picture]:
    """The frames of a motion as chunks (t, H, W, 3); its first frame is number `start` of the clip."""
    chunk = _frames_at_once(conditions)
    for first in range(0, len(motion), chunk):
        part, begin = motion[first : first + chunk], start + first
        settle = _ease(conditions).mouth(begin, begin + len(part)) if conditions.ease else 1.0
        frames = list(renderer.render(part, settle=settle))
        yield frames[0][None] if len(frames) == 1 else np.stack(frames)  # a vast frame is not copied


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
    """The backbone, with all that does not depend on portrait and speech; it has neither checkpoint nor options."""
    Promise(ready_to_look)  # beside what follows; whoever needs one of its networks waits for that one
    open_stream()
    face_shapes()
    topology()
    warm_up()
    return RulesBackbone()
