"""`dicetalk evaluate`: talking-head videos, clips with labels, a trained embedder."""

from __future__ import annotations

import json
from pathlib import Path

import click

from dicetalk.cli.evaluate_clips import clips
from dicetalk.cli.evaluate_protocol import protocol
from dicetalk.cli.evaluate_videos import videos
from dicetalk.cli.heavy import HeavyCommand
from dicetalk.cli.paths import FOLDER
from dicetalk.errors import require

EXAMPLES = """\b
Examples:
  dicetalk evaluate embedder prepared/ --checkpoint runs/embedder -o results/
"""


class Evaluate(click.Group):
    """A group whose first word, where it is none of its commands, is a folder of videos."""

    def parse_args(self, ctx: click.Context, args: list[str]) -> list[str]:
        """Put the word `videos` before what is theirs."""
        if args and args[0] not in (*self.list_commands(ctx), *self.get_help_option_names(ctx)):
            args = [VIDEOS, *args]
        return super().parse_args(ctx, args)

    def format_help(self, ctx: click.Context, formatter: click.HelpFormatter) -> None:
        """The help of `evaluate VIDEOS`, then the commands."""
        of_videos = click.Context(videos, info_name=ctx.info_name, parent=ctx.parent)
        videos.format_help(of_videos, formatter)
        self.format_commands(ctx, formatter)

    def list_commands(self, ctx: click.Context) -> list[str]:
        """All but that which needs no word."""
        return [name for name in super().list_commands(ctx) if name != VIDEOS]


VIDEOS = "videos"


@click.group(cls=Evaluate)
def evaluate() -> None:
    """Measure talking-head videos, or what was trained."""


evaluate.add_command(videos, VIDEOS)
evaluate.add_command(clips)
evaluate.add_command(protocol)


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
