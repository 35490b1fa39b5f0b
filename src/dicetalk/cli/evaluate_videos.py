"""`dicetalk evaluate VIDEOS [REFERENCE]`: lips, motion, emotion and identity of talking-head videos."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dicetalk.cli.display import display
from dicetalk.cli.heavy import HeavyCommand
from dicetalk.cli.paths import FILE, FOLDER
from dicetalk.cli.streams import printable

if TYPE_CHECKING:
    from dicetalk.data.clip import Dropped

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
    "--judge",
    "judges",
    metavar="COMMAND",
    multiple=True,
    help="Ask another program which emotion is shown: {frames} in COMMAND becomes a folder of frames (PNG), and it "
    'prints a JSON object of probabilities, {"happy": 0.7, ...}. It is run for each clip, without a shell. Once for '
    "each judge.",
)
@click.option(
    "--threshold",
    type=click.FloatRange(0.15, 0.99),
    help="Likelihood from which a p, b or m counts as heard.  [default: from which `dicetalk generate` shuts lips]",
)
@click.option(
    "--seam-every", metavar="SECONDS", type=click.FloatRange(0.2), help="Look for seams every so many seconds."
)
@click.option(
    "--face-network", type=FILE, help="A network that knows faces, for identity (CSIM): .onnx or TorchScript."
)
@click.option("--fid-network", type=FILE, help="Inception, for FID, likewise.")
@click.option("--fvd-network", type=FILE, help="I3D, for FVD, likewise.")
@click.option("--sync-network", type=FILE, help="SyncNet, for LSE-D and LSE-C, likewise.")
@click.option("--workers", default=1, show_default=True, type=click.IntRange(1), help="Processes.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--quiet", "-q", is_flag=True, help="No progress and no messages, but for errors.")
def videos(
    videos: Path,
    reference: Path | None,
    output: Path | None,
    emotions: Path | None,
    judges: tuple[str, ...],
    threshold: float | None,
    seam_every: float | None,
    face_network: Path | None,
    fid_network: Path | None,
    fvd_network: Path | None,
    sync_network: Path | None,
    workers: int,
    as_json: bool,
    quiet: bool,
) -> None:
    """Measure talking-head videos with sound, made by any system.

    VIDEOS is a folder, or one file; REFERENCE one of real videos, under the same names where they show the same. A
    figure a line: the videos, the same faces with another clip's sound and held still, the reference.
    """
    from dicetalk.evaluation.appearance import Networks
    from dicetalk.evaluation.clip_set import Options
    from dicetalk.evaluation.judge import judge_of
    from dicetalk.evaluation.report import table, to_json, write_report
    from dicetalk.evaluation.videos import Request, evaluate_videos
    from dicetalk.speech.broad import SHUT

    if output is not None:
        _check_folder(output)
    options = Options(
        threshold=SHUT if threshold is None else threshold,
        seam_every=seam_every,
        judges=tuple(judge_of(command) for command in judges),
        networks=Networks(fid=fid_network, fvd=fvd_network, face=face_network, sync=sync_network),
        workers=workers,
    )
    with display(quiet) as shown:
        report = evaluate_videos(
            Request(videos, reference, emotions),
            options,
            lambda done, total: shown.count(done, total, "watching", "clips"),
            lambda drop: None if quiet else _left_out(drop),
        )
        if output is not None:
            write_report(report, output, lambda done, total: shown.count(done, total, "drawing", "clips"))
    print(json.dumps(to_json(report)) if as_json else table(report.comparison))


def _check_folder(output: Path) -> None:
    """Make the folder, and make sure that it can be written.

    Raises:
        MissingExtraError: nothing can be drawn.
        MediaError: it cannot be made or written.
    """
    from dicetalk.errors import require
    from dicetalk.evaluation.report import MARKDOWN
    from dicetalk.files import check_output, writing

    require("matplotlib", "eval")
    with writing(output):
        output.mkdir(parents=True, exist_ok=True)
    check_output(output / MARKDOWN, {".md": "Markdown"}, [])


def _left_out(drop: Dropped) -> None:
    print(printable(f"left out: {drop.file.name}: {drop.reason}"), file=sys.stderr)
