"""Text, cut into sentences and words."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from dicetalk.words.script import ScriptLine, script_lines
from dicetalk.words.sentences import sentences, words


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("I lost my dog. I am sad!", ["I lost my dog.", "I am sad!"]),
        ("Mr. Brown saw Dr. J. Smith. He left.", ["Mr. Brown saw Dr. J. Smith.", "He left."]),
        ('"Stop!" she said. "Why?"', ['"Stop!"', "she said.", '"Why?"']),
        ("One line\nanother line\n\n\nlast", ["One line", "another line", "last"]),
        ("我很高兴。他走了！", ["我很高兴。", "他走了！"]),
        ("It costs 3.50 euros.", ["It costs 3.50 euros."]),
        ("... --- ...", []),
        ("", []),
    ],
)
def test_sentences(text: str, expected: list[str]) -> None:
    assert [sentence.text for sentence in sentences(text)] == expected


@given(st.text(max_size=200))
def test_places_are_true_and_no_word_is_lost(text: str) -> None:
    found = sentences(text)
    assert all(text[one.start : one.start + len(one.text)] == one.text for one in found)
    inside = [word.text for one in found for word in words(one.text)]
    assert inside == [word.text for word in words(text)]


def test_words_keep_what_joins_them() -> None:
    assert [word.text for word in words("Don't re-read it, o’clock 12.5!")] == [
        "Don't",
        "re-read",
        "it",
        "o’clock",
        "12.5",
    ]


def test_labels_and_directions_of_a_script() -> None:
    text = "[sad] I lost my dog. He is gone. [a door slams] [happy:0.7] There he is!"
    assert script_lines(text) == [
        ScriptLine("I lost my dog.", "sad"),
        ScriptLine("He is gone."),
        ScriptLine("There he is!", "happy:0.7"),
    ]
