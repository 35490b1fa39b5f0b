from __future__ import annotations

from pathlib import Path

import pytest
from load import Load, grown, measured, page

pytestmark = [pytest.mark.timeout(300), pytest.mark.skipif(not Path("/proc/self/task").is_dir(), reason="needs /proc")]


@pytest.mark.slow
def test_a_little_load_is_borne() -> None:
    load = Load(clients=4, seconds=4, kill_every=2.5, queue=4, size=96, workers=1, seed=1)
    found = measured(load)
    assert found["killed"] > 0 and "| POST /v1/preview |" in page(load, found)
    assert not found["wrong"], page(load, found)
    assert found["jobs"]["lost"] == found["jobs"]["failed"] == found["jobs"]["damaged"] == 0


def test_memory_that_grows_is_told() -> None:
    assert grown([100.0] * 30)["flat"] and not grown([float(100 + 10 * step) for step in range(30)])["flat"]
