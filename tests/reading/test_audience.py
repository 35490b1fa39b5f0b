"""An audience's votes: shares, whatever is asked; the emotion that is there, the stronger the more of them."""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from safetensors.numpy import load_file, save_file

from dicetalk.emotion.vocabulary import NAMES
from dicetalk.errors import CheckpointError, EmotionError
from dicetalk.reading.audience import (
    CHANNELS,
    COLUMNS,
    FOLDER,
    MODULE,
    TEN,
    VOTED,
    Votes,
    open_audience,
    shipped_audience,
    tenths_of,
)
from dicetalk.reading.reading import Window

SHARES = st.lists(st.floats(0, 1), min_size=8, max_size=8).filter(lambda some: sum(some) > 0.1)
STRENGTHS = st.floats(0, 1)


def pure(name: str) -> np.ndarray:
    return np.eye(len(NAMES))[NAMES.index(name)]


def window(weights: np.ndarray, strength: float, start: float = 0.0, end: float = 1.0) -> Window:
    return Window(start, end, tuple(weights.tolist()), strength, 0.5, 0.5)


@given(SHARES, STRENGTHS, st.sampled_from(CHANNELS))
def test_shares_add_up_to_one(weights: list[float], strength: float, channel: str) -> None:
    votes = shipped_audience().votes(np.array(weights) / sum(weights), strength, channel)  # type: ignore[arg-type]
    if votes is None:
        assert sum(weights[n] for n in COLUMNS) < 0.5 * sum(weights) + 1e-9
        return
    assert sum(votes.shares) == pytest.approx(1) and min(votes.shares) >= 0
    assert votes.share(["contempt", "surprised"]) == 0
    assert 0 <= votes.clarity <= 1
    low, high = votes.counts(votes.name)
    assert 0 <= low <= high <= TEN


@given(SHARES, STRENGTHS)
def test_a_mixture_gets_the_mean_of_its_parts(weights: list[float], strength: float) -> None:
    audience, shares = shipped_audience(), np.array(weights) / sum(weights)
    parts = [shares[NAMES.index(name)] * audience.mixed(pure(name), strength, "face") for name in VOTED]
    np.testing.assert_allclose(audience.mixed(shares, strength, "face"), np.sum(parts, axis=0), atol=1e-12)


@pytest.mark.parametrize("channel", CHANNELS)
@pytest.mark.parametrize("name", VOTED[1:])
def test_who_acts_more_strongly_is_never_read_by_fewer(name: str, channel: str) -> None:
    strengths = np.linspace(0, 1, 201)
    weights = np.broadcast_to(pure(name), (len(strengths), 8))
    shares = shipped_audience().mixed(weights, strengths, channel)[:, NAMES.index(name)]  # type: ignore[arg-type]
    assert (np.diff(shares) > -1e-4).all()
    assert shares[-1] > shares[0] + 0.1


def test_rows_are_read_one_by_one() -> None:
    audience, draw = shipped_audience(), np.random.default_rng(0)
    weights, strengths = draw.dirichlet(np.ones(8), 5), draw.uniform(size=5)
    turned = [3, 1, 4, 0, 2]
    whole = audience.mixed(weights, strengths, "both")
    np.testing.assert_allclose(audience.mixed(weights[turned], strengths[turned], "both"), whole[turned])
    np.testing.assert_allclose(audience.mixed(weights[2], strengths[2], "both"), whole[2])


def test_nothing_felt_is_neutral_whatever_it_would_be() -> None:
    audience = shipped_audience()
    for name in VOTED:
        np.testing.assert_allclose(
            audience.mixed(pure(name), 0.0, "voice"), audience.mixed(pure("neutral"), 1, "voice")
        )


def test_of_contempt_and_surprise_nobody_was_asked() -> None:
    audience = shipped_audience()
    assert audience.votes(pure("surprised"), 0.8) is None
    mostly = audience.votes(0.7 * pure("happy") + 0.3 * pure("contempt"), 0.8)
    plain = audience.votes(pure("happy"), 0.8)
    assert mostly is not None and plain is not None
    assert mostly.known == pytest.approx(0.7) and mostly.shares == pytest.approx(plain.shares)


def test_an_unknown_strength_lies_between_weak_and_strong() -> None:
    audience = shipped_audience()
    low, unknown, high = (audience.votes(pure("angry"), strength) for strength in (0.33, None, 1.0))
    assert low is not None and unknown is not None and high is not None
    assert low.share(["angry"]) < unknown.share(["angry"]) < high.share(["angry"])


def test_windows_count_by_their_length() -> None:
    audience = shipped_audience()
    angry, calm = window(pure("angry"), 1.0, 0, 3), window(pure("neutral"), 0.0, 3, 4)
    found = audience.of_windows((angry, calm), "face")
    one, other = audience.votes(pure("angry"), 1.0, "face"), audience.votes(pure("neutral"), 0.0, "face")
    assert found is not None and one is not None and other is not None
    np.testing.assert_allclose(found.shares, 0.75 * np.array(one.shares) + 0.25 * np.array(other.shares))
    assert audience.of_windows((window(pure("surprised"), 1.0),), "face") is None
    voice, unknown = audience.of_windows((angry,), "voice"), audience.votes(pure("angry"), None, "voice")
    assert voice is not None and unknown is not None and voice.shares == pytest.approx(unknown.shares)
    nothing = audience.of_windows((window(pure("angry"), 1.0, 0, 0),), "face")
    assert nothing is not None and nothing.shares == pytest.approx(one.shares)


@given(SHARES)
def test_tenths_add_up_to_ten(shares: list[float]) -> None:
    tenths = tenths_of(shares)
    assert sum(tenths) == TEN
    assert all(abs(tenth - TEN * share / sum(shares)) < 1 for tenth, share in zip(tenths, shares, strict=True))


def test_votes_are_told_in_a_line() -> None:
    votes = Votes((0.1, 0.7, 0.0, 0.2, 0.0, 0.0, 0.0, 0.0), 6.0)
    assert str(votes) == "of ten, 7 say angry (4 to 10), 2 disgusted, 1 neutral"


def test_who_agree_more_are_clearer_and_surer() -> None:
    even, spread = (Votes((0.3, 0.7, 0.0, 0.0, 0.0, 0.0, 0.0, 0.0), agreement) for agreement in (1e6, 1.0))
    assert spread.clarity > even.clarity
    assert np.diff(spread.counts("angry")) > np.diff(even.counts("angry"))


@pytest.mark.parametrize("weights", [[1.0], "happy", None, [0.5] * 8, [float("nan")] * 8, [2.0, -1.0, *[0.0] * 6]])
def test_what_are_no_shares_is_refused(weights: object) -> None:
    with pytest.raises(EmotionError, match="expected 8 shares that add up to 1"):
        shipped_audience().votes(weights, 0.5)  # type: ignore[arg-type]


def test_a_strength_out_of_range_is_refused() -> None:
    with pytest.raises(EmotionError, match="the strength is 2; expected 0 to 1"):
        shipped_audience().votes(pure("happy"), 2.0)


def test_another_file_is_refused(tmp_path: Path) -> None:
    (tmp_path / "config.json").write_bytes((FOLDER / "config.json").read_bytes())
    held = load_file(FOLDER / f"{MODULE}.safetensors")
    for wrong in (
        b"",
        None,
        {"rest": held["rest"]},
        held | {"rest": held["rest"][:2]},
        held | {"agreement": held["agreement"] * np.nan},
    ):
        if isinstance(wrong, dict):
            save_file(wrong, tmp_path / f"{MODULE}.safetensors")
        elif wrong is not None:
            (tmp_path / f"{MODULE}.safetensors").write_bytes(wrong)
        else:
            (tmp_path / f"{MODULE}.safetensors").unlink()
        with pytest.raises(CheckpointError):
            open_audience(tmp_path)
