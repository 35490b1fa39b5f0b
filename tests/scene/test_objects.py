"""Objects, as any detector may tell them."""

from __future__ import annotations

from typing import Any

import numpy as np
import pytest

from dicetalk.errors import ConfigError
from dicetalk.scene.objects import LOOKS, MOST, SceneObject, found_by, looks_of
from dicetalk.scene.words import GROUPS, WORDS, number_of

PICTURE = np.random.default_rng(0).integers(0, 255, (60, 90, 3)).astype(np.uint8)


@pytest.mark.parametrize(
    ("name", "score", "box"),
    [("", 0.5, (0, 0, 1, 1)), ("dog", 1.5, (0, 0, 1, 1)), ("dog", float("nan"), (0, 0, 1, 1)), ("dog", 0.5, (0, 0, 1)),
     ("dog", 0.5, (0, 0, float("inf"), 1)), (7, 0.5, (0, 0, 1, 1))],
)  # fmt: skip
def test_what_no_detector_should_tell_is_refused(name: Any, score: float, box: Any) -> None:
    with pytest.raises(ConfigError, match="detector"):
        SceneObject(name, score, box)


@pytest.mark.parametrize("given", [None, "dog", [("dog", 0.5)], {"dog": 1}])
def test_a_detector_that_gives_something_else_is_refused(given: Any) -> None:
    with pytest.raises(ConfigError, match="expected a list of SceneObject"):
        found_by(lambda picture: given, PICTURE)


def test_what_is_unsure_or_outside_is_left_out() -> None:
    inside = SceneObject("dog", 0.9, (-0.5, 0.2, 0.1, 1.5))
    given = [SceneObject("cat", 0.1, (0, 0, 1, 1)), SceneObject("cat", 0.9, (1.2, 0, 1.5, 1)), inside,
             SceneObject("cow", 0.9, (0.5, 0.5, 0.2, 0.7))]  # fmt: skip
    assert found_by(lambda picture: given, PICTURE) == [inside]
    many = [SceneObject("cat", 0.4 + n / 200, (0, 0, 1, 1)) for n in range(100)]
    assert found_by(lambda picture: many, PICTURE) == many[: -MOST - 1 : -1]


@pytest.mark.parametrize("box", [(0, 0, 1, 1), (0.999, 0.999, 1, 1), (-9, -9, 0.001, 9), (0.4, 0.4, 0.4001, 0.4001)])
def test_every_object_has_looks(box: tuple[float, float, float, float]) -> None:
    found = looks_of(PICTURE, [SceneObject("dog", 0.9, box)])
    assert found.shape == (1, LOOKS) and np.isfinite(found).all()


def test_names_are_known_however_they_are_written() -> None:
    assert len(set(WORDS)) == len(WORDS) == sum(map(len, GROUPS.values()))
    assert number_of(" Teddy_Bear ") == number_of("teddy-bear") == WORDS.index("teddy bear")
    assert number_of("stapler") is None
