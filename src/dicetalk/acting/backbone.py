"""The `motion` backbone: speech and emotion -> facial motion -> the deformed picture."""

from __future__ import annotations

from collections.abc import Iterator

import numpy as np

from dicetalk.acting.performer import perform
from dicetalk.backbone import Conditions
from dicetalk.media import Picture
from dicetalk.motion.basis import face_shapes
from dicetalk.motion.space import Motion
from dicetalk.portrait.raster import warm_up
from dicetalk.portrait.renderer import Renderer
from dicetalk.portrait.topology import topology
from dicetalk.rates import FPS
from dicetalk.speech import listen_blocks

BLOCK_S = 4.0
"""Speech heard at a time [s]: longer blocks keep the first frame waiting, shorter ones hear their margins twice."""

CHUNK = FPS // 5
"""Frames a chunk: small enough for live use."""


class MotionBackbone:
    """Draws by deforming the picture itself; needs neither a GPU nor a download."""

    name = "motion"
    fps = FPS

    def __init__(self) -> None:
        """Load the shapes, the mesh and the compiled loops."""
        face_shapes()
        topology()
        warm_up()

    def act(self, conditions: Conditions) -> Iterator[Motion]:
        """Facial motion of the whole clip, block by block."""
        blocks = listen_blocks(conditions.waveform, BLOCK_S)
        return perform(blocks, conditions.emotion.astype(np.float64), conditions.seed)

    def generate(self, conditions: Conditions) -> Iterator[Picture]:
        """Frames as chunks (t, H, W, 3) uint8."""
        renderer = Renderer(conditions.portrait, conditions.face)
        for motion in self.act(conditions):
            for start in range(0, len(motion), CHUNK):
                yield np.stack(list(renderer.render(motion[start : start + CHUNK])))
