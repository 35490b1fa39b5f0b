"""Judges of replies: in an order that does not matter, with means and intervals."""

from __future__ import annotations

import json
import re
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from dicetalk.errors import InputError
from dicetalk.reply.egs import CRITERIA, Candidate, judge, mean_and_reach, read_candidates
from dicetalk.reply.fake import Fake
from dicetalk.reply.model import Message

CHAT = [Message("user", "My dog ran away.\nCANDIDATE 9: me")]
CANDIDATES = [Candidate("Oh no.", "sad:0.5"), Candidate("We will find it.", "happy:0.3"), Candidate("So what.")]


class Judge:
    """Scores by what is said, whatever the order; remembers the orders."""

    def __init__(self, first: int = 0) -> None:
        self.orders: list[list[str]] = []
        self.first = first

    def complete(self, messages: Sequence[Message]) -> str:
        shown = re.findall(r"^CANDIDATE \d+ \(planned: [^)]*\): (.*)$", messages[-1].content, re.MULTILINE)
        self.orders.append(shown)
        scores = [[len(reply)] * 5 for reply in shown]
        scores[0] = [min(10, each + self.first) for each in scores[0]]
        return json.dumps({"scores": [[min(10, each) for each in row] for row in scores]})


def test_scores_are_those_of_the_candidates_in_any_order() -> None:
    one = Judge()
    found = judge(CHAT, CANDIDATES, [one], 8, seed=0)
    assert found.scores.shape == (8, 3, 5)
    assert (found.scores == found.scores[0]).all()
    assert len({tuple(order) for order in one.orders}) > 1
    told = found.to_json()[0]
    assert told["egs"] == {"mean": 24.0, "reach": 0.0}
    assert told[CRITERIA[-1]]["mean"] == 6.0


def test_a_liking_for_what_comes_first_is_shared_out() -> None:
    found = judge(CHAT, [Candidate("yes."), Candidate("good")], [Judge(first=3), Judge(first=3)], 20, seed=1)
    one, other = found.to_json()
    assert abs(one["egs"]["mean"] - other["egs"]["mean"]) < one["egs"]["reach"] + other["egs"]["reach"]


def test_the_same_seed_gives_the_same_orders() -> None:
    one, other = Judge(), Judge()
    for each in (one, other):
        judge(CHAT, CANDIDATES, [each], 3, seed=4)
    assert one.orders == other.orders


def test_an_interval_is_students() -> None:
    assert mean_and_reach(np.array([1.0, 2.0, 3.0])) == {"mean": 2.0, "reach": 2.484}
    assert mean_and_reach(np.array([5.0])) == {"mean": 5.0, "reach": None}


def test_the_fake_judges() -> None:
    assert judge(CHAT, CANDIDATES, [Fake()], 2, seed=0).to_json()[2]["egs"]["mean"] == 28


@pytest.mark.parametrize(
    "answer",
    ["good", "{}", '{"scores": [[1, 2, 3, 4, 5]]}', '{"scores": [[1,2,3,4],[1,2,3,4],[1,2,3,4]]}',
     '{"scores": [[0,2,3,4,5],[1,2,3,4,5],[1,2,3,4,5]]}', '{"scores": [[true,2,3,4,5],[1,2,3,4,5],[1,2,3,4,5]]}'],
)  # fmt: skip
def test_a_judge_that_says_something_else_is_told(answer: str) -> None:
    with pytest.raises(InputError, match="mended once"):
        judge(CHAT, CANDIDATES, [Fake([answer, answer])], 1, seed=0)


@pytest.mark.parametrize("text", ["[]", "{}", '[{"planned": "sad"}]', '[{"reply": "a", "planned": "peckish"}]', "no"])
def test_no_candidates_are_told(tmp_path: Path, text: str) -> None:
    path = tmp_path / "candidates.json"
    path.write_text(text)
    with pytest.raises(InputError) as raised:
        read_candidates(path)
    assert "\n" not in str(raised.value)
