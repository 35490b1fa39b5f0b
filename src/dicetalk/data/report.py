"""What became of films that were prepared, on a page with pictures: `report.md`, `kept.jpg`, `dropped.jpg`."""

from __future__ import annotations

import csv
import re
from collections import Counter
from collections.abc import Iterable
from pathlib import Path

from dicetalk.data.prepare import DROPPED, TABLE
from dicetalk.files import whole
from dicetalk.media.picture import read_picture
from dicetalk.media.sheet import spread, write_sheet
from dicetalk.rates import LATENT_FPS

PAGE, THUMBNAILS = "report.md", "thumbnails"
MOST = 24
"""Pictures on a sheet, spread evenly over the clips."""


def write_report(out: Path) -> Path:
    """Write the page of a folder of films that `prepare` has filled; gives its path.

    Raises:
        MediaError: it cannot be written.
    """
    kept, dropped = (list(_rows(out / table)) for table in (TABLE, DROPPED))
    names = {row["name"] for row in kept}
    seen = sorted((out / THUMBNAILS).glob("*.jpg"))
    parts = {"kept": [file for file in seen if file.stem in names], "dropped": [f for f in seen if f.stem not in names]}
    lines = ["# Films that were prepared", "", *_counts(kept, dropped), ""]
    for name, files in parts.items():
        if files:
            write_sheet(out / f"{name}.jpg", [read_picture(files[number]) for number in spread(len(files), MOST)])
            lines += [f"## {name}", "", f"![{name}]({name}.jpg)", ""]
    with whole(out / PAGE) as hidden:
        hidden.write_text("\n".join(lines), encoding="utf-8")
    return out / PAGE


def _rows(table: Path) -> Iterable[dict[str, str]]:
    with table.open(newline="", encoding="utf-8") as file:
        yield from csv.DictReader(file)


def _counts(kept: list[dict[str, str]], dropped: list[dict[str, str]]) -> list[str]:
    hours = sum(int(row["frames"]) for row in kept) / LATENT_FPS / 3600
    people = len({row["identity"] for row in kept})
    emotions = Counter(row["emotion"] or "unknown" for row in kept)
    offsets = Counter(row["offset"] or "not sure" for row in kept)
    return [
        f"{len(kept)} clips of {people} people are kept, {hours:.2g} h; {len(dropped)} files are dropped.",
        "",
        *_table("emotion", emotions),
        "",
        *_table("pictures after the sound [frames of 1/25 s]", offsets),
        "",
        *_table("why dropped", Counter(_kind(row["reason"]) for row in dropped)),
    ]


def _kind(reason: str) -> str:
    """A reason without the names of files and the numbers in it."""
    return re.sub(r"\d+(\.\d+)?", "N", re.sub(r"\S*[/\\]\S*", "it", reason))


def _table(what: str, counts: Counter[str]) -> list[str]:
    rows = [f"| {name} | {count} |" for name, count in counts.most_common()]
    return [f"| {what} | clips |", "|---|---|", *rows]
