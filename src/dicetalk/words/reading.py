"""Text as it is given: typed, or in a file; whole, or line by line in constant memory."""

from __future__ import annotations

import codecs
from collections.abc import Iterator
from pathlib import Path
from typing import TextIO

from dicetalk.errors import InputError
from dicetalk.files import existing_file

LONGEST_SCRIPT = 5_000_000
"""Of a file that is read at once [bytes]: some hundred hours of speech."""
LONGEST_LINE = 1_000_000
"""Of a file that is read line by line [characters]."""
SUFFIXES = (".txt", ".md")
"""Of text files."""
_MARKS = {codecs.BOM_UTF16_LE: "utf-16", codecs.BOM_UTF16_BE: "utf-16"}
"""How files begin that some editors write as "Unicode"."""


def read_words(given: str) -> str:
    """What stands in a file of that name, or the words themselves where there is none.

    Raises:
        InputError: the file is no text, or too large; or nothing is said.
    """
    text = read_text(Path(given)) if is_file(given) else given
    if not text.strip():
        raise InputError("the text is empty; expected words, or a text file with some")
    if any(ord(sign) < 32 and not sign.isspace() for sign in text):
        raise InputError("the text holds control characters; expected plain text")
    return text


def names_text(given: str) -> bool:
    """Whether that is the name of a text file, by its suffix."""
    return given.strip().lower().endswith(SUFFIXES) and "\n" not in given.strip()


def is_file(given: str) -> bool:
    """Whether there is a file of that name, or somebody plainly meant one."""
    try:
        found = Path(given).is_file()
    except (OSError, ValueError):  # longer than any name, or with a NUL
        return False
    if not found and names_text(given) and len(given.split()) == 1:
        raise InputError(f"there is no file {given}; expected words, or a text file")
    return found


def read_text(path: Path) -> str:
    """A text file, UTF-8 (or UTF-16 where it begins with its mark), whole.

    Raises:
        InputError: it is too large, or no text.
        MediaError: it cannot be read.
    """
    existing_file(path)
    size = path.stat().st_size
    if size > LONGEST_SCRIPT:
        raise InputError(
            f"{path} has {size / 1e6:.0f} MB; a script has at most {LONGEST_SCRIPT / 1e6:.0f}; cut it into parts"
        )
    with _opened(path) as file:
        return "\n".join(_decoded(path, file))


def read_lines(path: Path) -> Iterator[str]:
    """The lines of a text file of any length, without their ends, one after the other.

    Raises:
        InputError: a line is too long, or no text.
        MediaError: the file cannot be read.
    """
    existing_file(path)
    with _opened(path) as file:
        yield from _decoded(path, file)


def _opened(path: Path) -> TextIO:
    with path.open("rb") as file:
        start = file.read(4096)
    encoding = _MARKS.get(start[:2], "utf-8-sig")
    if encoding == "utf-8-sig" and b"\0" in start:
        raise InputError(f"{path} is no text (a zero byte near its start); expected UTF-8 text")
    return path.open(encoding=encoding, errors="strict")


def _decoded(path: Path, file: TextIO) -> Iterator[str]:
    number = 0
    while True:
        number += 1
        try:
            line = file.readline(LONGEST_LINE + 1)
        except UnicodeError:
            raise InputError(f"{path} is no UTF-8 text (in or behind line {number}); save it as UTF-8") from None
        if len(line) > LONGEST_LINE:
            raise InputError(f"line {number} of {path} has over {LONGEST_LINE:,} characters; break it up")
        if not line:
            return
        if "\0" in line:
            raise InputError(f"{path} is no text (a zero byte in line {number}); expected UTF-8 text")
        yield line.removesuffix("\n")
