"""Several faces drawn apart and laid together: each is the one that was drawn, and nothing else changes."""

from __future__ import annotations

import numpy as np

from dicetalk.face import Face
from dicetalk.portrait.together import shares_of, together


def face_at(x: float, y: float, size: float = 40) -> Face:
    landmarks = np.zeros((478, 3), np.float32)
    landmarks[:, 0] = np.linspace(x - size / 2, x + size / 2, 478)
    landmarks[:, 1] = np.linspace(y - size / 2, y + size / 2, 478)
    return Face(landmarks)


FACES = [face_at(50, 60), face_at(150, 60), face_at(250, 60)]


def test_a_face_is_its_own_and_seams_are_narrow() -> None:
    _, second, third = shares_of(FACES, 120, 300)
    assert second[60, 30:75].max() == 0 and second[60, 130:170].min() == 1
    assert third[60, 130:170].max() == 0 and third[60, 230:270].min() == 1
    assert np.mean((second > 0) & (second < 1)) < 0.1


def test_each_moves_and_what_is_still_stays() -> None:
    picture = np.random.default_rng(0).integers(0, 256, (120, 300, 3), np.uint8)
    films = []
    for number, place in enumerate((50, 150, 250)):
        film = np.repeat(picture[None], 7, 0)
        film[:, 50:70, place - 10 : place + 10] = 40 * number
        films.append(iter(np.array_split(film, number + 1)))
    laid = np.concatenate(list(together(FACES, films)))
    expected = picture.copy()
    for number, place in enumerate((50, 150, 250)):
        expected[50:70, place - 10 : place + 10] = 40 * number
    assert laid.shape == (7, 120, 300, 3)
    assert np.abs(laid.astype(int) - expected).max() <= 1
