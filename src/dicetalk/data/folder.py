"""Own recordings: a folder with a `clips.csv`.

Columns: `file` (relative to the folder) and `identity`; and, if known, `emotion` (a name or alias of the vocabulary)
and `strength` (0 to 1, default 0.8).
"""

from __future__ import annotations

import csv
from collections.abc import Iterator
from pathlib import Path

from dicetalk.data.clip import Clip, Corpus, Dropped
from dicetalk.emotion.vocabulary import resolve
from dicetalk.errors import EmotionError, InputError, MediaError
from dicetalk.files import existing_file

TABLE = "clips.csv"
VIDEOS = (".mp4", ".mov", ".m4v", ".mkv", ".webm", ".avi", ".flv")


def read_folder(folder: Path) -> Corpus:
    """Clips which `clips.csv` names; a file that is absent or a line that is wrong is dropped with its reason.

    Raises:
        InputError: no `clips.csv`, a column is missing, no line can be used.
    """
    clips: dict[str, Clip] = {}
    dropped: list[Dropped] = []
    for number, row in _rows(folder / TABLE):
        try:
            clip = _clip(folder, row)
            if clip.name in clips:
                raise ValueError("given twice")
            clips[clip.name] = clip
        except (ValueError, EmotionError) as error:
            dropped.append(Dropped(folder / (row["file"] or TABLE), f"line {number}: {error}"))
    if not clips:
        raise InputError(f"no line of {folder / TABLE} can be used ({dropped[0].reason if dropped else 'it is empty'})")
    return Corpus(tuple(clips[name] for name in sorted(clips)), tuple(dropped))


def _rows(table: Path) -> Iterator[tuple[int, dict[str, str]]]:
    """The number and the fields of each line; absent ones are ""."""
    try:
        with existing_file(table).open(newline="", encoding="utf-8-sig") as file:
            reader = csv.DictReader(file, restval="")
            missing = {"file", "identity"} - set(reader.fieldnames or ())
            if missing:
                raise InputError(
                    f"{table} has no column {sorted(missing)[0]!r}; expected file,identity,emotion,strength"
                )
            yield from ((reader.line_num, row) for row in reader)
    except (MediaError, OSError, UnicodeDecodeError, csv.Error) as error:
        raise InputError(
            f"{table} cannot be read ({error}); expected a CSV with file,identity,emotion,strength"
        ) from None


def _clip(folder: Path, row: dict[str, str]) -> Clip:
    name, identity = row["file"].strip(), row["identity"].strip()
    file = folder / name
    if not name or not file.is_file():
        raise ValueError("no such file")
    if not identity:
        raise ValueError("no identity")
    emotion, strength = row.get("emotion", "").strip(), row.get("strength", "").strip()
    number = float(strength) if strength else 0.8
    if not 0 <= number <= 1:
        raise ValueError(f"strength {strength} is not 0 to 1")
    return Clip(
        name=Path(name).with_suffix("").as_posix().replace("/", "_"),
        corpus="folder",
        identity=f"folder_{identity}",
        sound=file,
        video=file if file.suffix.lower() in VIDEOS else None,
        emotion=resolve(emotion) if emotion else None,
        strength=number,
    )
