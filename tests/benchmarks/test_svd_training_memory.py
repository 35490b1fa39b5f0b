"""The count of what teaching svd keeps, at the size of a test."""

from __future__ import annotations

import pytest

pytest.importorskip("diffusers")
from svd_tiny import SIZES
from svd_training_memory import counted


@pytest.mark.slow
def test_what_runs_again_is_not_kept() -> None:
    all_kept, stock, ours = (
        counted(checkpointing, temporal, SIZES, side=16)
        for checkpointing, temporal in ((False, False), (True, False), (True, True))
    )
    assert all_kept[0] > stock[0] > ours[0] and all_kept[1] > stock[1] > ours[1]
