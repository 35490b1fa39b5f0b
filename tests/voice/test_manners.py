"""How voices change with feelings: the table that ships, and what lies between its rows."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from safetensors.numpy import save_file

from dicetalk.errors import CheckpointError
from dicetalk.voice.manners import (
    ACTED,
    BANDS,
    COLUMNS,
    MOVED,
    SHIPPED,
    Manners,
    centres,
    shipped_manners,
    spread,
    weights,
)
from dicetalk.voice.world import RATE


def amounts(emotion: str, *values: float) -> np.ndarray:
    rows = np.zeros((len(values), len(MOVED)))
    rows[:, MOVED.index(emotion)] = values
    return rows


def test_nothing_is_neutral_and_what_was_acted_is_met() -> None:
    manners = shipped_manners()
    for number, emotion in enumerate(MOVED):
        rows = manners.rows(amounts(emotion, *ACTED))
        assert (rows[0] == 0).all()
        assert rows[1:] == pytest.approx(manners.table[number])


def test_emotions_are_added() -> None:
    manners = shipped_manners()
    angry, sad = amounts("angry", 0.4), amounts("sad", 0.5)
    assert manners.rows(angry + sad) == pytest.approx(manners.rows(angry) + manners.rows(sad))


def test_what_was_learned_is_what_people_do() -> None:
    """Anger is loud and high, sadness slower than happiness; nothing is absurd."""
    manner = {emotion: shipped_manners().manner(amounts(emotion, 1.0), 257) for emotion in MOVED}
    assert manner["angry"].height[0] > manner["sad"].height[0]
    assert manner["angry"].levels.mean() > manner["happy"].levels.mean() > manner["sad"].levels.mean() > 0
    for some in manner.values():
        assert abs(some.height[0]) < np.log(2.5) and abs(some.span[0]) < 1 and abs(some.pace[0]) < 0.5


def test_bands_are_means_and_are_spread_again() -> None:
    assert centres().shape == (BANDS,) and 0 < centres()[0] < centres()[-1] < RATE / 2
    assert weights(513).sum(axis=0) == pytest.approx(1)
    level = np.full((2, BANDS), 3.0)
    assert spread(level, 513) == pytest.approx(3.0)
    slope = np.linspace(0, 10, BANDS)[None]
    assert np.abs(spread(slope, 513) @ weights(513) - slope).max() < 0.5  # a triangle is no point


def test_the_card_says_first_what_it_may_not_be_used_for() -> None:
    assert "Not for commercial use" in (SHIPPED.parent / "card.md").read_text("utf-8").splitlines()[0]


@pytest.mark.parametrize(
    ("held", "says"),
    [
        (None, "holds no manners of voices"),
        ({"other": np.zeros(3, np.float32)}, "holds no manners of voices"),
        ({"manners": np.zeros((6, 2, COLUMNS - 1), np.float32)}, "of shape"),
        ({"manners": np.full((6, 2, COLUMNS), np.nan, np.float32)}, "of shape"),
    ],
)
def test_other_files_are_refused(held: dict[str, np.ndarray] | None, says: str, tmp_path: Path) -> None:
    path = tmp_path / "m.safetensors"
    if held is not None:
        save_file(held, path)
    with pytest.raises(CheckpointError, match=says):
        Manners.load(path)
