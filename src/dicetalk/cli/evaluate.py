"""`dicetalk evaluate embedder`: probes of a trained embedder."""

from __future__ import annotations

import json
from pathlib import Path

import click

from dicetalk.cli.evaluate_clips import clips
from dicetalk.cli.heavy import HeavyCommand
from dicetalk.cli.paths import FOLDER
from dicetalk.errors import require

EXAMPLES = """\b
Examples:
  dicetalk evaluate embedder prepared/ --checkpoint runs/embedder -o results/
"""


@click.group()
def evaluate() -> None:
    """Measure what was trained."""


evaluate.add_command(clips)


@evaluate.command(cls=HeavyCommand, epilog=EXAMPLES)
@click.argument("data", type=FOLDER)
@click.option("--checkpoint", type=FOLDER, required=True, help="A trained embedder's folder.")
@click.option("--output", "-o", type=FOLDER, help="A folder for table, confusion and map.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def embedder(data: Path, checkpoint: Path, output: Path | None, as_json: bool) -> None:
    """Fit linear probes on an embedder's means of the prepared folder DATA; one table.

    The people it was not trained on are the held-out ones: emotion probes are fitted on all others and tested on them.
    """
    require("torch", "train")
    if output is not None:
        require("matplotlib", "eval")
    from dicetalk.evaluation.embedder import evaluate_embedder
    from dicetalk.evaluation.emotion_score import table, to_json

    rows = evaluate_embedder(data, checkpoint, output)
    print(json.dumps({"rows": to_json(rows)}) if as_json else table(rows))
