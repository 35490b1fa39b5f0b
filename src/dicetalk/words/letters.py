"""Letters of any script -> the broad phones that they may stand for, roughly: enough to find known words in a sound.

No language is asked for. Latin letters stand for what they mostly do in Europe, with what English does to groups of
them; those of other scripts go by their names in Unicode ("CYRILLIC SMALL LETTER SHA" begins with SH).
"""

from __future__ import annotations

import re
import unicodedata
from functools import cache

from dicetalk.speech.broad import PHONES

Choice = tuple[int, ...]
"""Rows of `PHONES` of which any may be heard."""

_GROUPS = {
    "tion": "SH AX N", "sion": "SH AX N", "ough": "O|AO|U|A", "augh": "AO|A", "eigh": "E I", "sch": "SH", "tch": "SH",
    "igh": "A I", "eau": "O", "oui": "W I", "ngu": "N K", "dge": "SH AX|E", "chr": "K R|RR", "ere": "EH|I R|AX E",
    "ch": "SH|K|H", "sh": "SH", "ph": "F", "th": "TH|T", "gh": "K|H", "wh": "W", "ck": "K", "ng": "N", "qu": "K W",
    "kn": "N", "wr": "R", "ps": "P S", "sc": "S|K|SH", "cz": "SH", "sz": "SH|S", "rz": "SH", "zh": "SH", "gn": "N",
    "ll": "L|I", "ñ": "N I", "ee": "I|E", "oo": "U", "ou": "A|U|O U", "ow": "A|O U", "ea": "I|EH", "ai": "E|A|EH I",
    "ay": "E|A I", "ei": "E|A I", "ey": "E|I I", "ie": "I", "oa": "O", "oi": "AO|W I|A", "oy": "AO I",
    "au": "AO|A|O U", "aw": "AO", "ew": "U", "eu": "UE|AO I|UE|U", "ue": "U|UE", "ui": "U|I",
    "er": "AX|EH|R R|AX|RR", "ir": "AX|I R|AX|RR",
    "ur": "AX|U R|AX|RR", "or": "AO R|AX|RR", "ar": "A R|AX|RR", "ge": "SH|K AX|E", "gi": "SH|K I",
    "ce": "S|SH E|AX|EH", "ci": "S|SH I", "cy": "S I",
}  # fmt: skip
_LETTERS = {
    "a": "A|EH|E|AX|AO", "b": "P", "c": "K|S|SH", "d": "T|TH", "e": "EH|E|AX|I", "f": "F", "g": "K|SH|H", "h": "H",
    "i": "I|A|AX|E", "j": "SH|I|H", "k": "K", "l": "L", "m": "M", "n": "N", "o": "O|AO|A|AX|U", "p": "P", "q": "K",
    "r": "R|RR|AX|H", "s": "S|SH", "t": "T|TH|SH", "u": "U|UE|A|AX", "v": "F|P|W", "w": "W|F", "x": "K S",
    "y": "I|A|UE",
    "z": "S|SH", "ä": "EH|A", "ö": "UE|O", "ü": "UE|U", "ß": "S", "å": "O|AO|A", "æ": "EH", "ø": "UE", "œ": "UE",
    "ı": "AX|I",
    "ł": "W|L", "ð": "TH", "þ": "TH", "đ": "T|SH", "ç": "S|SH", "š": "SH", "ž": "SH", "č": "SH", "ş": "SH",
}  # fmt: skip
_VOWELS = "aeiouy"
_DOUBLED = "bcdfgklmnprstvz"
_NUMBERS = ("zero", "one", "two", "three", "four", "five", "six", "seven", "eight", "nine")
_SYLLABIC = ("HIRAGANA", "KATAKANA", "HANGUL")
"""Scripts in which a sign is as many phones as its name has."""


def choices(word: str) -> list[Choice]:
    """What a word may sound like, one phone after the other; any may be left out, and none is known of some signs.

    A figure is read as in English, digit by digit.
    """
    text = unicodedata.normalize("NFC", word.lower())
    return [choice for part in _parts(text) for choice in part]


def _parts(text: str) -> list[tuple[Choice, ...]]:
    found, place = [], 0
    while place < len(text):
        length = _length(text, place)
        found.append(_heard(text[place : place + length]))
        place += length
        if text[place - 1] in _DOUBLED and text[place : place + 1] == text[place - 1]:
            place += 1
    if len(text) > 3 and text[-1] == "e" and text[-2] in _DOUBLED:
        found[-1] = found[-1][:-1]  # mostly silent, in English and French
    return found


def _length(text: str, place: int) -> int:
    """Of the longest group of letters there."""
    return next(
        (size for size in (4, 3, 2) if len(group := text[place : place + size]) == size and group in _GROUPS), 1
    )


@cache
def _heard(letters: str) -> tuple[Choice, ...]:
    if letters in _GROUPS or letters in _LETTERS:
        return _read(_GROUPS.get(letters) or _LETTERS[letters])
    if letters.isdecimal():
        return tuple(choices(_NUMBERS[int(letters)]))
    plain = unicodedata.normalize("NFD", letters)[0]
    return _read(_LETTERS[plain]) if plain in _LETTERS else _by_name(letters)


def _by_name(sign: str) -> tuple[Choice, ...]:
    """By the last word of its name: all of a syllable; of a letter its first consonant, or the vowels before that."""
    script, *words = unicodedata.name(sign, "UNKNOWN").partition(" WITH ")[0].split()
    if not (words and words[-1].isalpha() and sign.isalpha()) or words[-1] == "SIGN":
        return ()
    name = words[-1].lower()
    if script in _SYLLABIC:
        return tuple(choices(name))
    if len(name) == 2 and name[0] == "e" and name[1] not in _VOWELS:  # em, en, er of Cyrillic
        name = name[1]
    first = re.match(f"[{_VOWELS}]*", name)
    assert first is not None
    if first.group():
        return (tuple(sorted({phone for letter in first.group() for choice in choices(letter) for phone in choice})),)
    return tuple(choices(name)[:1])


def _read(phones: str) -> tuple[Choice, ...]:
    return tuple(tuple(PHONES.index(name) for name in choice.split("|")) for choice in phones.split())
