"""What was read of a recording: told as JSON and taken back."""

from __future__ import annotations

import json
from typing import Any

import pytest

from dicetalk.emotion.timeline import Timeline
from dicetalk.errors import InputError
from dicetalk.reading.reading import Move, Reading, Window, from_json, mean_of

CALM = Window(0.0, 1.0, (0.75, 0.25, 0, 0, 0, 0, 0, 0), 0.2, 0.25, 0.8)
ANGRY = Window(1.0, 4.0, (0.25, 0.75, 0, 0, 0, 0, 0, 0), 0.6, 0.75, 0.4)


def reading(**given: Any) -> Reading:
    windows = (CALM, ANGRY)
    return Reading(4.0, windows, windows, None, ((), (Move("raised brows", 0.5),)), lacks="x has no sound", **given)


def test_what_is_told_comes_back_the_same() -> None:
    before = reading()
    assert from_json(json.loads(json.dumps(before.as_json()))) == before


def test_what_was_asked_for_comes_back() -> None:
    before = reading(asked=Timeline([(0.0, "neutral"), (2.0, "angry:0.8")]))
    after = from_json(json.loads(json.dumps(before.as_json() | {"caption": "Calm at first."}))).asked
    assert after is not None
    assert [(time, str(feeling)) for time, feeling in after.keys] == [(0.0, "neutral"), (2.0, "angry:0.8")]


def test_a_window_names_what_is_likeliest() -> None:
    assert (CALM.name, ANGRY.name) == ("neutral", "angry")
    assert ANGRY.ranked[:2] == ("angry", "neutral")
    assert sorted(ANGRY.ranked) == sorted(CALM.ranked)


def test_long_windows_count_for_more() -> None:
    whole = mean_of((CALM, ANGRY))
    assert (whole.start, whole.end) == (0.0, 4.0)
    assert whole.weights[1] == pytest.approx((0.25 + 3 * 0.75) / 4)
    assert whole.confidence == pytest.approx((0.8 + 3 * 0.4) / 4)


@pytest.mark.parametrize(
    "wrong",
    [
        {},
        {"seconds": 1.0, "windows": []},
        {"seconds": 1.0, "windows": "none"},
        {"seconds": "long", "windows": [reading().as_json()["windows"][0]]},
        {"seconds": 1.0, "windows": [reading().as_json()["windows"][0] | {"clarity": 2}]},
        {"seconds": 1.0, "windows": [reading().as_json()["windows"][0] | {"weights": {"happy": 3}}]},
        {"seconds": 1.0, "windows": [reading().as_json()["windows"][0] | {"end": -1}]},
        reading().as_json() | {"asked": {"keys": "none"}},
        reading().as_json() | {"moves": [3]},
    ],
)
def test_what_is_no_reading_is_refused_in_one_line(wrong: dict[str, Any]) -> None:
    with pytest.raises(InputError) as told:
        from_json(wrong)
    assert "\n" not in str(told.value)
