"""Sentences in many languages: the message catalogues (.mo) that programs bring along."""

from __future__ import annotations

import re
import struct
from collections.abc import Iterator
from pathlib import Path

from dicetalk.errors import InputError

MAGIC = {b"\xde\x12\x04\x95": "<", b"\x95\x04\x12\xde": ">"}
"""First bytes of a catalogue, by the order of its numbers' bytes."""
LENGTHS = range(15, 111)
"""Of a sentence [characters]."""
_ODD = re.compile(r"[%{}<>\\/|=@#$0-9~^*\[\]+\"()]|--")
"""Signs of a message that is no plain sentence."""
_SHORTCUTS = re.compile(r"[_&…]")


def read_sentences(folder: Path) -> dict[str, tuple[str, ...]]:
    """Plain sentences by language (`de`, `pt-br`), sorted; English ones are what the catalogues translate.

    Args:
        folder: with `LANGUAGE/LC_MESSAGES/*.mo`, as `/usr/share/locale`.

    Raises:
        InputError: no such folder, or no catalogue in it.
    """
    found: dict[str, set[str]] = {}
    for file in sorted(folder.glob("*/LC_MESSAGES/*.mo")):
        language = file.parent.parent.name.lower().replace("_", "-")
        for original, translated in _messages(file.read_bytes()):
            _add(found, "en", original)
            _add(found, language, translated)
    if not found:
        raise InputError(
            f"{folder} has no message catalogues; expected LANGUAGE/LC_MESSAGES/*.mo, as /usr/share/locale"
        )
    return {language: tuple(sorted(sentences)) for language, sentences in sorted(found.items()) if sentences}


def _add(found: dict[str, set[str]], language: str, message: bytes) -> None:
    try:
        sentence = " ".join(_SHORTCUTS.sub("", message.decode()).split())
    except UnicodeDecodeError:
        return  # catalogues of old programs have encodings of their own
    if len(sentence) in LENGTHS and " " in sentence and not _ODD.search(sentence):
        found.setdefault(language, set()).add(sentence)


def _messages(catalogue: bytes) -> Iterator[tuple[bytes, bytes]]:
    """Each original and its translation, the first of several forms; the header, whose original is empty, is left."""
    order = MAGIC.get(catalogue[:4])
    if order is None or len(catalogue) < 20:
        return
    count, originals, translations = struct.unpack_from(f"{order}3I", catalogue, 8)
    for number in range(count):
        try:
            pair = [_text(catalogue, order, table + 8 * number) for table in (originals, translations)]
        except struct.error:
            return  # a catalogue that lacks its end
        if pair[0]:
            yield pair[0], pair[1]


def _text(catalogue: bytes, order: str, entry: int) -> bytes:
    length, start = struct.unpack_from(f"{order}2I", catalogue, entry)
    return catalogue[start : start + length].split(b"\0")[0]
