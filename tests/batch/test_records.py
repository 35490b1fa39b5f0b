"""What a job's files depend on."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from dicetalk.batch.records import key_of
from dicetalk.jobs import Job
from dicetalk.media import write_picture


def test_what_is_felt_beside_a_scene_counts(tmp_path: Path, hopper: Path, speech: Path) -> None:
    for name in ("one.png", "moved.png"):
        write_picture(tmp_path / name, np.full((60, 80, 3), 90, np.uint8))
    keys = [
        key_of(Job(portrait=hopper, speech=speech, output=tmp_path / "out.mp4", emotion=emotion))
        for emotion in (
            f"scene:{tmp_path / 'one.png'}", f"scene:{tmp_path / 'moved.png'}",
            f"scene:{tmp_path / 'one.png'},happy", f"scene:{tmp_path / 'one.png'},sad",
            f"scene:{tmp_path / 'moved.png'},happiness:0.8",
        )
    ]  # fmt: skip
    assert keys[0] == keys[1] and keys[2] == keys[4]
    assert len(set(keys)) == 3
