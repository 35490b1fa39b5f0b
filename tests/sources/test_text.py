"""What is felt in what is said."""

from __future__ import annotations

import json
from pathlib import Path

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from dicetalk.emotion.fine import FINE
from dicetalk.emotion.moments import Moment
from dicetalk.emotion.vocabulary import NAMES
from dicetalk.errors import EmotionError, InputError
from dicetalk.sources.scheme import source_of
from dicetalk.sources.text import FOREIGN, Script, Text, feel_line, feel_text, paced
from dicetalk.speech import Hearing
from dicetalk.words.encoder import shipped_encoder
from dicetalk.words.script import script_lines


def top(line: str) -> str:
    [feeling] = Text().feel_each([Moment(0, 1, text=line)])
    return NAMES[int(np.argmax(feeling.weights))]


@pytest.mark.parametrize(
    ("line", "name"),
    [
        ("I lost my dog.", "sad"),
        ("My grandmother died last week and I miss her so much.", "sad"),
        ("I am so happy that we won the championship!", "happy"),
        ("I was terrified when I heard steps in the dark house.", "fear"),
        ("He lied to me again and I am furious!", "angry"),
        ("That is disgusting, there was mould all over the bread.", "disgusted"),
        ("The train to Leeds leaves at nine.", "neutral"),
        ("Add two eggs and stir for five minutes.", "neutral"),
        ("I am not angry at all.", "neutral"),
        ("Where is the station?", "neutral"),
    ],
)
def test_lines_that_leave_no_doubt(line: str, name: str) -> None:
    assert top(line) == name


def test_the_words_that_moved_it() -> None:
    [feeling] = Text().feel_each([Moment(0, 1, text="I lost my dog.")])
    assert "'dog'" in feeling.why or "'lost'" in feeling.why
    assert feeling.intensity > 0.3


@pytest.mark.parametrize("line", ["", "   ", "...", "!?", "12 34", "\ud800", "🙂"])
def test_where_no_word_is_said(line: str) -> None:
    told = feel_line(line, shipped_encoder())
    assert told["weights"]["neutral"] == 1
    assert told["confidence"] == 0
    assert told["why"] == "no word is said: neutral"


@pytest.mark.parametrize(
    "line",
    ["Ich habe gestern meinen Hund verloren.", "Я потерял свою собаку.", "J'ai perdu mon petit chien hier soir."],
)
def test_other_languages_are_told_and_not_guessed(line: str) -> None:
    told = feel_line(line, shipped_encoder())
    assert told["why"].startswith("trained on English, and knows")
    assert told["weights"]["neutral"] == 1
    assert told["confidence"] == 0
    assert feel_text(line, shipped_encoder()).warnings == (FOREIGN,)


@pytest.mark.parametrize("line", ["I lost my dog.", "x" * 100_000, "I am happy " * 9000, "ﷺ \u202e abc", "\t1\v"])
def test_a_line_as_json_holds_it(line: str) -> None:
    told = feel_line(line, shipped_encoder())
    assert list(told) == ["text", "fine", "weights", "intensity", "confidence", "why"]
    assert told["text"] == line
    assert tuple(told["fine"]) == FINE
    assert tuple(told["weights"]) == NAMES
    for shares in (told["fine"], told["weights"]):
        assert sum(shares.values()) == pytest.approx(1, abs=2e-3)
        assert all(0 <= share <= 1 for share in shares.values())
    assert 0 <= told["intensity"] <= 1
    assert 0 <= told["confidence"] <= 1


@given(st.text(max_size=300))
def test_any_line_gets_shares(line: str) -> None:
    told = feel_line(line, shipped_encoder())
    assert sum(told["weights"].values()) == pytest.approx(1, abs=2e-3)
    json.dumps(told)
    script_lines(line)


def test_lines_are_read_alike_alone_and_together() -> None:
    lines = ["I lost my dog.", "The train leaves at nine.", "Hooray!"]
    together = Text().feel_each([Moment(number, number + 1, text=line) for number, line in enumerate(lines)])
    assert together == [Text().feel_each([Moment(0, 1, text=line)])[0] for line in lines]


def test_a_script_at_the_pace_of_speech() -> None:
    course = feel_text("I lost my dog. [happy:0.7] There he is!", shipped_encoder())
    first, second = course.feelings
    assert first.strengths.keys() >= {"sad"}
    assert second.strengths == pytest.approx({"happy": 0.7})
    assert second.why == "typed: happy:0.7"
    assert course.timeline("").keys[0][0] == 0
    assert [moment.text for moment in course.moments] == ["I lost my dog.", "There he is!"]


def test_moments_follow_each_other() -> None:
    moments = paced(["One two three.", "Four."])
    assert moments[0].end < moments[1].start < moments[1].end


def test_without_any_speech() -> None:
    with pytest.raises(EmotionError, match="there is none"):
        Script("I lost my dog.").feel(Hearing(np.zeros(0, np.int16)))


def test_too_much_text_for_the_speech() -> None:
    with pytest.raises(InputError, match="cannot be said in"):
        Script("I lost my dog. " * 100).feel(Hearing(np.zeros(16_000, np.int16)))


def test_what_may_stand_behind_the_scheme(tmp_path: Path) -> None:
    file = tmp_path / "script.txt"
    assert source_of(f"text:{file}").files == (file,)
    assert source_of("text:I lost my dog.").files == ()
    assert source_of("text:I lost my dog.").listens
    with pytest.raises(EmotionError, match="text needs what is said"):
        source_of("text")
