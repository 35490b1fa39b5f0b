"""What a face shows, from its shapes."""

from __future__ import annotations

import numpy as np
import pytest

from dicetalk.acting.postures import posture_shapes
from dicetalk.arrays import Float32, Float64
from dicetalk.emotion.vocabulary import NAMES
from dicetalk.motion.space import MIRROR
from dicetalk.portrait.rig import usual_rest
from dicetalk.reading.expression import against_usual, functionals, shown

FRAMES = 10


def weights(name: str, strength: float) -> Float64:
    row = np.eye(len(NAMES))[NAMES.index(name)] * strength
    row[0] += 1 - strength
    return np.tile(row, (FRAMES, 1))


def mesh(shapes: Float64) -> Float64:
    """Landmarks (T, 478, 3) [px] of the usual face with shapes (T, 52)."""
    rest, basis = usual_rest()
    faces = rest + np.tensordot(shapes, basis, axes=1)
    return 200 + 100 * np.concatenate([faces, np.zeros((len(faces), 10, 3))], axis=1)


def read(name: str, strength: float = 0.8) -> tuple[Float64, float]:
    shapes = posture_shapes(weights(name, strength))
    found = shown(functionals(shapes.astype(np.float32), against_usual(mesh(shapes)))[None])
    return found.shares[0], float(found.strengths[0])


@pytest.mark.parametrize("name", NAMES)
def test_a_clear_posture_is_told(name: str) -> None:
    shares, _ = read(name)
    assert NAMES[shares.argmax()] == name
    assert shares.sum() == pytest.approx(1) and (shares >= 0).all()


def test_stronger_is_read_as_stronger() -> None:
    for name in ("happy", "angry", "surprised"):
        strengths = [read(name, strength)[1] for strength in (0.0, 0.4, 0.9)]
        assert strengths == sorted(strengths) and strengths[2] - strengths[0] > 0.2


def test_a_mirror_changes_nothing() -> None:
    rng = np.random.default_rng(0)
    one, other = (rng.uniform(0, 1, (FRAMES, 52)).astype(np.float32) for _ in range(2))
    mirrored: list[Float32] = [rows[:, list(MIRROR)] for rows in (one, other)]
    np.testing.assert_allclose(functionals(*mirrored), functionals(one, other), atol=1e-6)


def test_the_usual_face_differs_in_nothing_from_itself() -> None:
    np.testing.assert_allclose(against_usual(mesh(np.zeros((3, 52)))), 0, atol=0.05)


def test_one_frame_is_enough() -> None:
    assert shown(functionals(np.zeros((1, 52), np.float32), np.zeros((1, 52), np.float32))[None]).shares.shape == (1, 8)
