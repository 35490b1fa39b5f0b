"""Clips as if they had been measured."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

import numpy as np
from footages import footage

from dicetalk.arrays import Float32
from dicetalk.evaluation.appearance import Appearance
from dicetalk.evaluation.clip_set import Measured
from dicetalk.evaluation.footage import Footage


def measured(
    name: str,
    clip: Footage | None = None,
    wanted: str | None = None,
    readings: Mapping[str, Mapping[str, float]] | None = None,
    looks: Appearance | None = None,
) -> Measured:
    found = replace(clip or footage(name), name=name)
    return Measured(found, dict(readings or {"own": {"happy": 0.6, "sad": 0.4}}), looks or Appearance(), wanted)


def rows(seed: int, count: int = 4) -> Float32:
    return np.random.default_rng(seed).normal(size=(count, 3)).astype(np.float32)
