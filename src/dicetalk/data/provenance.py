"""By what a folder of prepared data was made, in a file of its own: the work goes on with nothing else."""

from __future__ import annotations

import json
from collections.abc import Mapping
from pathlib import Path

from dicetalk.errors import InputError
from dicetalk.files import existing_file, remove_abandoned, whole, writing

RECORD = "made.json"
Record = dict[str, object]


def claim(out: Path, made_by: Record, held: bool) -> Record:
    """Make a folder, or make sure that it was made by the same; gives what it says of itself.

    Args:
        out: the folder.
        made_by: what it is to be made by; comes back from JSON as it is.
        held: whether there are files in it already.

    Raises:
        InputError: it was made by something else, or cannot be made.
    """
    with writing(out):
        out.mkdir(parents=True, exist_ok=True)
    remove_abandoned(out)
    before = read_record(out)
    if before is None and held:
        raise InputError(f"{out} has files of which nothing says how they were made; give another folder")
    if before is None:
        write_record(out, made_by)
        return made_by
    for what, now in made_by.items():
        if what not in before:
            raise InputError(f"{out} was made of other material; give another folder")
        if before[what] != now:
            raise InputError(
                f"{out} was made with {what} {_told(before[what])}, not {_told(now)}; "
                "give it the same, or give another folder"
            )
    return before


def _told(value: object) -> str:
    return ", ".join(f"{name} {each}" for name, each in value.items()) if isinstance(value, dict) else str(value)


def write_record(out: Path, record: Mapping[str, object]) -> None:
    """Write what a folder says of itself."""
    with whole(out / RECORD) as hidden:
        hidden.write_text(json.dumps(record, indent=1) + "\n", encoding="utf-8")


def read_record(out: Path) -> Record | None:
    """What a folder says of itself, if it says something.

    Raises:
        InputError: that cannot be read.
    """
    file = out / RECORD
    if not file.exists():
        return None
    try:
        record = json.loads(existing_file(file).read_bytes())
    except ValueError:
        record = None
    if not isinstance(record, dict):
        raise InputError(f"{file} is damaged; give another folder")
    return record
