"""Text as it is given: words, files, lines; and what is none."""

from __future__ import annotations

from pathlib import Path

import pytest

from dicetalk.errors import InputError, MediaError
from dicetalk.words.reading import LONGEST_LINE, read_lines, read_words


def test_words_or_a_file(tmp_path: Path) -> None:
    file = tmp_path / "script.txt"
    file.write_text("One.\r\nTwo.\r\n", encoding="utf-8")
    assert read_words("I lost my dog.") == "I lost my dog."
    assert read_words(str(file)) == "One.\nTwo."


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16"])
def test_encodings_of_editors(tmp_path: Path, encoding: str) -> None:
    file = tmp_path / "script.txt"
    file.write_text("Ça va?\nÜber 𝄞", encoding=encoding)
    assert list(read_lines(file)) == ["Ça va?", "Über 𝄞"]


@pytest.mark.parametrize(
    "content", [b"\x89PNG\r\n\x1a\n\x00\x00\x00\rIHDR", b"fine\n\xff\xfe\xfd\n", b"late\n" * 2000 + b"\0"]
)
def test_what_is_no_text(tmp_path: Path, content: bytes) -> None:
    file = tmp_path / "picture.txt"
    file.write_bytes(content)
    with pytest.raises(InputError, match="is no"):
        list(read_lines(file))
    with pytest.raises(InputError, match="is no"):
        read_words(str(file))


@pytest.mark.parametrize("text", ["", "  \n\t ", "\u3000"])
def test_nothing_is_said(text: str) -> None:
    with pytest.raises(InputError, match="the text is empty"):
        read_words(text)


def test_control_characters() -> None:
    with pytest.raises(InputError, match="control characters"):
        read_words("I lost\x07 my dog")


def test_a_file_that_is_not_there() -> None:
    with pytest.raises(InputError, match=r"there is no file nowhere\.txt"):
        read_words("nowhere.txt")
    with pytest.raises(MediaError):
        list(read_lines(Path("nowhere.txt")))


def test_a_line_without_an_end(tmp_path: Path) -> None:
    file = tmp_path / "long.txt"
    file.write_text("a" * (LONGEST_LINE + 1), encoding="utf-8")
    with pytest.raises(InputError, match=r"line 1 of .* has over 1,000,000 characters"):
        list(read_lines(file))


def test_a_file_that_is_too_large(tmp_path: Path) -> None:
    file = tmp_path / "large.txt"
    with file.open("wb") as writing:
        writing.truncate(6_000_000)
    with pytest.raises(InputError, match="has 6 MB; a script has at most 5"):
        read_words(str(file))
