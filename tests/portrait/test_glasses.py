"""Glasses are seen where there are some, and do not bend."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest

from dicetalk.face import choose_face, find_faces
from dicetalk.media import Picture, read_picture
from dicetalk.motion.basis import face_shapes
from dicetalk.portrait.glasses import SLACK, give, wears_glasses
from dicetalk.portrait.rig import build_rig


def glasses_on(picture: Picture) -> bool:
    rig = build_rig(picture, choose_face(find_faces(picture)))
    local = (rig.points - rig.pivot) @ rig.axes / rig.unit
    return wears_glasses(picture, local, (rig.axes * rig.unit, rig.pivot))


def test_hopper_wears_glasses(hopper_picture: Picture) -> None:
    assert glasses_on(hopper_picture)


@pytest.mark.parametrize(
    ("name", "worn"),
    [
        ("cc0_016", True),
        ("cc0_012", True),
        ("cc0_038", True),
        ("cc0_084", False),
        ("lp_s9", False),
        ("st_art_0", False),
    ],
)
def test_glasses_on_real_portraits(portraits: Path, name: str, worn: bool) -> None:
    assert glasses_on(read_picture(portraits / f"{name}.jpg")) is worn


def test_a_frame_holds_the_brows_and_leaves_the_mouth() -> None:
    free = give(face_shapes()["neutral"])
    assert free[[23, 253, 6]] == pytest.approx(SLACK)
    assert np.all(free[[13, 14, 61, 291, 10, 152]] == 1)
