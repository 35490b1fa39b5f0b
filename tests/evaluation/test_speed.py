"""One second of the demo is made and timed; a clock of our own tells the arithmetic."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import fake_backbone
import numpy as np
import pytest

from dicetalk.backbone import KINDS
from dicetalk.evaluation import speed
from dicetalk.evaluation.speed import Speed, measure


@pytest.fixture(autouse=True)
def fake(monkeypatch: pytest.MonkeyPatch) -> None:
    """A backbone that draws at once, five frames a chunk."""

    def generate(self: Any, conditions: Any, watch: Any = None) -> Iterator[Any]:
        for _ in range(5):
            yield np.stack([conditions.portrait] * 5)

    monkeypatch.setitem(KINDS, "fake", fake_backbone.KIND)
    monkeypatch.setattr(fake_backbone.FakeBackbone, "generate", generate)


def test_pace_start_and_prediction(monkeypatch: pytest.MonkeyPatch) -> None:
    """The first chunk is there after 3 s, the four others take half a second each."""
    clock = iter([10.0, 13.0, 13.5, 14.0, 14.5, 15.0])
    monkeypatch.setattr("time.perf_counter", lambda: next(clock))
    found = measure("fake", 60.0)
    assert found.frames_per_s == 20 / 2.0 and found.start_s == 3.0
    assert found.speech_s == 60.0 and found.predicted_s == 3.0 + 60 * 25 / 10
    assert found.size.count(" x ") == 1 and all(int(side) > 100 for side in found.size.split(" x "))
    assert next(clock, None) is None


def test_memory_is_told_where_the_system_tells_it(monkeypatch: pytest.MonkeyPatch) -> None:
    found = measure("fake", 1.0)
    assert isinstance(found, Speed) and (found.memory_mb is None or found.memory_mb > 50)
    monkeypatch.setattr("sys.platform", "win32")
    assert speed._memory_mb() is None
