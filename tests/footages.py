"""Footage that tests make: a mouth that says what is wanted, or does not."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from dicetalk.arrays import Float32, Float64
from dicetalk.evaluation.footage import LIPS, OF_FACE, OPENING, Footage
from dicetalk.motion.space import Motion
from dicetalk.rates import FPS, HOPS_PER_FRAME, HOPS_PER_SECOND
from dicetalk.speech.broad import OPENING as OPENINGS
from dicetalk.speech.broad import PHONES

SPOKEN = ("SIL", "A", "M", "I", "P", "O", "T", "AX", "M", "E", "SIL")
"""A phone every 0.2 s, silence 0.5 s."""


def mouth_of(phones: tuple[str, ...] = SPOKEN) -> Float32:
    """(H, 26) rows in which each phone is sure."""
    hops = [name for name in phones for _ in range(50 if name == "SIL" else 20)]
    rows = np.zeros((len(hops) // HOPS_PER_FRAME * HOPS_PER_FRAME, len(PHONES) + 2), np.float32)
    for row, name in zip(rows, hops, strict=False):
        row[PHONES.index(name)] = 1
        row[OPENING] = OPENINGS[PHONES.index(name)]
    return rows


def footage(name: str = "clip", mouth: Float32 | None = None, late: float = 0.0, noise: float = 0.0) -> Footage:
    """A face whose lips part as far as is heard, so many seconds late; its head nods once a second, and turns."""
    mouth = mouth_of() if mouth is None else mouth
    frames = len(mouth) // HOPS_PER_FRAME
    times = (np.arange(frames) + 0.5) / FPS
    heard = mouth[:, OPENING].astype(np.float64)
    gap: Float64 = 0.3 * np.interp(times - late, (np.arange(len(mouth)) + 0.5) / HOPS_PER_SECOND, heard)
    pose = np.zeros((frames, 6))
    pose[:, 1] = 0.1 * np.sin(2 * np.pi * times) + np.random.default_rng(0).normal(0, noise + 1e-6, frames)
    pose[:, 0], pose[:, 2] = 0.05 * np.sin(4.0 * times), 0.02 * np.cos(3.0 * times)
    motion = Motion(np.zeros((frames, 52), np.float32), pose.astype(np.float32))
    moved = np.abs(np.diff(pose[:, 1]))
    points = np.zeros((frames, len(OF_FACE), 2), np.float32)
    points[:, LIPS.stop // 2 : LIPS.stop, 1] = gap[:, None]
    return Footage(
        name=name,
        path=Path(f"{name}.mp4"),
        mouth=mouth,
        loudness=heard[::HOPS_PER_FRAME][:frames],
        pitch=np.where(mouth[::HOPS_PER_FRAME, 0] > 0, 0.0, 120.0)[:frames],
        motion=motion,
        gap=gap,
        moved=moved,
        shaken=np.abs(np.diff(pose[:, 1], 2)),
        boxes=np.tile([40.0, 40.0, 200.0, 220.0], (frames, 1)),
        points=np.tile(np.array([[80.0, 100], [160, 100], [120, 140], [90, 180], [150, 180]]), (frames, 1, 1)),
        points_of_face=points,
    )
