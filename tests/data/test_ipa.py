"""Phones of any alphabet are broad phones."""

from __future__ import annotations

import pytest

from dicetalk.data.ipa import ALPHABETS, broad_phones
from dicetalk.speech.broad import PHONES


def said(symbol: str, alphabet: str = "ipa") -> list[str]:
    return [PHONES[part.phone] for part in broad_phones(symbol, alphabet)]


@pytest.mark.parametrize(
    ("symbol", "expected"),
    [
        ("p", ["P", "H"]),
        ("b", ["P"]),
        ("bʰ", ["P", "H"]),
        ("m̩", ["M"]),
        ("pf", ["P", "H", "F"]),
        ("tʃ", ["SH"]),
        ("dʒ", ["SH"]),
        ("ts", ["S"]),
        ("aɪ", ["A", "I"]),
        ("ɛ̃", ["EH"]),
        ("oː", ["O"]),
        ("ɹ", ["R"]),
        ("r", ["RR"]),
        ("", ["SIL"]),
        ("ˈ", ["SIL"]),
    ],
)
def test_ipa(symbol: str, expected: list[str]) -> None:
    assert said(symbol) == expected


@pytest.mark.parametrize(
    ("alphabet", "symbol", "expected"),
    [
        ("en", "jh", ["SH"]),
        ("en", "ow", ["O", "U"]),
        ("en", "pau", ["SIL"]),
        ("en", "r", ["R"]),
        ("it", "a1", ["A"]),
        ("it", "E1", ["EH"]),
        ("cs", "ch", ["H"]),
        ("cs", "c~", ["SH"]),
        ("fi", "@:", ["EH"]),
        ("ru", "pp", ["P", "H"]),
        ("ru", "sch", ["SH"]),
        ("ca", "ax", ["AX"]),
    ],
)
def test_alphabets(alphabet: str, symbol: str, expected: list[str]) -> None:
    assert said(symbol, alphabet) == expected


def test_shares_are_the_whole_phone_and_voicing_is_told() -> None:
    for symbol in ("aɪə", "pf", "tʰ", "ja"):
        assert sum(part.share for part in broad_phones(symbol)) == pytest.approx(1)
    assert [broad_phones(symbol)[0].voiced for symbol in "pbsza"] == [False, True, False, True, True]
    assert "ipa" in ALPHABETS
