"""The least that draws: the portrait in a brightness which follows the emotion and the seed."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from dicetalk.backbone import Conditions, Kind, Watch
from dicetalk.media import Picture

KIND = Kind(loads="fake_backbone:load_fake")


@dataclass(frozen=True)
class FakeStep:
    frames: Picture
    done: int
    total: int = 2

    def preview(self) -> Picture:
        return self.frames


class FakeBackbone:
    kind = "fake"
    fps = 25

    def generate(self, conditions: Conditions, watch: Watch | None = None) -> Iterator[Picture]:
        rng = np.random.default_rng(conditions.seed)
        if watch is not None:
            for done in (1, 2):
                watch(FakeStep(conditions.portrait[None, ::8, ::8], done))
        for felt in np.array_split(conditions.emotion.onto(("neutral", "happy")), 3):
            shade = 0.5 + 0.3 * felt[:, 1:, None, None] + 0.1 * rng.random()
            yield (conditions.portrait * shade).astype(np.uint8)


def load_fake(folder: Path | None, options: object | None) -> FakeBackbone:
    return FakeBackbone()
