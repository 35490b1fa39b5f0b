"""Which pictures of a face are worth learning from: not blurred ones, of several people, or with a covered mouth."""

from __future__ import annotations

import cv2
import numpy as np
import pytest
from places import PORTRAITS

from dicetalk.data.quality import blurred, flaw_of, people_in, thumbnail
from dicetalk.face import Face, find_faces
from dicetalk.media import Picture, read_picture


@pytest.fixture(scope="module")
def woman() -> Picture:
    return read_picture(PORTRAITS / "woman.jpg")


@pytest.fixture(scope="module")
def face(woman: Picture) -> Face:
    return find_faces(woman)[0]


def flaw(picture: Picture, face: Face, clean: Picture | None = None, share: float = 1.0) -> str:
    """Of five frames, a share of which are the picture."""
    pictures = [picture if number < 5 * share else clean for number in range(5)]
    return flaw_of([each for each in pictures if each is not None], np.repeat(face.landmarks[None], 5, 0).astype(float))


def test_a_plain_face_has_none(woman: Picture, face: Face) -> None:
    assert flaw(woman, face) == ""
    assert thumbnail(woman).shape == (128, 128, 3)


def test_a_blurred_one(woman: Picture, face: Face) -> None:
    soft = np.asarray(cv2.GaussianBlur(woman, (0, 0), 12), np.uint8)
    assert blurred(soft, face) and flaw(soft, face) == "the face is blurred"


def test_several_people(woman: Picture, face: Face) -> None:
    both = np.concatenate([woman, woman], 1)
    assert people_in(both) == 2 and flaw(both, face) == "there are several faces"


def test_a_covered_mouth_but_no_hand_that_passes_by(woman: Picture, face: Face) -> None:
    covered = woman.copy()
    low, high = (edge(face.landmarks[[61, 291, 0, 17], :2], 0) for edge in (np.min, np.max))
    margin = 0.4 * (high - low).max()
    (left, top), (right, bottom) = (low - margin).astype(int), (high + margin).astype(int)
    covered[top:bottom, left:right] = (90, 120, 150)
    assert flaw(covered, face).startswith("the mouth of the face cannot be seen")
    assert flaw(covered, face, woman, 0.4) == ""
