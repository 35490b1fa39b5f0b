"""Phones as synthesisers and dictionaries write them -> the broad phones of `speech.broad`, whatever the language."""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass

from dicetalk.speech.broad import PHONES, SILENCE

_VOICED = {
    "P": "bɓʙ", "M": "mɱ", "F": "vʋβⱱ", "TH": "ðD", "T": "dɖɗɟʄ", "N": "nɲɳɴŋN", "L": "lɫɭʎʟɮ", "S": "z", "SH": "ʒʐʑZ",
    "K": "ɡgɢɠ", "H": "ɣʁʀɦʕʝ", "R": "ɹɻɚɝɺ", "RR": "rɾɽ", "W": "wɥɰ", "I": "iɪɨjI", "A": "aɑɐA", "EH": "ɛæεE",
    "E": "e", "AO": "ɔɒO", "O": "oɤ", "U": "uʊʉU", "UE": "yøœʏɵɶ", "AX": "əʌɜɘɞɯ@",
}  # fmt: skip
_UNVOICED = {"P": "p", "F": "fɸ", "TH": "θT", "T": "tʈc", "L": "ɬ", "S": "s", "SH": "ʃʂɕS", "K": "kq", "H": "xχhħçʔʰ?X"}
_LETTERS = {
    letter: (PHONES.index(phone), voiced)
    for table, voiced in ((_VOICED, True), (_UNVOICED, False))
    for phone, letters in table.items()
    for letter in letters
}
_VOWELS = {PHONES.index(name) for name in ("I", "A", "EH", "E", "AO", "O", "U", "UE", "AX")}
_SIBILANTS = {PHONES.index("S"), PHONES.index("SH")}
_STOPS = {PHONES.index("T")}

BREATH = 0.3
"""Of the time of a p, in which the lips are open again."""

_ARPABET = {
    "aa": "ɑ", "ae": "æ", "ah": "ʌ", "ao": "ɔ", "aw": "aʊ", "ax": "ə", "ay": "aɪ", "ch": "tʃ", "dh": "ð", "eh": "ɛ",
    "er": "ɝ", "ey": "eɪ", "hh": "h", "ih": "ɪ", "iy": "i", "jh": "dʒ", "ng": "ŋ", "ow": "oʊ", "oy": "ɔɪ", "r": "ɹ",
    "sh": "ʃ", "th": "θ", "uh": "ʊ", "uw": "u", "y": "j", "zh": "ʒ", "pau": "", "brth": "", "sil": "", "ssil": "",
}  # fmt: skip
_ROMANCE = {"E1": "ɛ", "O1": "ɔ", "J": "ɲ", "L": "ʎ", "ax": "ə", "rr": "r", "r": "ɾ", "B": "β", "D": "ð", "G": "ɣ"}
_ROMANCE |= {"#": "", "pau": "", "S": "ʃ", "Z": "ʒ", "tS": "tʃ", "dZ": "dʒ"}
_CZECH = {"c": "ts", "c~": "tʃ", "ch": "x", "d~": "ɟ", "t~": "c", "n~": "ɲ", "s~": "ʃ", "z~": "ʒ", "dz~": "dʒ"}
_CZECH |= {"r~": "rʒ", "r~*": "rʃ", "h": "ɦ", "#": "", "_": ""}
_FINNISH = {"7": "ø", "@": "æ", "a": "ɑ", "r": "r", "#": "", "v": "ʋ"}
_RUSSIAN = {"aa": "a", "ay": "ə", "ae": "ɪ", "oo": "o", "ee": "e", "ii": "i", "uu": "u", "ur": "u", "y": "ɨ", "yy": "ɨ"}
_RUSSIAN |= {"h": "x"}
_RUSSIAN |= {letter * 2: letter for letter in "bdfgklmnprstvz"} | {"hh": "x"}
_RUSSIAN |= {"ch": "tɕ", "sh": "ʂ", "zh": "ʐ", "sch": "ɕ", "c": "ts", "pau": "", "#": ""}
ALPHABETS: dict[str, dict[str, str]] = {
    "ipa": {},
    "en": _ARPABET,
    "it": _ROMANCE,
    "ca": _ROMANCE,
    "cs": _CZECH,
    "fi": _FINNISH,
    "ru": _RUSSIAN,
}
"""What the voices of a language write for a phone, in IPA, where that differs; "ipa" is as it is."""


@dataclass(frozen=True)
class Part:
    """What a phone, or a share of one, is.

    Attributes:
        phone: row of `PHONES`.
        voiced: whether the voice sounds.
        share: of the phone's time, 0 to 1.
    """

    phone: int
    voiced: bool
    share: float


def broad_phones(symbol: str, alphabet: str = "ipa") -> tuple[Part, ...]:
    """What a phone is made of, in order; shares sum to 1.

    Diphthongs are two vowels, affricates of one place one phone. What is no phone (stress, length, tone, a pause) is
    silence.
    """
    table = ALPHABETS[alphabet]
    plain = symbol.rstrip("1:") if symbol not in table else symbol
    letters = [_LETTERS[letter] for letter in _bare(table.get(plain, plain)) if letter in _LETTERS]
    merged: list[tuple[int, bool]] = []
    for phone, voiced in letters:
        if merged and (merged[-1][0] == phone or (phone in _SIBILANTS and merged[-1][0] in _STOPS)):
            merged[-1] = phone, voiced
        else:
            merged.append((phone, voiced))
    return _shared(merged) if merged else (Part(SILENCE, False, 1.0),)


def _bare(symbol: str) -> str:
    """Letters without marks: nasal, syllabic, dental."""
    return "".join(letter for letter in unicodedata.normalize("NFD", symbol) if not unicodedata.combining(letter))


def _shared(phones: list[tuple[int, bool]]) -> tuple[Part, ...]:
    """Vowels take twice the time of what goes with them; lips part before a p is over."""
    total = sum(_weight(phone) for phone, _ in phones)
    parts = []
    for phone, voiced in phones:
        share = _weight(phone) / total
        breath = BREATH * share if (phone, voiced) == _LETTERS["p"] else 0.0
        parts.append(Part(phone, voiced, share - breath))
        if breath:
            parts.append(Part(_LETTERS["h"][0], False, breath))
    return tuple(parts)


def _weight(phone: int) -> float:
    return 2.0 if phone in _VOWELS else 1.0
