"""Asked against shown."""

from __future__ import annotations

import json

import pytest

from dicetalk.emotion.timeline import Timeline
from dicetalk.emotion.vocabulary import NAMES
from dicetalk.reading.compared import asked_and_shown
from dicetalk.reading.picture import draw_reading
from dicetalk.reading.reading import Reading, Window, Windows


def windows(*names: str) -> Windows:
    rows = [tuple(0.93 if name == here else 0.01 for here in NAMES) for name in names]
    return tuple(Window(float(n), n + 1.0, row, 0.7, 0.9, 0.9) for n, row in enumerate(rows))


def test_where_nobody_asked_nothing_is_compared() -> None:
    assert asked_and_shown(Reading(1.0, windows("happy"))) is None


def test_what_was_asked_for_and_shown_agrees() -> None:
    found = asked_and_shown(Reading(2.0, windows("happy", "happy"), asked=Timeline([(0.0, "happy:0.8")])))
    assert found is not None and found.agree
    assert found.asked[NAMES.index("happy")] == pytest.approx(0.8)
    assert found.comparison.degrees is not None and found.comparison.degrees < 10
    assert str(found).startswith("asked happy 0.80, neutral 0.20; shown happy 0.93 (sure 0.90): ")


def test_what_was_not_shown_is_told_apart() -> None:
    found = asked_and_shown(Reading(1.0, windows("sad")), Timeline([(0.0, "happy")]))
    assert found is not None and not found.agree
    told = json.loads(json.dumps(found.to_json()))
    assert told["degrees"] > 90 and told["shown"]["sad"] == pytest.approx(0.93) and told["agree"] is False


def test_neutral_has_no_angle() -> None:
    found = asked_and_shown(Reading(1.0, windows("neutral")), Timeline([(0.0, "neutral")]))
    assert found is not None and found.agree and found.to_json()["degrees"] is None and "apart" not in str(found)


def test_the_picture_shows_what_there_is() -> None:
    one, other = windows("happy", "sad"), windows("happy", "happy")
    plain = draw_reading(Reading(2.0, one))
    asked = draw_reading(Reading(2.0, one, one, other, asked=Timeline([(0.0, "angry")])))
    assert plain.shape == asked.shape and (plain != asked).any()
