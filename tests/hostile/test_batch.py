"""Hostile input in a batch: all cases are rows of one manifest, and each ends as itself."""

from __future__ import annotations

import csv
import json
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import pytest
from hostile.cases import Door
from hostile.doors import assert_right, assert_shown, assert_told, command, environment, fields_of, with_paths
from hostile.table import CASES, at
from hostile.watch import MOST_BYTES, Scales, files

DOOR: Door = "batch"
pytestmark = [pytest.mark.timeout(600), pytest.mark.skipif(sys.platform == "win32", reason="pipes and links of POSIX")]


@pytest.fixture(scope="module")
def desk(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("desk")


def name_of(number: int) -> str:
    return f"v{number}.mp4"


@pytest.fixture(scope="module")
def records(request: pytest.FixtureRequest, desk: Path) -> Mapping[str, Mapping[str, Any]]:
    """What became of each row; the batch as a whole is looked at here."""
    names = at(DOOR, request.config.getoption("--hostile"))
    rows = [
        {"output": name_of(number), **with_paths(fields_of(CASES[name], desk / str(number)))}
        for number, name in enumerate(names)
    ]
    (desk / "jobs.jsonl").write_text("".join(json.dumps(row) + "\n" for row in rows), encoding="utf-8")
    before = files(desk)
    words = command("batch", "jobs.jsonl", "-o", "out", "--workers", "2", "--json")
    around = environment(desk / "temporary")
    with subprocess.Popen(words, cwd=desk, env=around, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        scales = Scales(process.pid)
        out, err = process.communicate()
    assert scales.stop() < MOST_BYTES
    told = json.loads(out)
    assert process.returncode == 2 and err == b"", err
    assert not files(desk / "temporary")
    made = {desk / row["output"] for row in told["rows"] if row["state"] == "made"}
    left = {path for path in files(desk) - before if ".batch" not in path.parts}
    assert left == made | {desk / "out" / name for name in ("report.csv", "report.html")}
    by_row = {row["row"]: row for row in told["rows"]}
    return {name: by_row[number] for number, name in enumerate(names, 1)}


def test_a_case(name: str, records: Mapping[str, Mapping[str, Any]], desk: Path) -> None:
    case, record = CASES[name], records[name]
    if case.said_at(DOOR):
        assert record["state"] == "failed", record
        assert_told(case, DOOR, record["error"], record["kind"])
    else:
        assert record["state"] == "made", record
        assert_right(case, record)
        assert_shown(desk / record["output"], record)


def test_the_report_has_each_row(records: Mapping[str, Mapping[str, Any]], desk: Path) -> None:
    with (desk / "out" / "report.csv").open(newline="", encoding="utf-8") as file:
        rows = list(csv.DictReader(file))
    assert [row["state"] for row in rows] == [record["state"] for record in records.values()]
    assert all(bool(row["error"]) == (row["state"] == "failed") for row in rows)
    assert "<script>alert" not in (desk / "out" / "report.html").read_text(encoding="utf-8")
