"""Virtual actors: themselves in every clip, unlike each other, and what they feel can be seen."""

from __future__ import annotations

import numpy as np
import pytest

from dicetalk.data.procedural import feeling_of, perform_as, virtual_actor
from dicetalk.media import Waveform
from dicetalk.motion.space import SHAPES, index
from dicetalk.speech import Speech, listen


@pytest.fixture(scope="module")
def heard(voice: Waveform) -> Speech:
    return listen(voice[: 3 * 16000])


def test_the_same_seed_is_the_same_performance(heard: Speech) -> None:
    one, again = (perform_as(virtual_actor(3), heard, feeling_of("happy", 0.8), 5) for _ in range(2))
    np.testing.assert_array_equal(one.shapes, again.shapes)
    other = perform_as(virtual_actor(3), heard, feeling_of("happy", 0.8), 6)
    assert not np.array_equal(one.shapes, other.shapes)
    assert len(one) == heard.frames and one.shapes.min() >= 0 and one.shapes.max() <= 1


def test_a_person_resembles_themselves_more_than_others(heard: Speech) -> None:
    """The mean face of two takes of one actor is nearer than that of two actors."""
    faces = np.array(
        [
            [perform_as(virtual_actor(a), heard, feeling_of("neutral", 1.0), take).shapes.mean(0) for take in (0, 1)]
            for a in range(8)
        ]
    )
    distance = np.linalg.norm(faces[:, None, 0] - faces[None, :, 1], axis=2)
    assert (distance.argmin(1) == np.arange(8)).mean() >= 0.9


MARKS = [
    ("happy", "mouthSmileLeft"),
    ("angry", "browDownRight"),
    ("surprised", "browOuterUpLeft"),
    ("sad", "mouthFrownLeft"),
]


@pytest.mark.parametrize(("emotion", "shape"), MARKS)
def test_stronger_shows_more(heard: Speech, emotion: str, shape: str) -> None:
    def mean(strength: float) -> float:
        return float(perform_as(virtual_actor(1), heard, feeling_of(emotion, strength), 0).column(shape).mean())

    assert mean(0.0) < mean(0.4) < mean(0.8)


def test_faces_are_nearly_symmetric() -> None:
    actor = virtual_actor(0)
    left, right = ([index(n) for n in SHAPES if n.endswith(side)] for side in ("Left", "Right"))
    assert np.corrcoef(actor.speaking[left], actor.speaking[right])[0, 1] > 0.8
    np.testing.assert_allclose(actor.resting[left], actor.resting[right])
