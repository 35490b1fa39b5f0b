"""A face followed through frames: where it goes, when it is lost, that nothing else is taken for it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import numpy as np
import pytest

from dicetalk.face import choose_face, find_faces, follow_face
from dicetalk.media import Picture, read_picture, read_video


@pytest.fixture(scope="module")
def woman() -> Picture:
    return read_picture(Path(__file__).parents[2] / "docs/pictures/portraits/woman.jpg")


def sliding(picture: Picture, steps: int, by: int = 6) -> Iterator[Picture]:
    """The picture as it moves to the right, on grey."""
    height, width = picture.shape[:2]
    for step in range(steps):
        frame = np.full((height, width + steps * by, 3), 127, np.uint8)
        frame[:, step * by : step * by + width] = picture
        yield frame


def test_a_moving_face_is_followed(woman: Picture) -> None:
    seen = list(follow_face(sliding(woman, 12)))
    first = choose_face(find_faces(next(sliding(woman, 12)))).landmarks
    unit = np.linalg.norm(first[33] - first[263])
    for step, face in enumerate(seen):
        assert face is not None
        # The square lags a step of 4 % behind: the mesh follows to 1 %.
        assert np.linalg.norm(face.landmarks[:, :2] - first[:, :2] - [6 * step, 0], axis=1).mean() < 0.01 * unit


def test_a_face_that_goes_is_not_seen_and_is_found_again(woman: Picture) -> None:
    away = np.full_like(woman, 127)
    seen = [face is not None for face in follow_face([*[woman] * 3, *[away] * 5, *[woman] * 15])]
    assert seen[:3] == [True] * 3
    assert seen[3:8] == [False] * 5
    assert seen[-3:] == [True] * 3


def test_the_first_frame_may_be_empty(woman: Picture) -> None:
    seen = [face is not None for face in follow_face([np.zeros_like(woman), *[woman] * 14])]
    assert not seen[0] and seen[-1]


def test_a_cut_to_another_place_is_noticed(woman: Picture) -> None:
    """After a cut the face is read where it is, or not at all; never where it was."""
    ground = np.full((960, 1200, 3), 127, np.uint8)
    one, two = ground.copy(), ground.copy()
    one[:480, :480], two[480:, 720:] = woman, woman
    seen = list(follow_face([one, one, *[two] * 14]))
    assert all(face is None or face.box[0] > 720 for face in seen[2:])
    assert seen[-1] is not None


def test_the_speaker_in_the_corner_of_a_large_video(bugs: Path) -> None:
    seen = list(follow_face(read_video(bugs / "B10-speaker-in-corner.mp4")))
    assert all(face is not None for face in seen)
