"""Options by name: what may be set, what it becomes, and what is said of a word that sets nothing."""

from __future__ import annotations

import json
from dataclasses import dataclass, field

import pytest

from dicetalk.config import changed, to_plain
from dicetalk.errors import ConfigError


@dataclass(frozen=True)
class Loop:
    steps: int = 100
    rate: float = 1e-3
    compiled: bool = False


@dataclass(frozen=True)
class Options:
    name: str = "small"
    people: tuple[str, ...] = ("ann", "bob")
    loop: Loop = field(default_factory=Loop)


def test_values_take_the_type_of_those_before() -> None:
    given = ["loop.steps=7", "loop.rate=2", "loop.compiled=True", "name=large", "people=cid, dora ,"]
    found = changed(Options(), given)
    assert found == Options("large", ("cid", "dora"), Loop(7, 2.0, True))
    assert isinstance(found.loop.rate, float)


def test_what_was_given_stays_as_it_is() -> None:
    before = Options()
    changed(before, ["loop.steps=7"])
    assert before == Options() and changed(before, []) is before


def test_the_last_of_two_counts_and_spaces_do_not() -> None:
    assert changed(Options(), ["loop.steps=7", " loop.steps = 9 "]).loop.steps == 9


def test_a_value_may_hold_an_equals_sign_or_be_empty() -> None:
    assert changed(Options(), ["name=a=b"]).name == "a=b"
    assert changed(Options(), ["name="]).name == "" and changed(Options(), ["people="]).people == ()


@pytest.mark.parametrize(
    ("word", "says"),
    [
        ("loop.steps", "'loop.steps' sets nothing; expected an option and a value, as in"),
        ("", "'' sets nothing"),
        ("loop.stops=7", r"no option 'loop\.stops'; did you mean 'steps'\? expected one of: steps, rate, compiled"),
        ("xyz=7", "no option 'xyz'; expected one of: name, people, loop"),
        ("loop=7", r"'loop' is a group of options; set one of: loop\.steps, loop\.rate, loop\.compiled"),
        ("name.first=a", r"no option 'name\.first'; 'name' is a single value"),
        ("loop.steps=many", r"loop\.steps=many is not a number like 100"),
        ("loop.steps=1.5", "is not a number like 100"),
        ("loop.compiled=1", r"loop\.compiled=1 is not true or false"),
    ],
)
def test_words_that_are_refused(word: str, says: str) -> None:
    with pytest.raises(ConfigError, match=says):
        changed(Options(), [word])


def test_plain_values_are_what_json_gives_back() -> None:
    plain = to_plain(Options())
    loop = {"steps": 100, "rate": 1e-3, "compiled": False}
    assert plain == {"name": "small", "people": ["ann", "bob"], "loop": loop}
    assert json.loads(json.dumps(plain)) == plain
