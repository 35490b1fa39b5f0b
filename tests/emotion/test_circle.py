"""The circle: known numbers, and what holds for every mixture."""

from __future__ import annotations

import json
import math

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from numpy.typing import NDArray
from places import SHARED
from safetensors.numpy import load_file

from dicetalk.emotion.circle import MIKELS, WHEEL, apart, compare, nearest, turn
from dicetalk.emotion.clarity import CLARITIES, STRENGTHS, strength_of
from dicetalk.emotion.feeling import Feeling, mix
from dicetalk.emotion.vocabulary import NAMES

GOLDEN = SHARED / "golden" / "relatives"
needs_golden = pytest.mark.skipif(not GOLDEN.is_dir(), reason="the golden data (../shared/golden) is not here")

ANGLES = {"sad": 1, "fear": 3, "surprised": 4.5, "happy": 10, "angry": 13, "contempt": 14, "disgusted": 15}
shares = st.lists(st.floats(0, 1), min_size=8, max_size=8).filter(lambda some: sum(some) > 0.01)


def one_hot(name: str) -> NDArray[np.float64]:
    return np.eye(len(NAMES))[NAMES.index(name)]


def whole(some: list[float]) -> NDArray[np.float64]:
    return np.array(some) / sum(some)


@needs_golden
def test_places_are_the_published_ones() -> None:
    golden = load_file(GOLDEN / "circle.safetensors")
    facts = json.loads((GOLDEN / "circle.json").read_text())
    assert MIKELS.names == tuple(facts["order"])
    assert [*MIKELS.angles.values()] == [eighths * math.pi / 8 for eighths in facts["angles_in_pi_over_8"]]
    for what in ("label", "predicted"):
        place = MIKELS.place(golden[what])
        clear = golden[f"{what}_r"] >= 1e-3
        np.testing.assert_allclose(place.x, golden[f"{what}_x"], atol=1e-5)
        np.testing.assert_allclose(place.y, golden[f"{what}_y"], atol=1e-5)
        np.testing.assert_allclose(place.clarity, golden[f"{what}_r"], atol=1e-5)
        assert np.abs(turn(place.angle - golden[f"{what}_theta"]))[clear].max() < 1e-5
        sided = (place.clarity >= 0.05) & (np.abs(np.cos(place.angle)) > 1e-6)
        assert ((place.polarity > 0.5) == golden[f"{what}_polarity"])[sided].all()


@pytest.mark.parametrize("name", ANGLES)
def test_a_name_lies_at_its_own_angle(name: str) -> None:
    place = WHEEL.place(one_hot(name))
    assert float(turn(place.angle - ANGLES[name] * math.pi / 8)) == pytest.approx(0, abs=1e-12)
    assert float(place.clarity) == pytest.approx(1)
    assert nearest(float(place.angle)) == name


def test_neutral_is_the_centre() -> None:
    place = WHEEL.place(one_hot("neutral"))
    assert float(place.clarity) == 0
    assert float(place.polarity) == 0.5


@given(shares, shares, st.floats(0, 1))
def test_places_add_up(some: list[float], other: list[float], share: float) -> None:
    one, two = WHEEL.place(whole(some)), WHEEL.place(whole(other))
    both = WHEEL.place(share * whole(some) + (1 - share) * whole(other))
    assert float(both.x) == pytest.approx(share * float(one.x) + (1 - share) * float(two.x))
    assert float(both.y) == pytest.approx(share * float(one.y) + (1 - share) * float(two.y))


@given(shares)
def test_nothing_lies_outside(some: list[float]) -> None:
    place = WHEEL.place(whole(some))
    assert float(place.clarity) <= 1 + 1e-12
    assert 0 <= float(place.polarity) <= 1


@given(shares)
def test_there_and_back(some: list[float]) -> None:
    place = WHEEL.place(whole(some))
    found = WHEEL.mixture(float(place.angle), float(place.clarity))
    back = WHEEL.place(found)
    assert found.min() >= 0 and found.sum() == pytest.approx(1)
    assert (found[1:] > 0).sum() <= 2
    assert (float(back.x), float(back.y)) == pytest.approx((float(place.x), float(place.y)), abs=1e-9)


@given(st.floats(-10, 10), st.floats(0, 1), st.integers(-5, 5))
def test_whole_turns_change_nothing(angle: float, clarity: float, turns: int) -> None:
    found, turned = WHEEL.mixture(angle, clarity), WHEEL.mixture(angle + turns * math.tau, clarity)
    np.testing.assert_allclose(found, turned, atol=1e-9)
    assert float(turn(angle + turns * math.tau - turn(angle))) == pytest.approx(0, abs=1e-9)


def test_what_two_names_cannot_say_so_clearly_keeps_its_angle() -> None:
    angle = 7.25 * math.pi / 8  # midway between surprise and joy, which are far apart
    found = WHEEL.place(WHEEL.mixture(angle, 1.0))
    assert float(found.angle) == pytest.approx(angle)
    assert float(found.clarity) == pytest.approx(math.cos(2.75 * math.pi / 8))


def test_places_of_a_track() -> None:
    track = np.stack([one_hot("sad"), one_hot("happy"), one_hot("neutral")])
    assert WHEEL.place(track[None]).x.shape == (1, 3)
    degrees = apart(track, np.stack([one_hot("fear")] * 3))
    assert degrees[:2] == pytest.approx([45, 157.5])
    assert np.isnan(degrees[2])


def test_asked_and_shown_in_one_line() -> None:
    found = compare(mix(angry=0.8), mix(disgusted=0.5))
    assert found.degrees == pytest.approx(45)
    assert found.clarity == pytest.approx(-0.3)
    assert not found.disagrees
    assert str(found) == "asked 292° / 0.80 (angry), shown 337° / 0.50 (disgusted): 45° apart, less clear by 0.30"


def test_neighbours_across_the_seam_are_near() -> None:
    assert compare(one_hot("disgusted"), one_hot("sad")).degrees == pytest.approx(45)


def test_what_is_neutral_has_no_angle() -> None:
    found = compare(Feeling(), mix(sad=0.7))
    assert found.degrees is None and not found.disagrees
    assert "asked 0.00 (neutral)" in str(found) and "no angle" in str(found)


def test_joy_and_grief_disagree() -> None:
    assert compare(mix(happy=0.7), mix(sad=0.7)).disagrees


@pytest.mark.parametrize("channel", STRENGTHS)
def test_what_is_clearer_was_acted_more_strongly(channel: str) -> None:
    found = strength_of(np.linspace(0, 1, 101), channel)  # type: ignore[arg-type]
    assert (np.diff(found) >= 0).all()
    assert found[0] == 0 and found[-1] <= 1
    assert strength_of(CLARITIES, channel).tolist() == [*STRENGTHS[channel]]  # type: ignore[arg-type,index]
