"""The columns of the report: what of a read video stands in them."""

from __future__ import annotations

import csv
from pathlib import Path
from typing import Any

from dicetalk.batch.report import COLUMNS, write_reports
from dicetalk.batch.work import Outcome
from dicetalk.emotion.timeline import Timeline
from dicetalk.emotion.vocabulary import NAMES
from dicetalk.reading.compared import asked_and_shown
from dicetalk.reading.reading import Reading, Window

PLAIN: dict[str, Any] = {"output": "a.mp4", "seconds": 3.0, "warnings": []}


def checked(*names: str) -> dict[str, Any]:
    """The record of a video that was to be calm for two seconds, then angry, and shows this."""
    rows = [tuple(0.86 if name == here else 0.02 for here in NAMES) for name in names]
    windows = tuple(Window(float(n), n + 1.0, row, 0.7, 0.9, 0.86) for n, row in enumerate(rows))
    asked = Timeline([(0.0, "neutral"), (2.0, "angry")], fade=0)
    found = asked_and_shown(Reading(float(len(rows)), windows, face=windows), asked)
    assert found is not None
    return PLAIN | {"check": found.to_json()}


def rows(folder: Path, *told: dict[str, Any]) -> list[dict[str, str]]:
    write_reports(folder, [Outcome(number, "made", one, None, None) for number, one in enumerate(told, 1)])
    with (folder / "report.csv").open(newline="") as file:
        return list(csv.DictReader(file))


def test_what_was_read_back_stands_in_columns(tmp_path: Path) -> None:
    right, wrong = rows(tmp_path, checked("neutral", "neutral", "angry"), checked(*["neutral"] * 3))
    assert tuple(right) == COLUMNS
    assert (right["shown"], right["agrees"], right["agreement"], right["missed"]) == ("neutral", "True", "1.0", "")
    assert (wrong["shown"], wrong["agrees"], wrong["agreement"], wrong["missed"]) == (
        "neutral", "False", "0.6667", "angry",
    )  # fmt: skip
    assert right["sure"] == "0.86" and right["viewers"] == "neutral"


def test_what_was_not_read_back_leaves_them_empty(tmp_path: Path) -> None:
    for row in rows(tmp_path, PLAIN, PLAIN | {"check": {"error": "neither face nor voice"}}):
        assert {row[name] for name in ("shown", "sure", "agrees", "agreement", "missed", "viewers")} == {""}
