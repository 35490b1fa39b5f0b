"""The road from feelings to what a backbone reads: weights and priors per frame, projected by name, tokens."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from spaces import WIDTH, felt, prior, space

from dicetalk.emotion import road
from dicetalk.emotion.feeling import Feeling, mix
from dicetalk.emotion.road import EmotionTrack, NamedPriors, PriorTrack, priors, track
from dicetalk.emotion.timeline import Timeline
from dicetalk.emotion.vocabulary import NAMES
from dicetalk.errors import EmotionError

OURS = space()
TIMES = (np.arange(50) + 0.5) / 25
OWN = felt(prior(1, 2, 3, 4, std=0.5), OURS, happy=0.6, fear=0.4)


def named(names: tuple[str, ...] = NAMES, space: str = "", width: int = WIDTH, std: float = 0.0) -> NamedPriors:
    """A backbone's own emotions."""
    rng = np.random.default_rng(3)
    means = rng.normal(size=(len(names), width)).astype(np.float32)
    return NamedPriors(names, means, np.full_like(means, std), space)


# ---- what is felt in each frame


def test_names_give_weights_alone() -> None:
    timeline = Timeline([(0.0, "neutral"), (1.5, mix(happy=0.7, surprised=0.3))])
    found = track(timeline, TIMES)
    assert len(found) == 50 and found.names == NAMES and found.priors is None
    np.testing.assert_array_equal(found.weights, timeline.at(TIMES))


def test_a_known_prior_is_kept_as_it_is() -> None:
    found = track(Timeline([(0.0, OWN)]), TIMES)
    assert found.priors is not None and OWN.prior is not None and found.priors.space == "ours"
    assert found.priors.means.shape == found.priors.stds.shape == (50, WIDTH)
    np.testing.assert_array_equal(found.priors.means, np.tile(OWN.prior.mean, (50, 1)))
    np.testing.assert_array_equal(found.priors.stds, np.tile(OWN.prior.std, (50, 1)))
    np.testing.assert_array_equal(found.weights, np.tile(OWN.mixture(), (50, 1)))


def test_priors_are_faded_with_the_keys_and_names_have_theirs() -> None:
    timeline = Timeline([(0.0, mix(sad=0.5)), (1.0, OWN), (2.0, "neutral")], fade=0.6)
    found = track(timeline, [0.0, 0.7, 1.0, 2.5])
    assert found.priors is not None and OWN.prior is not None
    neutral, sad = OURS.priors["neutral"], OURS.priors["sad"]
    half_sad = neutral.mean + 0.5 * (sad.mean - neutral.mean)
    for row, expected in ((0, half_sad), (1, (half_sad + OWN.prior.mean) / 2), (2, OWN.prior.mean), (3, neutral.mean)):
        np.testing.assert_allclose(found.priors.means[row], expected, atol=1e-5)
    np.testing.assert_allclose(found.priors.stds[2:], [OWN.prior.std, neutral.std], atol=1e-6)


def test_priors_of_different_spaces_are_refused() -> None:
    other = felt(prior(1, 2, 3, 4), space("theirs"), happy=1.0)
    with pytest.raises(EmotionError, match="different embedders"):
        track(Timeline([(0.0, OWN), (1.0, other)]), TIMES)


# ---- another vocabulary


def test_the_weights_of_a_longer_vocabulary() -> None:
    nine = (*NAMES, "proud")
    found = track(Timeline([(0.0, mix(happy=0.6, sad=0.2))]), TIMES).onto(nine)
    assert found.shape == (50, 9) and found.dtype == np.float32
    np.testing.assert_allclose(found[0], [0.2, 0, 0, 0, 0, 0.6, 0.2, 0, 0], atol=1e-6)


def test_what_a_vocabulary_lacks_counts_as_neutral() -> None:
    seven = ("happy", "neutral", "angry", "disgusted", "fear", "sad", "surprised")  # in an order of its own
    found = track(Timeline([(0.0, mix(happy=0.3, contempt=0.5))]), TIMES).onto(seven)
    np.testing.assert_allclose(found[0], [0.3, 0.7, 0, 0, 0, 0, 0], atol=1e-6)
    longer = EmotionTrack(np.array([[0.1, 0.2, 0.7]], np.float32), ("neutral", "happy", "proud"))
    np.testing.assert_allclose(longer.onto(NAMES)[0], [0.8, 0, 0, 0, 0, 0.2, 0, 0], atol=1e-6)


@settings(deadline=None)
@given(st.permutations([*NAMES, "proud", "tender"]), st.integers(1, 10), st.integers(0, 99))
def test_onto_any_vocabulary_all_of_it_stays(names: list[str], count: int, seed: int) -> None:
    weights = np.random.default_rng(seed).dirichlet(np.ones(8), 5).astype(np.float32)
    wanted = ["neutral", *[name for name in names[:count] if name != "neutral"]]
    found = EmotionTrack(weights).onto(wanted)
    np.testing.assert_allclose(found.sum(1), 1, atol=1e-5)
    for column, name in enumerate(wanted[1:], 1):
        np.testing.assert_array_equal(found[:, column], weights[:, NAMES.index(name)] if name in NAMES else 0)
    np.testing.assert_array_equal(EmotionTrack(weights).onto(NAMES), weights)


# ---- priors for a backbone


def test_a_backbone_of_the_same_space_takes_them_as_they_are() -> None:
    emotion = track(Timeline([(0.0, "neutral"), (1.0, OWN)]), TIMES)
    assert emotion.priors is not None
    np.testing.assert_array_equal(priors(emotion, named(space="ours")), emotion.priors.means)


def test_a_vector_of_another_width_than_its_space_is_refused() -> None:
    stored, wide = named(space="here"), np.zeros((3, WIDTH + 1), np.float32)
    told = PriorTrack(wide, wide, "here")
    known = EmotionTrack(np.eye(8, dtype=np.float32)[[0, 0, 0]], priors=told)
    with pytest.raises(EmotionError, match=rf"told by {WIDTH + 1} numbers, and a prior of this space has {WIDTH};"):
        priors(known, stored)
    assert priors(replace(known, priors=replace(told, space="elsewhere")), stored).shape == (3, WIDTH)


@pytest.mark.parametrize("stored", ["theirs", ""])
def test_a_backbone_of_another_space_takes_the_names(stored: str) -> None:
    emotion = track(Timeline([(0.0, "neutral"), (1.0, OWN)]), TIMES)
    there = named(space=stored, width=7)
    found = priors(emotion, there)
    assert found.shape == (50, 7) and found.dtype == np.float32
    np.testing.assert_allclose(found, emotion.weights @ there.means, atol=1e-6)
    expected = 0.6 * there.means[NAMES.index("happy")] + 0.4 * there.means[NAMES.index("fear")]
    np.testing.assert_allclose(found[-1], expected, atol=1e-5)


def test_names_alone_take_a_backbones_own_offsets_from_neutral() -> None:
    seven = tuple(name for name in NAMES if name != "contempt")
    for names in (NAMES, seven, (*NAMES, "proud")):
        there = named(names, space="ours")
        neutral, happy = there.means[0], there.means[names.index("happy")]
        found = priors(track(Timeline([(0.0, mix(happy=0.5, contempt=0.5))]), TIMES), there)[0]
        contempt = there.means[names.index("contempt")] if "contempt" in names else neutral
        np.testing.assert_allclose(found, neutral + 0.5 * (happy - neutral) + 0.5 * (contempt - neutral), atol=1e-5)


def test_a_seed_draws_once_for_the_whole_clip() -> None:
    emotion = track(Timeline([(0.0, "neutral"), (1.0, OWN)]), TIMES)
    assert emotion.priors is not None
    one, again, other = (priors(emotion, named(space="ours"), np.random.default_rng(seed)) for seed in (0, 0, 1))
    assert one.dtype == np.float32
    np.testing.assert_array_equal(one, again)
    assert np.abs(one - other).max() > 0.01
    draws = (one - emotion.priors.means) / emotion.priors.stds
    np.testing.assert_allclose(draws, np.tile(draws[0], (50, 1)), atol=1e-4)  # nothing flickers
    assert np.abs(draws[0]).max() < 5 and np.abs(draws[0]).min() > 0


def test_a_draw_by_names_has_the_backbones_own_spread() -> None:
    emotion = track(Timeline([(0.0, "happy:1")]), TIMES)
    found = priors(emotion, named(std=0.0), np.random.default_rng(0))
    np.testing.assert_allclose(found, priors(emotion, named(std=0.0)))  # none is known
    spread = priors(emotion, named(std=2.0, width=4000), np.random.default_rng(0)) - priors(emotion, named(width=4000))
    assert spread[0].std() == pytest.approx(2, abs=0.1) and spread[0].mean() == pytest.approx(0, abs=0.1)


def test_draws_follow_the_gaussian() -> None:
    spread = PriorTrack(np.full((1, 1), 3, np.float32), np.full((1, 1), 2, np.float32), "ours")
    emotion = EmotionTrack(np.ones((1, 1), np.float32), ("neutral",), spread)
    stored = named(space="ours", width=1)
    found = [priors(emotion, stored, np.random.default_rng(seed)).item() for seed in range(2000)]
    assert np.mean(found) == pytest.approx(3, abs=0.2) and np.std(found) == pytest.approx(2, abs=0.15)


def test_strength_zero_is_the_stored_neutral() -> None:
    calm = replace(Feeling.of([("happy", 0.7)]), intensity=0.0)
    there = named()
    np.testing.assert_array_equal(
        priors(track(Timeline([(0.0, calm)]), TIMES), there), np.tile(there.means[0], (50, 1))
    )


# ---- tokens


def test_equal_priors_are_looked_up_once() -> None:
    torch = pytest.importorskip("torch")
    seen: list[int] = []

    def thrice(vectors: Any) -> Any:
        """Three tokens, each the prior times its number."""
        assert vectors.shape[0] == 1 and vectors.shape[2] == WIDTH
        seen.append(vectors.shape[1])
        return torch.stack([vectors[0] * n for n in (1, 2, 3)], 1)[None]

    bank: Any = thrice  # all that is asked of a bank
    distinct = torch.randn(40, WIDTH, generator=torch.Generator().manual_seed(0))
    order = torch.randperm(400, generator=torch.Generator().manual_seed(1)) % 40
    found = road.tokens(bank, distinct[order])
    assert sum(seen) == 40 and max(seen) <= road.PRIORS_AT_ONCE
    assert found.shape == (400, 3, WIDTH)
    for frame in (0, 7, 399):
        torch.testing.assert_close(found[frame], torch.stack([distinct[order[frame]] * n for n in (1, 2, 3)]))
    seen.clear()
    road.tokens(bank, distinct[:1].expand(1500, -1))
    assert seen == [1]
