"""Spaces of priors: offsets from neutral, what a prior resembles, the feeling it becomes, damaged folders."""

from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from spaces import felt, prior

from dicetalk.emotion.feeling import DEFAULT_STRENGTH, Feeling, mix
from dicetalk.emotion.space import SHIPPED, WEIGHTS, Likeness, Space, open_space, shipped_space, space_of
from dicetalk.emotion.vocabulary import NAMES
from dicetalk.errors import CheckpointError

PRIORS = {"neutral": prior(6, 5, 5), "happy": prior(5, 6, 5, std=0.3), "sad": prior(5, 5, 6)}
OURS = Space("ours", PRIORS)


@settings(deadline=None)
@given(st.floats(0, 1))
def test_strength_moves_from_neutral_to_the_emotion(strength: float) -> None:
    found = OURS.offset([(PRIORS["happy"], strength)])
    for part in ("mean", "std"):
        neutral, happy = (getattr(PRIORS[name], part) for name in ("neutral", "happy"))
        np.testing.assert_allclose(getattr(found, part), (1 - strength) * neutral + strength * happy, rtol=1e-5)


def test_a_mixture_of_offsets() -> None:
    found = OURS.offset([(PRIORS["happy"], 0.5), (PRIORS["sad"], 0.5)])
    np.testing.assert_allclose(found.mean, [5.0, 5.5, 5.5])
    np.testing.assert_allclose(found.std, [0.2] * 3, rtol=1e-6)
    np.testing.assert_array_equal(OURS.offset([]).mean, PRIORS["neutral"].mean)
    np.testing.assert_array_equal(PRIORS["neutral"].mean, [6, 5, 5])  # not added to


def test_where_a_feeling_lies() -> None:
    own = felt(prior(1, 2, 3), OURS, happy=1.0)
    assert OURS.prior_of(own) is own.prior
    np.testing.assert_allclose(OURS.prior_of(mix(happy=0.5, sad=0.5)).mean, [5.0, 5.5, 5.5])
    np.testing.assert_array_equal(OURS.prior_of(Feeling()).mean, PRIORS["neutral"].mean)
    # What this space knows no prior of counts as neutral.
    np.testing.assert_array_equal(OURS.prior_of(mix(happy=0.5, fear=0.5)).mean, OURS.prior_of(mix(happy=0.5)).mean)


def test_a_prior_resembles_itself_most() -> None:
    for name in PRIORS:
        like = OURS.likeness(PRIORS[name])
        assert like.name == name and like.names == ("neutral", "happy", "sad")
        assert sum(like.shares) == pytest.approx(1) and like.confidence == max(like.shares)
        assert like.ranked()[0] == (name, like.confidence)
    assert OURS.likeness(PRIORS["sad"], ("happy", "fear", "neutral")).names == ("happy", "neutral")
    with pytest.raises(CheckpointError, match="has 2 numbers; this embedder's have 3"):
        OURS.likeness(prior(1, 2))


def likeness(**shares: float) -> Likeness:
    return Likeness(tuple(shares.get(name, 0.0) for name in NAMES), NAMES)


def test_a_likeness_becomes_a_mixture_of_its_clear_shares() -> None:
    found = likeness(happy=0.7, surprised=0.2, sad=0.1)
    assert (found.name, found.confidence) == ("happy", 0.7)
    assert str(found) == "happy 0.70, surprised 0.20, sad 0.10"
    assert found.strengths(DEFAULT_STRENGTH) == pytest.approx({"happy": 0.56, "surprised": 0.16})
    assert found.strengths(1.0) == pytest.approx({"happy": 0.7, "surprised": 0.2})
    assert likeness(neutral=0.9, sad=0.1).strengths(1.0) == {}


@given(st.lists(st.floats(0.001, 1), min_size=8, max_size=8) | st.lists(st.floats(0.9, 1), min_size=3, max_size=6))
def test_whatever_it_resembles_is_a_feeling(parts: list[float]) -> None:
    names = NAMES[1:] if len(parts) < 8 else NAMES
    like = Likeness(tuple(part / sum(parts) for part in parts), names[: len(parts)])
    feeling = OURS.feeling(prior(1, 2, 3), like, "", whole=1.0)
    assert sum(feeling.strengths.values()) <= 1 + 1e-6
    clear = {name: share for name, share in like.ranked() if share >= 0.15 and name != "neutral"}
    assert feeling.strengths == pytest.approx(clear, abs=1e-3)


def test_the_feeling_of_a_prior_keeps_it_as_it_is() -> None:
    where = prior(5, 6, 5)
    feeling = OURS.feeling(where, OURS.likeness(where), "it resembles something")
    assert feeling.prior is where and feeling.space is OURS and feeling.why == "it resembles something"
    assert max(feeling.strengths, key=feeling.strengths.__getitem__) == "happy"
    assert feeling.confidence == pytest.approx(OURS.likeness(where).confidence)


def test_what_ships() -> None:
    found = shipped_space()
    assert found is shipped_space()
    assert found.name == space_of((SHIPPED / WEIGHTS).read_bytes()) and len(found.name) == 16 and int(found.name, 16)
    assert set(NAMES) <= set(found.priors)
    for name in NAMES:  # every stored emotion resembles itself most
        assert found.likeness(found.priors[name]).name == name
    np.testing.assert_array_equal(open_space(SHIPPED).priors["sad"].mean, found.priors["sad"].mean)
