"""The `rules` backbone: speech and emotion -> facial motion by rules -> the deformed picture."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np

from dicetalk.acting.performer import perform
from dicetalk.backbone import Conditions, Watch
from dicetalk.emotion.vocabulary import NAMES
from dicetalk.media import Picture
from dicetalk.motion.basis import face_shapes
from dicetalk.motion.space import Motion
from dicetalk.portrait.raster import warm_up
from dicetalk.portrait.renderer import Renderer
from dicetalk.portrait.topology import topology
from dicetalk.rates import FPS
from dicetalk.threads import Ahead

CHUNK = FPS // 5
"""Frames a chunk: small enough for live use."""


class RulesBackbone:
    """Draws by deforming the picture itself; needs neither a GPU nor a download."""

    kind = "rules"
    fps = FPS

    def act(self, conditions: Conditions) -> Iterator[Motion]:
        """Facial motion of the whole clip, block by block."""
        weights = conditions.emotion.onto(NAMES).astype(np.float64)
        return perform(conditions.speech.blocks(), weights, conditions.seed)

    def generate(self, conditions: Conditions, watch: Watch | None = None) -> Iterator[Picture]:
        """Frames as chunks (t, H, W, 3) uint8; the first comes at once, so that there is nothing to watch."""
        with Ahead(self.act(conditions)) as motions:  # heard while the portrait is read, and what was heard is drawn
            renderer = Renderer(conditions.portrait, conditions.face)
            for motion in motions:
                for start in range(0, len(motion), CHUNK):
                    yield np.stack(list(renderer.render(motion[start : start + CHUNK])))


def load_rules(folder: Path | None = None, options: None = None) -> RulesBackbone:
    """The backbone, with the shapes, the mesh and the compiled loops loaded; it has neither checkpoint nor options."""
    face_shapes()
    topology()
    warm_up()
    return RulesBackbone()
