"""`dicetalk evaluate clips`: which emotion is read out of real, labelled recordings."""

from __future__ import annotations

import json
import sys
from functools import partial
from pathlib import Path

import click

from dicetalk.cli.display import display
from dicetalk.cli.heavy import HeavyCommand
from dicetalk.cli.paths import FILE, FOLDER
from dicetalk.errors import InputError

EXAMPLES = """\b
Examples:
  dicetalk evaluate clips recordings/        recordings/clips.csv: file,identity,emotion
  dicetalk evaluate clips recordings/ --checkpoint runs/embedder --json
"""


@click.command(cls=HeavyCommand, epilog=EXAMPLES)
@click.argument("folder", type=FOLDER)
@click.option(
    "--checkpoint", type=FOLDER, help="Read with this trained embedder.  [default: as `dicetalk describe` reads]"
)
@click.option("--output", "-o", type=FILE, help="A Markdown file for the table.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--quiet", "-q", is_flag=True, help="No progress.")
def clips(folder: Path, checkpoint: Path | None, output: Path | None, as_json: bool, quiet: bool) -> None:
    """Read the emotion of the labelled clips in FOLDER from their faces, their voices and both.

    Told is how often the label comes first, and how often it is among the first two.
    """
    from dicetalk.data.folder import read_folder
    from dicetalk.emotion.embedding import Embedder
    from dicetalk.evaluation.clips import by_embedder, by_reader, read_clips, table
    from dicetalk.files import check_output, whole

    if output is not None:
        check_output(output, {".md": "Markdown"}, [folder / "clips.csv"])
    corpus = read_folder(folder)
    for drop in corpus.dropped:
        _left_out(f"{drop.file.name}: {drop.reason}")
    labelled = [clip for clip in corpus.clips if clip.emotion is not None]
    if not labelled:
        raise InputError(f"{folder / 'clips.csv'} names no emotion; nothing can be compared")
    ranks = partial(by_embedder, Embedder(checkpoint)) if checkpoint else by_reader
    with display(quiet) as shown:
        found = read_clips(labelled, ranks, lambda n, total: shown.count(n, total, "reading", "clips"), _left_out)
    text = table(found)
    if output is not None:
        with whole(output) as hidden:
            hidden.write_text(text + "\n", encoding="utf-8")
    print(json.dumps({"clips": [vars(read) for read in found]}) if as_json else text)


def _left_out(reason: str) -> None:
    print(f"left out: {reason}", file=sys.stderr)
