"""The planner: what a locked line changes and what nothing changes, how feelings come and go."""

from __future__ import annotations

from collections.abc import Sequence

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from dicetalk.dialogue.plan import moments_of
from dicetalk.dialogue.script import Line
from dicetalk.emotion.feeling import Feeling, mix
from dicetalk.sources.dialogue import DialogueSource, known_of, strongest
from dicetalk.sources.source import MomentSource
from dicetalk.sources.turns import EMOTIONS, LEVELS, shipped_turns

TALK = [
    ("A", "Good morning! How can I help you?"),
    ("B", "I am so sorry, I lost my dog in the park."),
    ("A", "Oh no! Where did you see him last?"),
    ("B", "By the gate, at nine o'clock."),
    ("A", "Here he is! We found him."),
    ("B", "Oh, thank you so much! That is wonderful!"),
]


def planned(talk: Sequence[tuple[str, str]], locked: dict[int, Feeling] | None = None) -> list[Feeling]:
    return DialogueSource(locked or {}).feel_each(moments_of([Line(name, text) for name, text in talk]))


def told(feelings: Sequence[Feeling]) -> list[tuple[dict[str, float], float]]:
    return [(feeling.strengths, feeling.confidence) for feeling in feelings]


def test_it_is_a_source_of_moments() -> None:
    source: MomentSource = DialogueSource()
    assert source.feel_each([]) == []


def test_words_move_it() -> None:
    feelings = planned(TALK)
    assert strongest(feelings[1]) == "sad" and strongest(feelings[5]) == "happy"
    assert "sorry" in feelings[1].why and "thank" in feelings[5].why
    assert all(feeling.why and 0 < feeling.confidence < 1 for feeling in feelings)


def test_plain_lines_are_plain() -> None:
    plain = ["The train leaves at nine.", "Which platform?", "Platform four.", "How much is a ticket?", "Ten dollars."]
    feelings = planned([("AB"[number % 2], text) for number, text in enumerate(plain)])
    assert [strongest(feeling) for feeling in feelings].count("neutral") >= 4


def test_names_of_speakers_and_pauses_do_not_matter() -> None:
    named = planned([({"A": "Zoë", "B": "李明"}[name], text) for name, text in TALK])
    assert told(named) == told(planned(TALK))


@pytest.mark.parametrize("locked", [{}, {3: mix(angry=0.9)}])
def test_far_lines_do_not_matter_to_each_other(locked: dict[int, Feeling]) -> None:
    """A lock is felt by lines at most three away, and by what stays of it in the same person's."""
    long = TALK * 3
    without, having = planned(long), planned(long, locked)
    assert told(without[11:]) == told(having[11:])


@given(
    index=st.integers(0, len(TALK) - 1),
    name=st.sampled_from(["angry", "happy", "sad", "contempt"]),
    strength=st.floats(0.1, 1),
)
@settings(deadline=None, max_examples=6)
def test_a_locked_line_stays_exactly_as_it_is(index: int, name: str, strength: float) -> None:
    asked = mix(**{name: strength})
    feelings = planned(TALK, {index: asked})
    assert feelings[index] is asked
    others = [told(planned(TALK))[i] for i in range(len(TALK)) if i != index]
    assert others != [told(feelings)[i] for i in range(len(TALK)) if i != index]  # they answer to it


def test_neighbours_lean_towards_what_is_locked() -> None:
    talk = [("A", "Look at this."), ("B", "What is it?"), ("A", "It is a letter."), ("B", "I see.")]
    free = planned(talk)
    for name in ("happy", "sad", "angry"):
        around = planned(talk, {0: mix(**{name: 0.9})})
        assert around[2].strengths.get(name, 0) > free[2].strengths.get(name, 0)


def test_all_lines_may_be_locked() -> None:
    asked = {index: mix(sad=0.3) for index in range(len(TALK))}
    assert planned(TALK, asked) == list(asked.values())


def test_a_feeling_fades_over_the_plain_lines_that_follow() -> None:
    talk = [("A", "Go away!"), *[(name, "It is nine o'clock.") for name in "BABABA"]]
    feelings = planned(talk, {0: mix(angry=1.0), **{i: Feeling() for i in (1, 3, 5)}})
    anger = [feelings[index].strengths.get("angry", 0.0) for index in (0, 2, 4, 6)]
    assert anger == sorted(anger, reverse=True) and anger[-1] < 0.15


def test_what_is_felt_again_grows() -> None:
    line = ("A", "Thank you so much! That is wonderful!")
    once, again = (planned(talk)[-1] for talk in ([("B", "I see."), line], [line, line]))
    assert again.intensity > once.intensity and "again" in again.why


@pytest.mark.parametrize("text", ["Hm.", "？！", "Я потерял собаку.", "我的狗丢了", "7", "ok " * 1500])
def test_one_line_of_one_speaker_is_enough(text: str) -> None:
    (feeling,) = planned([("A", text)])
    assert 0 <= feeling.confidence <= 1


@pytest.mark.parametrize("text", ["Я потерял собаку.", "我的狗丢了", "Ich habe meinen Hund verloren."])
def test_of_other_languages_it_is_unsure_and_says_why(text: str) -> None:
    (feeling,) = planned([("A", text)])
    assert feeling.confidence < 0.5
    assert "words, of English alone" in feeling.why


def test_what_the_model_knows_of_a_feeling() -> None:
    for feeling, name, level in (
        (mix(happy=0.9, sad=0.1), "happy", 2),
        (mix(contempt=0.3), "disgusted", 0),
        (mix(sad=0.2, fear=0.4), "fear", 1),
        (Feeling(), "neutral", 0),
    ):
        known = known_of(feeling)
        assert EMOTIONS[int(known[:7].argmax())] == name and int(known[7:].argmax()) == level
        assert known.sum() == 2


def test_what_ships_is_whole() -> None:
    model = shipped_turns()
    for part in (model.free, model.tied):
        assert part.weights.shape[1] == len(EMOTIONS) + len(LEVELS) == len(part.lean)
        assert np.isfinite(part.weights).all()
