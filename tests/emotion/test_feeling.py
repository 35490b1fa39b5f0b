"""Feelings: mixtures by name, and priors where they are known."""

from __future__ import annotations

import math
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from spaces import felt, prior, space

from dicetalk.emotion.feeling import Feeling, blend, common_space, mix
from dicetalk.emotion.typed import parse
from dicetalk.emotion.vocabulary import ALIASES, NAMES
from dicetalk.errors import EmotionError

OURS = space()
SHARES = st.lists(st.floats(0, 1), min_size=7, max_size=7)


@st.composite
def feelings(draw: Any) -> Feeling:
    """By name."""
    parts = draw(SHARES)
    scale = max(1.0, math.fsum(parts))
    return Feeling.of((name, part / scale) for name, part in zip(NAMES[1:], parts, strict=True))


@st.composite
def weighted(draw: Any) -> Feeling:
    """By weights, neutral's too, and intensity."""
    parts = [*draw(SHARES), draw(st.floats(0.01, 1))]
    total = math.fsum(parts)
    return Feeling(tuple(part / total for part in parts), draw(st.floats(0, 1)))


@given(feelings() | weighted())
def test_a_mixture_is_of_shares(feeling: Feeling) -> None:
    mixture = feeling.mixture()
    assert mixture.dtype == np.float32 and mixture.shape == (8,)
    assert (mixture >= 0).all() and mixture.sum() == pytest.approx(1, abs=1e-5)
    assert math.fsum(feeling.weights) == pytest.approx(1, abs=1e-6)
    for name, strength in feeling.strengths.items():
        assert name != "neutral" and strength > 0
        assert mixture[NAMES.index(name)] == np.float32(strength)


@given(feelings() | weighted())
def test_text_is_read_back(feeling: Feeling) -> None:
    np.testing.assert_allclose(parse(str(feeling)).mixture(), feeling.mixture(), atol=1e-6)


def test_text_of_many_strengths_that_are_cut_short_is_read_back() -> None:
    """Six of them round up: cut to six digits they would add up to 1.000002."""
    strengths = dict.fromkeys(NAMES[1:7], 0.1428576) | {NAMES[7]: 1 - 6 * 0.1428576}
    feeling = Feeling.of(strengths.items())
    np.testing.assert_allclose(parse(str(feeling)).mixture(), feeling.mixture(), atol=1e-6)


@given(weighted())
def test_without_intensity_all_is_neutral(feeling: Feeling) -> None:
    calm = replace(feeling, intensity=0.0)
    np.testing.assert_array_equal(calm.mixture(), Feeling().mixture())
    assert (str(calm), calm.strengths) == ("neutral", {})


@given(weighted(), st.floats(0, 1))
def test_intensity_scales_every_strength(feeling: Feeling, share: float) -> None:
    weaker = replace(feeling, intensity=share * feeling.intensity)
    np.testing.assert_allclose(weaker.mixture()[1:], share * feeling.mixture()[1:], atol=1e-6)


def test_what_is_left_is_neutral() -> None:
    np.testing.assert_allclose(mix(happy=0.5, sad=0.2).mixture(), [0.3, 0, 0, 0, 0, 0.5, 0.2, 0], atol=1e-7)
    assert mix(happy=0.5, sad=0.2).strengths == pytest.approx({"happy": 0.5, "sad": 0.2})
    assert mix(happy=0.0, neutral=0.4) == Feeling()


def test_decimals_which_add_to_a_hair_over_one_are_fine() -> None:
    assert mix(happy=0.7, sad=0.2, fear=0.1).mixture()[0] == 0


@given(st.sampled_from([*NAMES, *ALIASES]), st.floats(0, 1))
def test_mix_is_the_grammar_in_python(name: str, strength: float) -> None:
    assert mix(**{name: strength}) == parse(f"{name}:{strength!r}")


@pytest.mark.parametrize(
    ("strengths", "says"),
    [
        ({"happy": math.nan}, "strength nan of 'happy' is out of range"),
        ({"happy": -1}, "out of range"),
        ({"happy": 2}, "out of range"),
        ({"joyous_": 0.5}, "unknown emotion 'joyous_'"),
        ({"happy": True}, "is 'True'; expected a number"),
        ({"sad": "1"}, "is '1'; expected a number"),
        ({"sad": 10**400}, "too large a number"),
        ({"sad": 0.2, "sadness": 0.2}, "given twice"),
        ({"sad": 0.7, "happy": 0.7}, "add up to 1.4"),
    ],
)
def test_mix_refuses(strengths: dict[str, Any], says: str) -> None:
    with pytest.raises(EmotionError, match=says):
        mix(**strengths)


@pytest.mark.parametrize(
    ("given", "says"),
    [
        ({"weights": (0.5,)}, "found 1 weights; expected 8"),
        ({"weights": (0.5,) * 8}, "add up to 4; expected 1"),
        ({"weights": (2.0, -1.0, *[0.0] * 6)}, "the weight of 'neutral' is 2; expected 0 to 1"),
        ({"weights": (math.nan, *[0.0] * 7)}, "the weight of 'neutral' is nan"),
        ({"intensity": 1.1}, "the intensity is 1.1"),
        ({"intensity": math.nan}, "the intensity is nan"),
        ({"confidence": -0.1}, "the confidence is -0.1"),
    ],
)
def test_numbers_that_are_refused(given: dict[str, Any], says: str) -> None:
    with pytest.raises(EmotionError, match=says):
        Feeling(**given)


# ---- several at once


@given(SHARES)
def test_a_blend_of_names_is_their_mixture(parts: list[float]) -> None:
    scale = max(1.0, math.fsum(parts))
    strengths = [(name, part / scale) for name, part in zip(NAMES[1:], parts, strict=True)]
    assert blend([(Feeling.of([(name, 1.0)]), strength) for name, strength in strengths]) == Feeling.of(strengths)


def test_a_blend_of_mixtures_adds_what_is_alike() -> None:
    found = blend([(mix(happy=0.5, sad=0.5), 0.4), (mix(happy=1.0), 0.2)])
    assert found.strengths == pytest.approx({"happy": 0.4, "sad": 0.2})
    assert found.prior is None and found.space is None


@given(st.floats(0, 1))
def test_a_blend_scales_the_offset_from_neutral(strength: float) -> None:
    own = felt(prior(1, 2, 3, 4, std=0.5), OURS, happy=1.0)
    found, neutral = blend([(own, strength)]), OURS.priors["neutral"]
    assert found.prior is not None and own.prior is not None and found.space is OURS
    for part in ("mean", "std"):
        whole, rest = getattr(own.prior, part), getattr(neutral, part)
        np.testing.assert_allclose(getattr(found.prior, part), rest + strength * (whole - rest), atol=1e-5)
    assert found.strengths == pytest.approx({"happy": strength} if strength else {})
    assert found.why == own.why


def test_an_own_emotion_is_mixed_with_names_in_its_space() -> None:
    own = felt(prior(1, 2, 3, 4), OURS, happy=0.6, fear=0.4)
    found = blend([(own, 0.5), (mix(sad=1.0), 0.25), (mix(), 0.25)])
    neutral = OURS.priors["neutral"].mean
    assert found.prior is not None and own.prior is not None
    expected = neutral + 0.5 * (own.prior.mean - neutral) + 0.25 * (OURS.priors["sad"].mean - neutral)
    np.testing.assert_allclose(found.prior.mean, expected, atol=1e-5)
    assert found.strengths == pytest.approx({"happy": 0.3, "fear": 0.2, "sad": 0.25})


def test_a_blend_is_as_sure_as_its_least_sure_part() -> None:
    sure, unsure = (
        felt(prior(1, 2, 3, 4), OURS, happy=1.0),
        replace(felt(prior(0, 0, 0, 1), OURS, sad=1.0), confidence=0.3),
    )
    assert blend([(sure, 0.5), (mix(sad=1.0), 0.5)]).confidence == 0.7
    assert blend([(sure, 0.5), (unsure, 0.5)]).confidence == 0.3
    assert blend([(mix(sad=1.0), 0.5)]).confidence == 1


def test_emotions_of_different_spaces_are_not_mixed() -> None:
    one, other = felt(prior(1, 2, 3, 4), OURS, happy=1.0), felt(prior(1, 2, 3, 4), space("theirs"), happy=1.0)
    with pytest.raises(EmotionError, match=r"different embedders \(ours, theirs\) cannot be mixed"):
        blend([(one, 0.5), (other, 0.5)])
    assert common_space([one, mix(happy=1.0), felt(prior(0, 0, 0, 0), OURS)]) is OURS
    assert common_space([mix(happy=1.0)]) is None and common_space([]) is None


@pytest.mark.parametrize(
    ("strengths", "says"), [((0.6, 0.6), "add up to 1.2"), ((1.2, 0.0), "is 1.2"), ((math.nan, 0.0), "is nan")]
)
def test_strengths_that_a_blend_refuses(strengths: tuple[float, float], says: str) -> None:
    with pytest.raises(EmotionError, match=says):
        blend([(mix(happy=1.0), strengths[0]), (mix(sad=1.0), strengths[1])])


def test_a_prior_and_its_space_come_together() -> None:
    with pytest.raises(EmotionError, match="belong together"):
        Feeling(prior=prior(1, 2, 3, 4))
