"""`dicetalk batch`: every row of a manifest -> a video."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dicetalk.cli.display import Display, display
from dicetalk.cli.failures import DONE, OUR_FAULT, YOURS_TO_FIX
from dicetalk.cli.heavy import HeavyCommand
from dicetalk.cli.paths import FILE, FOLDER
from dicetalk.cli.streams import printable

if TYPE_CHECKING:
    from dicetalk.batch.batch import Watch
    from dicetalk.batch.work import Outcome

EXAMPLES = """\b
Examples:
  dicetalk batch jobs.csv -o out/                        jobs.csv: portrait,speech,emotion,output,...: docs/batch.md
  dicetalk batch jobs.csv -o out/ --workers 4            the same again makes what is not there yet, or has changed
  dicetalk batch jobs.jsonl -o out/ --ray 10.0.0.7:6379  on a Ray cluster
"""


@click.command(cls=HeavyCommand, epilog=EXAMPLES)
@click.argument("manifest", type=FILE)
@click.option("--output", "-o", "out", type=FOLDER, required=True, help="The folder for videos and reports.")
@click.option(
    "--workers",
    metavar="N",
    type=click.IntRange(1, 1024),
    help="Videos at a time, each in a process of its own.  [default: 1; with --ray, the cluster's processors]",
)
@click.option(
    "--ray",
    metavar="ADDRESS",
    help="Make them on a Ray cluster: HOST:PORT of its head, or auto, typed on one of its machines. All of them must "
    "see the same files under the same names.",
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object about the batch, or about the error.")
@click.option("--quiet", "-q", is_flag=True, help="No progress and no messages, but for errors.")
def batch(manifest: Path, out: Path, workers: int | None, ray: str | None, as_json: bool, quiet: bool) -> int:
    """Make a video of every row of MANIFEST, a .csv or .jsonl file.

    Its columns are the arguments and options of `dicetalk generate`; inputs are named as they are typed there. What was
    made before of the same inputs, with the same settings and version, is kept. A row that fails is told with its
    reason, and stops no other. OUT/report.csv and OUT/report.html show what became of each. Exit code 0: all are there;
    2: some are not, and you can fix it; 1: one failed by a fault of ours.
    """
    from dicetalk.batch.batch import Way, run_batch

    with display(quiet) as shown:
        outcomes = run_batch(manifest, out, Way(workers=workers, ray=ray), _watch(shown, as_json))
    _report(outcomes, out, as_json, quiet)
    return _code(outcomes)


def _watch(shown: Display, silent: bool) -> Watch:
    """Shows how far the batch is, with the time that is left by what has been made until now."""
    from dicetalk.batch.batch import Watch

    class Shown(Watch):
        def __init__(self) -> None:
            self._parts: dict[int, float] = {}
            self._videos = 0

        def begin(self, videos: int) -> None:
            self._videos, self._parts = videos, {}

        def part(self, row: int, part: float) -> None:
            self._parts[row] = part
            if self._videos:
                shown.count(sum(self._parts.values()), self._videos, "making", "videos")

        def end(self, outcome: Outcome) -> None:
            if outcome.state == "failed" and not silent:
                print(printable(f"row {outcome.row}: {outcome.told['error']}"), file=sys.stderr)
            self.part(outcome.row, 1.0)

    return Shown()


def _report(outcomes: Sequence[Outcome], out: Path, as_json: bool, quiet: bool) -> None:
    counts = Counter(one.state for one in outcomes)
    if as_json:
        rows = [{"row": one.row, "state": one.state, **one.told} for one in outcomes]
        told = {state: counts[state] for state in ("made", "kept", "failed")}
        print(json.dumps({**told, "report": str(out / "report.csv"), "sheet": str(out / "report.html"), "rows": rows}))
    elif not quiet:
        told_counts = ", ".join(f"{count} {state}" for state, count in sorted(counts.items(), reverse=True))
        print(printable(f"{out}: {told_counts} of {len(outcomes)}; see {out / 'report.html'}"), file=sys.stderr)


def _code(outcomes: Sequence[Outcome]) -> int:
    from dicetalk.batch.work import FAULT

    failed = [one for one in outcomes if one.state == "failed"]
    if not failed:
        return DONE
    return OUR_FAULT if any(one.told["kind"] == FAULT for one in failed) else YOURS_TO_FIX
