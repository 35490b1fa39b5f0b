"""Asked against shown."""

from __future__ import annotations

import json
from dataclasses import replace

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
    assert found is not None and found.agree and found.agreement == 1
    assert found.asked[:, NAMES.index("happy")] == pytest.approx(0.8)
    assert found.degrees is not None and found.degrees < 10
    assert str(found).startswith("asked happy 0.80, neutral 0.20; shown happy 0.93 (sure 0.90): ")


def test_what_was_not_shown_is_told_apart() -> None:
    found = asked_and_shown(Reading(1.0, windows("sad")), Timeline([(0.0, "happy")]))
    assert found is not None and not found.agree
    told = json.loads(json.dumps(found.to_json()))
    assert told["degrees"] > 90 and told["shown"]["sad"] == pytest.approx(0.93) and told["agree"] is False


def test_neutral_has_no_angle() -> None:
    found = asked_and_shown(Reading(1.0, windows("neutral")), Timeline([(0.0, "neutral")]))
    assert found is not None and found.agree and found.to_json()["degrees"] is None and "apart" not in str(found)


CALM_THEN_ANGRY = Timeline([(0.0, "neutral"), (4.0, "angry"), (6.0, "angry"), (6.6, "sad")])


def test_what_changes_is_compared_when_it_was_asked() -> None:
    """On average this shows most of all what was asked least: each window is held against its own time."""
    shown = windows(*["neutral"] * 4, *["angry"] * 2, *["sad"] * 3)
    found = asked_and_shown(Reading(9.0, shown), CALM_THEN_ANGRY)
    assert found is not None and found.agree and found.agreement == 1 and found.missed == ()
    told = json.loads(json.dumps(found.to_json()))
    assert [window["asked"] for window in told["windows"]] == [window["shown"] for window in told["windows"]]
    assert str(found).startswith("from 0 s asked neutral 0.94, shown neutral 0.93 (sure 0.90); from 4 s asked angry")
    assert "as asked" not in str(found) and len(found.brief) < 60


def test_of_a_blend_of_all_the_time_the_averages_are_compared() -> None:
    """Marks tell that happy and sad were asked, and not when: neither is far from what was asked in its own window."""
    asked = Timeline([(0.0, "happy:0.5,surprised:0.5")])
    found = asked_and_shown(Reading(4.0, windows("happy", "happy", "surprised", "surprised")), asked)
    assert found is not None and found.degrees == pytest.approx(0, abs=3)
    one = asked_and_shown(Reading(2.0, windows("happy", "happy")), asked)
    assert one is not None and one.degrees is not None and one.degrees > 20


def test_what_never_shows_is_missed_however_short_it_was() -> None:
    found = asked_and_shown(Reading(9.0, windows(*["neutral"] * 6, *["sad"] * 3)), CALM_THEN_ANGRY)
    assert found is not None and found.missed == ("angry",) and not found.agree
    assert found.agreement == pytest.approx(7 / 9)
    assert "as asked in 7 of 9 s" in str(found) and found.to_json()["missed"] == ["angry"]


def test_what_comes_at_the_wrong_time_does_not_agree() -> None:
    asked = Timeline([(0.0, "angry"), (3.0, "angry"), (3.6, "happy")])
    found = asked_and_shown(Reading(6.0, windows(*["happy"] * 3, *["angry"] * 3)), asked)
    assert found is not None and found.missed == ("angry", "happy")
    averages = found.average(found.asked), found.average(found.shown)
    assert averages[0].argmax() == averages[1].argmax()  # averages see nothing of it


def test_a_weak_feeling_and_calm_are_both_right() -> None:
    weak = Timeline([(0.0, "happy:0.4")])
    for name, right in (("happy", True), ("neutral", True), ("sad", False)):
        found = asked_and_shown(Reading(1.0, windows(name)), weak)
        assert found is not None and found.agree is right


def test_of_many_changes_the_average_is_told() -> None:
    names = ["happy", "sad"] * 4
    asked = Timeline([(float(time), name) for time, name in enumerate(names)], fade=0)
    found = asked_and_shown(Reading(8.0, windows(*names)), asked)
    assert found is not None and found.agree and "on average of 8 parts" in str(found)


def test_what_nobody_read_does_not_count() -> None:
    first, *rest = windows("neutral", "happy", "happy")
    found = asked_and_shown(Reading(3.0, (replace(first, confidence=0.0), *rest)), Timeline([(0.0, "happy")]))
    assert found is not None and found.agreement == 1 and len(found.spans) == 2


def test_the_picture_shows_what_there_is() -> None:
    one, other = windows("happy", "sad"), windows("happy", "happy")
    plain = draw_reading(Reading(2.0, one))
    asked = draw_reading(Reading(2.0, one, one, other, asked=Timeline([(0.0, "angry")])))
    assert plain.shape == asked.shape and (plain != asked).any()
