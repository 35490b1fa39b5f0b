"""The report: a table of what became of each row."""

from __future__ import annotations

import csv
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from dicetalk.batch.places import REPORT, SHEET
from dicetalk.batch.sheet import write_page
from dicetalk.batch.work import Outcome
from dicetalk.files import whole

COLUMNS = (
    "row", "state", "output", "portrait", "speech", "emotion", "backbone", "seed", "seconds", "frames", "elapsed_s",
    "shown", "sure", "agrees", "agreement", "missed", "viewers", "warnings", "error", "kind",
)  # fmt: skip
FORMULAS = ("=", "+", "-", "@")
"""A text that begins so would be computed by programs for tables."""


def write_reports(folder: Path, outcomes: Sequence[Outcome]) -> None:
    """Write report.csv and report.html, each whole or not at all.

    Raises:
        MediaError: one cannot be written.
    """
    with whole(folder / REPORT) as hidden, hidden.open("w", newline="", encoding="utf-8") as file:
        table = csv.DictWriter(file, COLUMNS)
        table.writeheader()
        table.writerows({name: _cell(value) for name, value in _row(one).items()} for one in outcomes)
    write_page(folder / SHEET, outcomes)


def _row(one: Outcome) -> dict[str, Any]:
    asked = {} if one.job is None else one.job.to_json()
    told = {**asked, **one.told, **_checked(one.told), "warnings": "; ".join(one.told.get("warnings", ()))}
    return {"row": one.row, "state": one.state} | {name: told.get(name, "") for name in COLUMNS[2:]}


def _checked(told: Mapping[str, Any]) -> dict[str, Any]:
    """What the video shows, where it was read back."""
    found = told.get("check", {})
    if "shown" not in found:
        return {}
    votes = found["votes"].get("both", found["votes"].get("face", {}))
    shown, viewers = (max(shares, key=shares.__getitem__, default="") for shares in (found["shown"], votes))
    return {
        "shown": shown,
        "sure": found["confidence"],
        "agrees": found["agree"],
        "agreement": found.get("agreement"),  # a record of a batch that was begun by an older version has none
        "missed": ", ".join(found.get("missed", ())),
        "viewers": viewers,
    }


def _cell(value: Any) -> Any:
    if value is None:
        return ""
    return f"'{value}" if isinstance(value, str) and value.startswith(FORMULAS) else value
