"""`dicetalk evaluate VIDEOS [REFERENCE]`: lips, motion, emotion and identity of talking-head videos."""

from __future__ import annotations

import json
from pathlib import Path

import click

from dicetalk.cli.display import display
from dicetalk.cli.heavy import HeavyCommand
from dicetalk.cli.measuring import MeasuredBy, check_folder, left_out, measuring
from dicetalk.cli.paths import FILE, FOLDER

EXAMPLES = """\b
Examples:
  dicetalk evaluate videos/ reference/ -o results/      one table; page, JSON and pictures in results/
  dicetalk evaluate video.mp4 --json
  dicetalk evaluate videos/ --emotions wanted.csv --judge "python judge.py {frames}"
  dicetalk evaluate videos/ reference/ --fid-network inception.pt --sync-network syncnet.onnx
"""


@click.command("videos", cls=HeavyCommand, epilog=EXAMPLES)
@click.argument("videos", type=FOLDER)
@click.argument("reference", type=FOLDER, required=False)
@click.option("--output", "-o", type=FOLDER, help="A folder for page, JSON and pictures; it may be there already.")
@click.option(
    "--emotions",
    metavar="CSV",
    type=FILE,
    help="What the videos were meant to show: clip,emotion.  [default: clips.csv in VIDEOS, and what `dicetalk "
    "generate --json` told of a video, kept beside it as its name with .json]",
)
@click.option(
    "--threshold",
    type=click.FloatRange(0.15, 0.99),
    help="Likelihood from which a p, b or m counts as heard.  [default: from which `dicetalk generate` shuts lips]",
)
@click.option(
    "--seam-every", metavar="SECONDS", type=click.FloatRange(0.2), help="Look for seams every so many seconds."
)
@measuring
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--quiet", "-q", is_flag=True, help="No progress and no messages, but for errors.")
def videos(
    videos: Path,
    reference: Path | None,
    output: Path | None,
    emotions: Path | None,
    measured_by: MeasuredBy,
    threshold: float | None,
    seam_every: float | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Measure talking-head videos with sound, made by any system.

    VIDEOS is a folder, or one file; REFERENCE one of real videos, under the same names where they show the same. A
    figure a line: the videos, the same faces with another clip's sound and held still, the reference.
    """
    from dicetalk.evaluation.report import table, to_json, write_report
    from dicetalk.evaluation.videos import Request, evaluate_videos
    from dicetalk.speech.broad import SHUT

    if output is not None:
        check_folder(output)
    options = measured_by.options(threshold=SHUT if threshold is None else threshold, seam_every=seam_every)
    with display(quiet) as shown:
        report = evaluate_videos(
            Request(videos, reference, emotions),
            options,
            lambda done, total: shown.count(done, total, "watching", "clips"),
            lambda drop: None if quiet else left_out(drop),
        )
        if output is not None:
            write_report(report, output, lambda done, total: shown.count(done, total, "drawing", "clips"))
    print(json.dumps(to_json(report)) if as_json else table(report.comparison))
