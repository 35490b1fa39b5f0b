"""`dicetalk evaluate protocol MEAD`: a backbone as papers test theirs, beside real videos and what others printed."""

from __future__ import annotations

import csv
import json
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dicetalk.backbone import DEFAULT, Place, find_backbone
from dicetalk.cli.display import display
from dicetalk.cli.measuring import MeasuredBy, check_folder, left_out, measuring
from dicetalk.cli.paths import FILE, FOLDER
from dicetalk.cli.streams import printable
from dicetalk.cli.svd_options import CommandWithSvd, SvdRequest, svd_options
from dicetalk.errors import InputError

if TYPE_CHECKING:
    from dicetalk.data.clip import Dropped

EXAMPLES = """\b
Examples:
  dicetalk evaluate protocol MEAD/ --plan                         which clips, portraits and emotions; nothing is made
  dicetalk evaluate protocol MEAD/ -o results/ --backbone runs/svd --sync-network syncnet.onnx
  dicetalk evaluate protocol MEAD/ -o more/ --backbone runs/svd --emotion-scale 9 --beside results/protocol.json
"""


@click.command("protocol", cls=CommandWithSvd, epilog=EXAMPLES)
@click.argument("corpus", type=FOLDER)
@click.option("--output", "-o", type=FOLDER, help="A folder for videos, page, JSON and picture; the same goes on.")
@click.option("--backbone", default=DEFAULT, show_default=True, help="What makes the videos: a name, or a folder.")
@click.option("--speakers", help="Who is tested.  [default: MEAD's test speakers, M003,M030,W009,W015]")
@click.option("--clips", default=5, show_default=True, type=click.IntRange(1), help="Of each speaker and emotion.")
@click.option("--level", default="3", show_default=True, type=click.Choice(["1", "2", "3"]), help="Of the emotions.")
@click.option("--seed", default=0, show_default=True, type=click.IntRange(0), help="Which take.")
@click.option("--size", default=256, show_default=True, type=click.IntRange(64, 1024), help="Side of the videos [px].")
@click.option("--plan", "only_plan", is_flag=True, help="Tell the trials as a CSV, and make nothing.")
@click.option("--beside", type=FILE, multiple=True, help="The protocol.json of an earlier run, for further rows.")
@measuring
@svd_options
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--quiet", "-q", is_flag=True, help="No progress and no messages, but for errors.")
def protocol(
    corpus: Path,
    output: Path | None,
    backbone: str,
    speakers: str | None,
    clips: int,
    level: str,
    seed: int,
    size: int,
    only_plan: bool,
    beside: tuple[Path, ...],
    measured_by: MeasuredBy,
    svd: SvdRequest,
    as_json: bool,
    quiet: bool,
) -> None:
    """Test a backbone on MEAD, the folder CORPUS, as papers do.

    Each clip of a test speaker is made anew: its sound and its emotion are told, and the portrait is the first frame of
    a neutral clip of the same person that says something else. A backbone that was taught with these people is refused.
    """
    from dicetalk.evaluation.protocol import Choice, check_unseen, plan_mead
    from dicetalk.speech.broad import SHUT

    who = Choice().speakers if speakers is None else tuple(part.strip() for part in speakers.split(",") if part.strip())
    plan = plan_mead(corpus, Choice(who, clips, f"level_{level}"))
    place = find_backbone(backbone)
    svd.refuse_for(place.name)
    seen = check_unseen(place.folder, who)
    if only_plan:
        _tell_plan([trial.to_json() for trial in plan.trials], plan.lacking, seen, as_json)
        return
    if output is None:
        raise InputError("there is no folder for the videos; give one by -o, or ask for the --plan alone")
    if svd.preview is not None:
        raise InputError("nothing is shown while many videos are made; leave --preview out")
    check_folder(output)
    from dicetalk.evaluation.comparison import REFERENCE, VIDEOS
    from dicetalk.evaluation.protocol_report import Run, to_json, write_run
    from dicetalk.evaluation.report import write_report
    from dicetalk.evaluation.standing import columns_of, read_rows, table
    from dicetalk.evaluation.trials import OURS, REAL, Making, digest_of, make_trials
    from dicetalk.evaluation.videos import measure_sets
    from dicetalk.pipeline import load

    others = [row for path in beside for row in read_rows(path)]
    options = measured_by.options(threshold=SHUT)
    options.networks.check()
    making = Making(backbone, seed, size, digest_of(place.folder), str(corpus.resolve()))
    with display(quiet) as shown:

        def told(work: str) -> Callable[[int, int], None]:
            return lambda done, total: shown.count(done, total, work, "clips")

        def drop(clip: Dropped) -> None:
            if not quiet:
                left_out(clip)

        talk = load(backbone, _options_of(place, svd))
        made = make_trials(plan, talk, making, output, told("making"), drop, svd.given)
        wanted = {trial.name: trial.clip.emotion for trial in plan.trials if trial.clip.emotion}
        sets = {VIDEOS: made[OURS], REFERENCE: made[REAL]}
        report = measure_sets(sets, dict.fromkeys(sets, wanted), options, told("watching"), drop)
        run = Run(plan, making, svd.given, seen, report, others)
        write_report(report, output, told("drawing"))
        write_run(run, output)
    print(json.dumps(to_json(run)) if as_json else table(run.rows(), columns_of(report.comparison)))


def _options_of(place: Place, svd: SvdRequest) -> object | None:
    """What was typed as options of the backbone; None where nothing was."""
    from dicetalk.backbone import named

    return named(place.kind.options)(**svd.given) if place.kind.options and svd.given else None


def _tell_plan(trials: Sequence[Mapping[str, Any]], lacking: Sequence[str], seen: str, as_json: bool) -> None:
    """The trials as a CSV, or all that is planned as JSON."""
    if as_json:
        print(json.dumps({"trials": list(trials), "lacking": list(lacking), "seen": seen}))
        return
    writer = csv.DictWriter(sys.stdout, list(trials[0]), lineterminator="\n")
    writer.writeheader()
    writer.writerows(trials)
    for line in (seen, *lacking):
        print(printable(line), file=sys.stderr)
