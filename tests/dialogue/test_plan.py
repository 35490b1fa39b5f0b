"""Plans: written, edited, given back, locked and planned anew."""

from __future__ import annotations

import json
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest

from dicetalk.dialogue.plan import (
    Plan,
    Planned,
    course_of,
    from_json,
    locks_of,
    moments_of,
    plan_from,
    plan_of,
    raised,
    read_plan,
    table,
    to_json,
    write_plan,
)
from dicetalk.dialogue.script import Line, script_of
from dicetalk.dialogue.staging import felt_by, spoken_moments
from dicetalk.emotion.feeling import Feeling, mix
from dicetalk.errors import EmotionError, InputError

SCRIPT = """\
ANNA: I am so sorry, I lost my dog this morning.
BEN: Where did you see him last?
ANNA [happy:0.7, locked]: He is back! Thank you so much!
"""


@pytest.fixture(scope="module")
def plan() -> Plan:
    return plan_of(script_of(SCRIPT))


def test_what_the_author_asks_for_is_locked(plan: Plan) -> None:
    assert [planned.locked for planned in plan.lines] == [False, False, True]
    assert plan.lines[2].feeling.strengths == {"happy": 0.7}
    assert plan.speakers == ("ANNA", "BEN")
    assert all(planned.feeling.why for planned in plan.lines[:2])


def test_what_is_not_locked_is_raised_until_it_is_named() -> None:
    felt = (("angry", 0.3, False), ("angry", 0.3, True), ("surprised", 0.2, False), ("neutral", 0.5, False))
    lines = [Planned(Line("ANNA", "Well.", 1), mix(**{name: strength}), locked) for name, strength, locked in felt]
    plan, warnings = raised(Plan(tuple(lines)), 0.7)
    first, *others = plan.lines
    assert first.feeling.intensity > 0.7 and "would name it" in first.feeling.why
    assert others == lines[1:] and len(warnings) == 1 and "surprised" in warnings[0]
    assert raised(plan, 0.7)[0] == plan and raised(plan, None) == (plan, ())


def test_a_timeline_of_a_plan_drops_nothing_as_the_film_does() -> None:
    unsure = replace(mix(sad=0.5), confidence=0.1)
    unsure_plan = Plan((Planned(Line("ANNA", "Well.", 1), unsure),))
    told = course_of(unsure_plan).timeline("ANNA")
    shown = felt_by("ANNA", unsure_plan, spoken_moments(unsure_plan, [1.0]))
    assert told.keys[0][1] == shown.keys[0][1] == unsure


def test_a_plan_is_written_and_read_back(tmp_path: Path, plan: Plan) -> None:
    write_plan(tmp_path / "plan.json", plan)
    again = plan_from(tmp_path / "plan.json")
    assert to_json(again) == to_json(plan)
    assert to_json(read_plan(tmp_path / "plan.json").anew()) == to_json(plan)


def test_an_edited_plan_is_used_as_it_is(tmp_path: Path, plan: Plan) -> None:
    told = to_json(plan)
    told["lines"][1]["emotion"] = "angry:0.4"
    (tmp_path / "plan.json").write_text(json.dumps(told))
    assert read_plan(tmp_path / "plan.json").lines[1].feeling.strengths == {"angry": 0.4}


def test_locks() -> None:
    plan = plan_of([Line("A", "The train leaves at nine."), Line("B", "I see.")])
    locked = plan.locking(locks_of(["2=sad:0.8"])).anew()
    assert locked.lines[1].locked and locked.lines[1].feeling == mix(sad=0.8)
    with pytest.raises(InputError, match="no line 3 to lock; the script has 2"):
        plan.locking(locks_of(["3=sad"]))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("sad", "expected a line and what is felt in it"),
        ("0=sad", "expected a line"),
        ("-1=sad", "expected a line"),
        ("x=sad", "expected a line"),
        ("1=sat", "unknown emotion 'sat'"),
        ("99999999999999=sad", "expected a line"),
    ],
)
def test_locks_that_are_none(text: str, message: str) -> None:
    with pytest.raises(InputError, match=message):
        locks_of([text])


def test_a_line_is_locked_once() -> None:
    with pytest.raises(InputError, match="line 1 is locked twice"):
        locks_of(["1=sad", "1=happy"])


LINE = {"speaker": "A", "text": "Hi.", "emotion": "happy"}


@pytest.mark.parametrize(
    ("value", "message"),
    [
        ([], "the file is not an object"),
        ({}, "no field 'lines'"),
        ({"lines": []}, "no list of lines"),
        ({"lines": [3]}, r"lines\[0\] is not an object"),
        ({"lines": [LINE, {"speaker": "A"}]}, r"lines\[1\]: no field 'emotion'"),
        ({"lines": [LINE | {"emotion": "hapy"}]}, "did you mean 'happy'"),
        ({"lines": [LINE | {"locked": 1}]}, '"locked" is .1.; expected true or false'),
        ({"lines": [LINE | {"text": " "}]}, "expected words"),
        ({"lines": [LINE | {"speaker": 3}]}, "expected text"),
        ({"lines": [LINE | {"confidence": 2}]}, r"lines\[0\]: the confidence|lines\[0\]"),
        ({"lines": [LINE | {"colour": "red"}]}, "unknown field 'colour'"),
        ({"lines": [LINE] * 2001}, "2001 lines"),
    ],
)
def test_plans_that_are_none(value: Any, message: str) -> None:
    with pytest.raises(EmotionError, match=message):
        from_json(value, Path())


def test_a_table_has_a_row_a_line() -> None:
    plan = Plan(
        (Planned(Line("A", "word " * 30), mix(happy=0.5, sad=0.2)), Planned(Line("Ben", "No."), Feeling(), True))
    )
    first, second = table(plan)
    assert "happy 0.50, sad 0.20" in first and "..." in first
    assert "locked" in second and "neutral" in second


def test_lines_follow_one_another() -> None:
    moments = moments_of([Line("A", "word " * 30), Line("B", "No.")])
    assert moments[0].start == 0 and moments[0].end < moments[1].start < moments[1].end
