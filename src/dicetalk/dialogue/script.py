"""A script with names, `ANNA: I lost my dog.`, read line by line; docs/feelings.md shows the layouts."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from dataclasses import dataclass, replace
from pathlib import Path

from dicetalk.emotion.feeling import Feeling, short
from dicetalk.emotion.typed import parse
from dicetalk.emotion.vocabulary import ALIASES, NAMES
from dicetalk.errors import EmotionError, InputError
from dicetalk.files import PathLike, read_bytes

MOST_BYTES = 1_000_000
MOST_LINES = 2000
"""Of a script: some hours of talk."""
LONGEST_LINE = 5000
"""What somebody says without a break [characters]: five minutes."""
LONGEST_NAME = 40
MOST_WORDS = 5
"""Of a name."""
COLONS = ":："
OPEN, CLOSE = "([", ")]"
LOCKED = "locked"
"""May stand beside a feeling in brackets, which stays as it is in any case."""
EXPECTED = "expected lines such as ANNA: I lost my dog."
DEEPEST = 3
"""Brackets in brackets."""
_BRACKETS = re.compile(r"\([^()]*\)|\[[^\[\]]*\]")
_COUNTED = re.compile(r"^(?:(?:[-•–—>]|\d{1,4}[.)]|\d{1,2}:\d\d(?::\d\d)?(?:[.,]\d+)?)\s+)+")
_NAMED = re.compile(r"^<?([^<>\t:]{1,40})(?:>\s*|\t+)")
_APART = re.compile(r"^([^:.()\[\]]{1,40}?)(?:\s+[-–—]\s+|\.\s+)(?=\S)")
_STRENGTH = re.compile(r"[^\W\d]\S*\s*:\s*[-+.\d]+")
_MARKS = ("\ufeff", "\u200b", "\u200e", "\u200f")
"""Signs that are not seen."""


@dataclass(frozen=True)
class Line:
    """What somebody says.

    Attributes:
        speaker: the name as it was written first.
        text: the words, in one line; never empty.
        number: of the line of the file where it begins, from 1.
        asked: the feeling that the author asks for; None leaves it to the planner.
    """

    speaker: str
    text: str
    number: int = 0
    asked: Feeling | None = None


@dataclass(frozen=True)
class _Head:
    """The beginning of a line: who speaks, what stands in brackets behind the name, what is said at once."""

    name: str
    notes: tuple[str, ...]
    rest: str
    number: int


def read_script(path: PathLike) -> tuple[Line, ...]:
    """The lines of a script file; UTF-8, or UTF-16 with its mark.

    Raises:
        MediaError: it cannot be read, or is over 1 MB.
        InputError: it is no text, or as `script_of`.
    """
    data = read_bytes(path, MOST_BYTES)
    name = short(Path(path).name)
    try:
        return script_of(_decoded(data), Path(path).parent)
    except InputError as error:
        raise InputError(f"script {name}: {error}") from error


def _decoded(data: bytes) -> str:
    wide = data.startswith((b"\xff\xfe", b"\xfe\xff"))
    try:
        text = data.decode("utf-16" if wide else "utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"not UTF-8 text (byte {error.start}); save it as plain text in UTF-8") from error
    if any(unicodedata.category(sign) == "Cc" and sign not in "\t\n\r\f\v\x1c\x1d\x1e\x85" for sign in text):
        raise InputError("this is no text; save the script as plain text in UTF-8")
    return text


def script_of(text: str, folder: Path = Path()) -> tuple[Line, ...]:
    """The lines of a script.

    Names stand before a colon; or in capitals alone above what is said, or before it with a dot or a dash between. What
    is in brackets is not said; a feeling in the brackets behind a name is what the author asks for.

    Args:
        text: of the script.
        folder: where files of own emotions lie.

    Raises:
        InputError: nothing is said, something by nobody, somebody says nothing, or there is too much (says which line).
        CheckpointError: a file of own emotions is damaged.
    """
    rows = [_clean(row) for row in text.splitlines()]
    heads = [_head(row, number) for number, row in enumerate(rows, start=1)]
    for other in (_stage_head, _apart_head):
        if not any(heads):
            heads = [other(row, number) for number, row in enumerate(rows, start=1)]
    heads = _of_one_kind(heads)
    lines = tuple(_spoken(rows, heads, folder))
    if not lines:
        raise InputError(f"nobody says anything; {EXPECTED}")
    if len(lines) > MOST_LINES:
        raise InputError(f"{len(lines)} lines; expected {MOST_LINES} at most: cut it into scenes")
    return _first_written(lines)


def _clean(row: str) -> str:
    """A row without what only decorates it: signs that are not seen, stars of Markdown, the dash or number of a list, a
    time; and with a colon behind a name that is set apart by a tab or by angles.
    """
    for mark in _MARKS:
        row = row.replace(mark, "")
    row = unicodedata.normalize("NFC", row).replace("*", "").strip()
    return _NAMED.sub(r"\1: ", _COUNTED.sub("", row))


def _head(row: str, number: int) -> _Head | None:
    """`Anna (whispering) [happy:0.7]: I lost my dog.`; None where no name begins the row."""
    colon = _outer_colon(row)
    if colon is None:
        return None
    before, rest = row[:colon], row[colon + 1 :]
    if (rest[:1] in "/\\" and rest) or rest[:1].isdigit():
        return None  # an address, a time of day
    name, notes = _without_brackets(before)
    return _Head(name, notes, rest.strip(), number) if _is_name(name) else None


def _outer_colon(row: str) -> int | None:
    """Where the first colon outside brackets stands, if it is near enough to the beginning."""
    depth = 0
    for place, sign in enumerate(row[: 4 * LONGEST_NAME]):
        depth += (sign in OPEN) - (sign in CLOSE)
        if sign in COLONS and depth <= 0:
            return place
    return None


def _stage_head(row: str, number: int) -> _Head | None:
    """`ANNA (whispering)` alone in its row, as in screenplays."""
    name, notes = _without_brackets(row)
    shouted = name.isupper() and not row.startswith(tuple(OPEN))
    return _Head(name, notes, "", number) if shouted and _is_name(name) and not _is_place(name) else None


def _apart_head(row: str, number: int) -> _Head | None:
    """`ANNA. I lost my dog.` or `ANNA - I lost my dog.`, as in plays."""
    found = _APART.match(row)
    if found is None or not found[1].isupper() or not _is_name(found[1]) or _is_place(row):
        return None
    return _Head(found[1], (), row[found.end() :], number)


def _is_name(name: str) -> bool:
    words = name.split()
    return (
        0 < len(name) <= LONGEST_NAME
        and len(words) <= MOST_WORDS
        and name[0].isalnum()
        and any(sign.isalpha() for sign in name)
        and not any(sign in '!?,;"“”…' for sign in name)
        and not any(word.endswith(".") and len(word) > 5 for word in words)  # a sentence; Prof. is none
    )


def _is_place(name: str) -> bool:
    """A heading of a screenplay, `INT. KITCHEN - DAY`."""
    return name.startswith(("INT.", "EXT.", "INT/", "EXT/", "FADE ", "CUT TO"))


def _of_one_kind(heads: list[_Head | None]) -> list[_Head | None]:
    """Where most names are in capitals, `Listen: I was there` is no name."""
    names = [head.name for head in heads if head is not None]
    shouted = {same(name) for name in names if name.isupper()}
    cased = [same(name) for name in names if name != name.swapcase()]
    if 2 * sum(name in shouted for name in cased) <= len(cased):
        return heads
    quiet = set(cased) - shouted
    return [None if head is None or same(head.name) in quiet else head for head in heads]


def _spoken(rows: list[str], heads: list[_Head | None], folder: Path) -> Iterator[Line]:
    """What is said, from each name to the next."""
    head: _Head | None = None
    said: list[str] = []
    for number, (row, begins) in enumerate(zip(rows, heads, strict=True), start=1):
        if begins is not None:
            if head is not None:
                yield _line(head, said, folder)
            head, said = begins, [begins.rest]
        elif _is_aside(row, head):
            continue
        elif head is None:
            raise InputError(
                f"line {number}: nobody says {short(row)}; {EXPECTED} (what is not said stands in brackets)"
            )
        else:
            said.append(row)
    if head is not None:
        yield _line(head, said, folder)


def _is_aside(row: str, head: _Head | None) -> bool:
    """Nothing, a heading of Markdown, a place, a rule between scenes, or a direction before anybody speaks."""
    if row.startswith("#") or _is_place(row):
        return True
    words = _without_brackets(row)[0] if head is None else row
    return not any(sign.isalnum() for sign in words)


def _line(head: _Head, said: list[str], folder: Path) -> Line:
    text, notes = _without_brackets(" ".join(row for row in said if row))
    text = _unquoted(text)
    where = f"line {head.number}: {head.name}"
    if not any(sign.isalnum() for sign in text):
        raise InputError(f"{where} says nothing; write what is said behind the name, or leave it out")
    if len(text) > LONGEST_LINE:
        raise InputError(f"{where} says {len(text)} characters at once; expected {LONGEST_LINE} at most")
    try:
        return Line(head.name, text, head.number, _asked((*head.notes, *notes), folder))
    except EmotionError as error:
        raise EmotionError(f"{where}: {error}") from error


def _without_brackets(text: str) -> tuple[str, tuple[str, ...]]:
    """A text without what stands in brackets, and that; a bracket without its other half is a sign like others."""
    notes: list[str] = []
    for _ in range(DEEPEST):
        notes += [found[1:-1] for found in _BRACKETS.findall(text)]
        text = _BRACKETS.sub(" ", text)
    return re.sub(r" ([.,!?;])", r"\1", " ".join(text.split())), tuple(notes)


def _unquoted(text: str) -> str:
    """What is said, without quotation marks around all of it."""
    for left, right in (('"', '"'), ("“", "”"), ("«", "»"), ("„", "“")):
        inside = text[1:-1]
        if len(text) > 2 and text[0] == left and text[-1] == right and left not in inside and right not in inside:
            return inside.strip()
    return text


def _asked(notes: tuple[str, ...], folder: Path) -> Feeling | None:
    """The feeling that brackets ask for: `[happy:0.7, locked]`, `(angry)`; others are directions, `(whispering)`."""
    found = [feeling for feeling in (_feeling(note, folder) for note in notes) if feeling is not None]
    if len(found) > 1:
        raise EmotionError("two feelings are asked for; expected one, as in [happy:0.5,surprised:0.3]")
    return found[0] if found else None


def _feeling(note: str, folder: Path) -> Feeling | None:
    parts = [part.strip() for part in note.split(",")]
    named = [part for part in parts if part.lower() != LOCKED]
    told = len(named) < len(parts) or any(_STRENGTH.fullmatch(part) for part in named)
    plain = bool(named) and all(part.lower() in (*NAMES, *ALIASES) for part in named)
    if not (told or plain):
        return None
    if not named:
        raise EmotionError(f"[{note.strip()}] names no feeling; write which, as in [happy:0.7, locked]")
    return parse(",".join(named), folder)


def _first_written(lines: tuple[Line, ...]) -> tuple[Line, ...]:
    """Lines with each name as it was written first."""
    names: dict[str, str] = {}
    return tuple(replace(line, speaker=names.setdefault(same(line.speaker), line.speaker)) for line in lines)


def same(name: str) -> str:
    """What names have in common that are the same but for capitals and blanks."""
    return " ".join(unicodedata.normalize("NFKC", name).casefold().split())
