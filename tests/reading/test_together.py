"""Face and voice, put together."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from dicetalk.arrays import Float64
from dicetalk.emotion.vocabulary import HEARD, NAMES
from dicetalk.reading.answers import Answers
from dicetalk.reading.together import both, together

SHARES = arrays(np.float64, 8, elements=st.floats(0, 1)).filter(lambda row: row.sum() > 0.1).map(lambda r: r / r.sum())


def clearly(name: str, share: float = 0.8) -> Float64:
    row = np.full(8, (1 - share) / 7)
    row[NAMES.index(name)] = share
    return row[None]


def heard(name: str) -> Float64:
    row = np.where(np.isin(NAMES, HEARD), clearly(name)[0], 0.0)
    return (row / row.sum())[None]


@given(face=SHARES, voice=SHARES)
def test_shares_stay_shares(face: Float64, voice: Float64) -> None:
    found = together(face[None], voice[None])
    assert (found >= 0).all() and found.sum() == pytest.approx(1)


def test_a_calm_voice_is_no_reason_to_doubt_a_clear_face() -> None:
    for name in NAMES:
        assert NAMES[together(clearly(name), heard("neutral")).argmax()] == name


def test_nor_to_doubt_one_that_is_hardly_clear() -> None:
    """A synthesised voice is calm whatever the face is to show, and is heard as calm very surely."""
    for name in NAMES[1:]:
        face = (0.5 * clearly(name) + 0.5 * clearly("neutral")) + 0.05 * (clearly(name) - clearly("neutral"))
        assert NAMES[together(face, heard("neutral")).argmax()] == name


def test_two_that_agree_are_surer_than_one() -> None:
    for name in HEARD[1:]:
        assert together(clearly(name), heard(name)).max() > clearly(name).max()


def test_a_face_that_cannot_decide_is_decided_by_the_voice() -> None:
    torn = (clearly("sad") + clearly("fear")) / 2
    assert NAMES[together(torn, heard("sad")).argmax()] == "sad"
    assert NAMES[together(torn, heard("fear")).argmax()] == "fear"


def test_where_one_tells_nothing_the_other_stands_alone() -> None:
    face = Answers(np.concatenate([clearly("happy")] * 3), np.full(3, 0.7), np.array([True, False, False]))
    voice = Answers(np.concatenate([heard("sad")] * 3), np.full(3, 0.4), np.array([False, True, False]))
    one, other, neither = both(face, voice).windows([(0, 1), (1, 2), (2, 3)])
    assert (one.name, one.strength, one.weights) == ("happy", 0.7, tuple(clearly("happy")[0]))
    assert (other.name, other.strength) == ("sad", 0.4)
    assert (neither.name, neither.strength, neither.clarity, neither.confidence) == ("neutral", 0, 0, 0)
