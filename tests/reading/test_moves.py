"""Moves of a face, in words."""

from __future__ import annotations

import numpy as np
import pytest

from dicetalk.acting.postures import posture_shapes
from dicetalk.arrays import Float32
from dicetalk.emotion.vocabulary import NAMES
from dicetalk.motion.space import index
from dicetalk.reading.moves import GROUPS, LEAST, moves_of


def posture(name: str) -> Float32:
    return posture_shapes(np.eye(len(NAMES))[[NAMES.index(name)] * 5]).astype(np.float32)


def told(name: str) -> list[str]:
    return [move.name for move in moves_of(posture(name))]


@pytest.mark.parametrize(
    ("emotion", "move"),
    [
        ("happy", "a smile"),
        ("angry", "lowered brows"),
        ("surprised", "raised brows"),
        ("surprised", "wide eyes"),
        ("sad", "a frown"),
        ("sad", "raised inner brows"),
        ("disgusted", "a wrinkled nose"),
        ("fear", "stretched lips"),
        ("contempt", "a one-sided smile"),
    ],
)
def test_postures_are_told_by_their_moves(emotion: str, move: str) -> None:
    assert move in told(emotion)


def test_a_face_at_rest_does_nothing() -> None:
    assert moves_of(np.zeros((3, 52), np.float32)) == ()


def test_the_largest_comes_first_and_small_ones_are_not_told() -> None:
    moves = moves_of(posture("sad"))
    assert [move.amount for move in moves] == sorted((move.amount for move in moves), reverse=True)
    assert all(LEAST <= move.amount <= 1 for move in moves)


def test_both_corners_of_a_mouth_are_no_one_sided_smile() -> None:
    assert "a one-sided smile" not in told("happy") and "a smile" not in told("contempt")


def test_a_moment_is_no_move() -> None:
    shapes = np.zeros((10, 52), np.float32)
    shapes[4, [index("mouthSmileLeft"), index("mouthSmileRight")]] = 1
    assert moves_of(shapes) == ()


def test_all_groups_are_of_shapes_there_are() -> None:
    for group in GROUPS.values():
        assert group.amounts(np.zeros((2, 52), np.float32)).shape == (2,)
