from __future__ import annotations

from pathlib import Path

import pytest
from load import Load, grown, measured, page

pytestmark = [pytest.mark.timeout(300), pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="needs /proc")]


def test_a_little_load_is_borne() -> None:
    load = Load(clients=4, seconds=4, kill_every=3, queue=4, size=96, workers=1, seed=1)
    found = measured(load)
    assert found["holds"] or found["memory_mb"]["others"]["flat"] is False, page(load, found)  # too short for memory
    assert found["answers"] > 4 and "| POST /v1/preview |" in page(load, found)
    assert not found["wrong"] and found["jobs"]["lost"] == found["jobs"]["failed"] == found["jobs"]["damaged"] == 0


def test_memory_that_grows_is_told() -> None:
    assert grown([100.0] * 30)["flat"] and not grown([float(100 + 10 * step) for step in range(30)])["flat"]
