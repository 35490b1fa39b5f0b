"""Letters and the phones that they may stand for."""

from __future__ import annotations

import pytest

from dicetalk.speech.broad import PHONES
from dicetalk.words.letters import choices


def may_sound(word: str, phones: str) -> bool:
    """Whether a word may sound like these phones, one for one."""
    wanted = [PHONES.index(name) for name in phones.split()]
    found = choices(word)
    return len(found) == len(wanted) and all(phone in choice for phone, choice in zip(wanted, found, strict=True))


@pytest.mark.parametrize(
    ("word", "phones"),
    [
        ("ship", "SH I P"),
        ("this", "TH I S"),
        ("phone", "F O N"),
        ("night", "N A I T"),
        ("face", "F E S"),
        ("came", "K E M"),
        ("bridge", "P R I SH"),
        ("happy", "H EH P I"),
        ("schön", "SH UE N"),
        ("Ёж", "O SH"),
        ("шум", "SH U M"),
        ("λίμνη", "L I M N I"),
        ("カメ", "K A M EH"),
        ("3", "TH R I"),
    ],
)
def test_words_of_many_scripts(word: str, phones: str) -> None:
    assert may_sound(word, phones), [[PHONES[phone] for phone in choice] for choice in choices(word)]


@pytest.mark.parametrize("word", ["", "—", "\u200b", "🙂", "’", "\ud800"])
def test_what_is_no_letter_has_no_sound(word: str) -> None:
    assert choices(word) == []
