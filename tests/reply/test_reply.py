"""Replies: planned in five steps, read strictly, mended once, with beats that are the whole line."""

from __future__ import annotations

import copy
import json
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dicetalk.emotion.vocabulary import NAMES
from dicetalk.errors import InputError
from dicetalk.reply.ask import reply_to, task
from dicetalk.reply.character import Character, read_character
from dicetalk.reply.fake import ANSWER, Fake
from dicetalk.reply.history import LAST, read_history
from dicetalk.reply.model import Message
from dicetalk.reply.planned import planned

CHAT = [Message("user", "I passed the exam, and nobody called.")]
USUAL = Character()


def answer(**changes: Any) -> str:
    return json.dumps({**copy.deepcopy(ANSWER), **changes})


def beats(*pairs: tuple[str, str, float]) -> list[dict[str, Any]]:
    return [{"words": words, "emotion": emotion, "strength": strength} for words, emotion, strength in pairs]


def test_the_fake_replies() -> None:
    found = reply_to(CHAT, Fake(), USUAL)
    assert len(found.steps) == 5
    assert " ".join(beat.words for beat in found.beats) == found.reply
    assert found.feeling.strengths == {"happy": 0.4}
    told = found.to_json()
    assert sum(told["weights"].values()) == pytest.approx(1)
    assert [beat["emotion"] for beat in told["beats"]] == ["neutral", "happy:0.7"]


def test_an_answer_is_mended_once() -> None:
    class Listening(Fake):
        def complete(self, messages: Any) -> str:
            asked.append(list(messages))
            return super().complete(messages)

    asked: list[list[Message]] = []
    found = reply_to(CHAT, Listening(["Sure! Here it is:", answer()]), USUAL)
    assert found.reply == ANSWER["reply"]
    assert [message.role for message in asked[1]] == ["system", "user", "assistant", "user"]
    assert "not JSON" in asked[1][-1].content


def test_one_that_is_wrong_twice_is_an_error_that_tells_nothing_of_it() -> None:
    with pytest.raises(InputError, match="mended once") as raised:
        reply_to(CHAT, Fake(["I passed the exam"] * 2), USUAL)
    assert "exam" not in str(raised.value)
    assert "\n" not in str(raised.value)


def test_a_fence_around_the_answer_is_taken_off() -> None:
    assert planned(f"```json\n{answer()}\n```", USUAL).reply == ANSWER["reply"]


LONG = "well " * 31


@pytest.mark.parametrize(
    ("text", "why"),
    [
        ("", "not JSON"),
        ("null", "no object"),
        ("[1]", "no object"),
        ("NaN", "not JSON"),
        ("[" * 50_000, "not JSON"),
        (answer(more=1), "unknown field"),
        (answer(steps=["one"]), "5 lines"),
        (answer(steps=["a", "b", "c", "d", 5]), "text as a step"),
        (answer(reply=LONG, beats=beats((LONG, "happy", 0.5))), "31 words"),
        (answer(reply=""), "text as"),
        (answer(reply="...", beats=beats(("...", "happy", 0.5))), "without words"),
        (answer(reply="a\x00b"), "control characters"),
        (answer(feeling="happy"), "object of emotions"),
        (answer(feeling={"gleeful-ish": 0.4}), "wrong in its emotions"),
        (answer(feeling={"happy": 0.7, "sad": 0.7}), "wrong in its emotions"),
        (answer(feeling={"happy": 2}), "a strength"),
        (answer(feeling={"happy": True}), "a strength"),
        (answer(feeling={"happy": 0.2, "joy": 0.2}), "wrong in its emotions"),
        (answer(beats=[]), "beats"),
        (answer(beats=beats(("Thank you", "happy", 0.5))), "are not those"),
        (answer(beats=beats((str(ANSWER["reply"]), "happy", -0.1))), "strength"),
        (answer(beats=["x"]), "no object"),
    ],
)
def test_what_is_wrong_is_told_so_that_it_can_be_mended(text: str, why: str) -> None:
    with pytest.raises(ValueError, match=why) as raised:
        planned(text, USUAL)
    assert "\n" not in str(raised.value)


JSON = st.recursive(
    st.none() | st.booleans() | st.floats() | st.text(max_size=5) | st.integers(),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from([*ANSWER, "words"]), inner, max_size=4),
    max_leaves=12,
)


@given(st.fixed_dictionaries({name: JSON | st.just(value) for name, value in ANSWER.items()}))
def test_any_answer_is_read_or_refused(value: dict[str, Any]) -> None:
    try:
        found = planned(json.dumps(value), USUAL)
    except ValueError as error:
        assert "\n" not in str(error)
    else:
        assert found.reply


def test_a_character_shows_no_more_than_it_does() -> None:
    found = planned(answer(), Character(most=0.5))
    assert found.beats[1].feeling.strengths == pytest.approx({"happy": 0.5})
    with pytest.raises(ValueError, match="never shows happy"):
        planned(answer(), Character(never=("happy",)))


def test_a_character_is_told_anew_after_any_number_of_turns(tmp_path: Path) -> None:
    class Listening(Fake):
        def complete(self, messages: Any) -> str:
            assert messages[0] == Message("system", task(mara))
            assert len(messages) <= LAST + 1
            return super().complete(messages)

    mara = Character("Mara", "dry, loyal", most=0.6, never=("angry",))
    assert "Mara" in task(mara)
    assert "dry, loyal" in task(mara)
    assert "never show: angry" in task(mara)
    assert "stronger than 0.6" in task(mara)
    assert all(name in task(mara) for name in NAMES)
    chat = []
    for turn in range(25):
        chat.append({"role": "user", "content": f"turn {turn}"})
        path = tmp_path / "chat.json"
        path.write_text(json.dumps(chat))
        reply = reply_to(read_history(path), Listening(), mara).reply
        chat.append({"role": "assistant", "content": reply})


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("[]", "holds no chat"),
        ("{}", "holds no chat"),
        ("7", "holds no chat"),
        ("nothing", "not JSON"),
        ('["hello"]', "message 0 is no object"),
        ('[{"role": "user"}]', 'without "content"'),
        ('[{"role": "system", "content": "obey"}]', "another role"),
        ('[{"role": "user", "content": ""}]', "without text"),
        ('[{"role": "user", "content": 5}]', "without text"),
        ('[{"role": "assistant", "content": "hi"}]', "our own"),
        ('[{"role": "user", "content": "' + "x" * 9000 + '"}]', "9000 characters"),
        ("[" * 100_000, "not JSON"),
    ],
)
def test_no_chat_is_told(tmp_path: Path, text: str, line: str) -> None:
    path = tmp_path / "chat.json"
    path.write_text(text)
    with pytest.raises(InputError, match=line) as raised:
        read_history(path)
    assert "\n" not in str(raised.value)


def test_a_card_is_read(tmp_path: Path) -> None:
    path = tmp_path / "card.json"
    path.write_text('{"temper": "dry", "most": 0.5, "never": ["anger", "fearful"], "words": 12}')
    assert read_character(path) == Character("", "dry", 0.5, ("angry", "fear"), 12)


@pytest.mark.parametrize(
    ("text", "line"),
    [
        ("{}", "temper"),
        ('{"temper": ""}', "temper"),
        ('{"temper": "dry", "most": 2}', "from 0 to 1"),
        ('{"temper": "dry", "never": "angry"}', "list of emotions"),
        ('{"temper": "dry", "never": ["neutral"]}', "without neutral"),
        ('{"temper": "dry", "never": ["peckish"]}', "peckish"),
        ('{"temper": "dry", "words": 31}', "from 1 to 30"),
        ('{"temper": "dry", "limits": 1}', "unknown field"),
    ],
)
def test_a_wrong_card_is_told(tmp_path: Path, text: str, line: str) -> None:
    path = tmp_path / "card.json"
    path.write_text(text)
    with pytest.raises(InputError, match=line):
        read_character(path)
