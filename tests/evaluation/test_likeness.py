"""LMD: nought to itself, what a shift of the lips says it is, and nothing of another sound."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
from footages import footage, mouth_of
from measured import measured

from dicetalk.evaluation.clip_set import Options
from dicetalk.evaluation.comparison import compare
from dicetalk.evaluation.footage import LIPS, read_footage
from dicetalk.evaluation.likeness import likeness_figures


def test_distances_are_shares_of_that_of_the_eyes() -> None:
    clip = footage()
    points = clip.points_of_face.copy()
    points[:, LIPS] += [0.1, 0.2]  # all of the lips elsewhere: no other shape of theirs
    moved = replace(clip, points_of_face=points)
    whole = 100 * np.hypot(0.1, 0.2) * LIPS.stop / points.shape[1]
    found = {key: sums[0] for key, sums in likeness_figures(moved, clip).items()}
    assert found == {"lmd_lips": pytest.approx(0, abs=1e-4), "lmd_face": pytest.approx(whole, rel=1e-4)}
    points[:, : LIPS.stop // 2] += [0, 0.1]  # one half of them further on
    found = {key: sums[0] for key, sums in likeness_figures(moved, clip).items()}
    assert found["lmd_lips"] == pytest.approx(5, rel=1e-3)
    assert likeness_figures(clip, clip) == {"lmd_lips": (0, 1), "lmd_face": (0, 1)}


def test_only_the_same_sound_is_compared() -> None:
    assert likeness_figures(footage(), None) == {}
    assert likeness_figures(footage(), footage("b", mouth_of(("SIL", "O", "P", "A", "E", "M", "T", "I", "SIL")))) == {}


def test_it_is_a_line_of_the_table_with_a_still_face_beside() -> None:
    late = footage("one", late=0.08)
    found = compare([measured("one", late)], [measured("one", footage("one"))], Options())
    lips = {column.name: column.figures["lmd_lips"].value for column in found.columns if "lmd_lips" in column.figures}
    assert list(lips) == ["videos", "videos, a still face"] and 0 < lips["videos"] < lips["videos, a still face"]


def test_points_of_a_real_video_lie_in_the_heads_frame(talking: Path) -> None:
    points = read_footage(talking, "clip").points_of_face
    assert points.shape == (30, 128, 2)
    assert np.isfinite(points).all() and 0.5 < np.ptp(points[..., 0]) < 4
