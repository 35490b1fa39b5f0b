"""The face in a scene's picture."""

from __future__ import annotations

from pathlib import Path

import numpy as np

from dicetalk.media import write_picture
from dicetalk.sources.scene import _face_in


def test_a_face_is_read_or_there_is_none(hopper: Path, tmp_path: Path) -> None:
    seen = _face_in(hopper)
    assert seen is None or (seen.confidence >= 0.5 and seen.strengths)
    write_picture(tmp_path / "card.png", np.full((90, 90, 3), 200, np.uint8))
    assert _face_in(tmp_path / "card.png") is None
