"""The dialogical decoder: its golden numbers, and what it does with little."""

from __future__ import annotations

import json
import math

import pytest
from golden_data import GOLDEN

from dicetalk.conversation.decoder import Decoder, change_odds, decode

FILE = GOLDEN / "relatives" / "ded.json"
COST = 1e-9
EVEN = Decoder(change=0.5)


@pytest.mark.skipif(not FILE.is_file(), reason="the golden data (../shared/golden) is not here")
def test_it_has_the_golden_numbers() -> None:
    cases = json.loads(FILE.read_text())["cases"]
    assert len(cases) == 27
    for case in cases:
        decoder = Decoder(case["p0"], case["alpha"], case["beam"])
        labels, cost = decode(case["logits"], [str(each) for each in case["speakers"]], decoder, case["passes"])
        assert labels == case["labels"]
        assert abs(cost - case["cost"]) < COST


def test_one_turn_is_what_it_looks_like() -> None:
    labels, cost = decode([[0.1, 2.0, -1.0]], ["anna"], EVEN)
    assert labels == [1]
    assert cost == pytest.approx(-2.0 + math.log(2))


def test_no_turn_has_no_states() -> None:
    assert decode([], [], EVEN) == ([], 0.0)


def test_even_odds_of_change_leave_clear_states_alone() -> None:
    clear = [[9.0, 0.0], [0.0, 9.0], [9.0, 0.0], [0.0, 9.0]]
    assert decode(clear, ["a", "a", "b", "a"], EVEN)[0] == [0, 1, 0, 1]


def test_rare_change_holds_a_speaker_but_not_the_other() -> None:
    logits = [[3.0, 0.0], [0.0, 3.0], [0.0, 0.4], [0.4, 0.0]]
    assert decode(logits, ["a", "b", "a", "b"], Decoder(change=0.01))[0] == [0, 1, 0, 1]


def test_names_of_speakers_do_not_matter() -> None:
    logits = [[1.0, 0.2], [0.3, 0.4], [0.1, 0.9]]
    assert decode(logits, ["a", "b", "a"], EVEN) == decode(logits, ["x", "y", "x"], EVEN)


def test_odds_of_change_are_counted_for_each_speaker() -> None:
    dialogue = [("a", 0), ("b", 1), ("a", 0), ("b", 2), ("a", 1)]
    assert change_odds([dialogue]) == pytest.approx((2 + 1) / 3, abs=2e-3)
    assert change_odds([[("a", 0), ("b", 1)]]) == 0.5
    assert 0 < change_odds([[("a", 0), ("a", 1)]]) < 1
