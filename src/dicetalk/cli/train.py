"""`dicetalk train`: a recipe and prepared data -> a checkpoint."""

from __future__ import annotations

import sys
from functools import partial
from pathlib import Path

import click

from dicetalk.cli.display import display
from dicetalk.cli.heavy import HeavyCommand
from dicetalk.cli.paths import FOLDER
from dicetalk.errors import require

EXAMPLES = """\b
Examples:
  dicetalk train embedder-small prepared/ -o runs/embedder
  dicetalk train faces-small prepared/virtual -o runs/faces
  dicetalk train hearing-small prepared/ravdess prepared/plain -o runs/hearing --set space=runs/faces
  dicetalk train embedder-small prepared/ -o runs/short --set loop.steps=200 --set sizes.inner=32
  dicetalk train frontend-small prepared/synthetic -o runs/frontend
  dicetalk train turns dailytalk/ -o runs/dialogue
  dicetalk train motion-small prepared/acted -o runs/motion --set space=runs/faces
  dicetalk train text-small empathetic_dialogues/ dailytalk/ -o runs/text
  dicetalk train scene-small -o runs/scene
  dicetalk train voice-strength RAVDESS/ -o runs/voice
  dicetalk train caption-small -o runs/caption
  dicetalk train audience-small crema_d_votes/ -o runs/audience
  dicetalk train audience-affec AFFEC/ -o runs/viewers --set told=false
  dicetalk train manners RAVDESS/ -o runs/manners
  dicetalk train voice VCTK/ -o runs/style
  dicetalk train voice ESD/ -o runs/voice --set start=runs/style --set speaker=0013
  dicetalk train svd-finetune prepared/video -o runs/svd --set start=dice-svd/
  accelerate launch --num_processes 2 --cpu -m dicetalk train motion-tiny prepared/acted -o runs/tiny
  accelerate launch --multi_gpu --num_processes 4 -m dicetalk train embedder prepared/ -o runs/wide
"""


@click.command(cls=HeavyCommand, epilog=EXAMPLES)
@click.argument("recipe")
@click.argument("data", nargs=-1, type=FOLDER)
@click.option("--output", "-o", required=True, type=FOLDER, help="The folder of the run.")
@click.option("--set", "changes", metavar="A.B=C", multiple=True, help="Change an option of the recipe.")
@click.option("--quiet", "-q", is_flag=True, help="No progress and no messages, but for errors.")
def train(recipe: str, data: tuple[Path, ...], output: Path, changes: tuple[str, ...], quiet: bool) -> None:
    """Train by RECIPE (faces-small, hearing-small, embedder-small, embedder, frontend-small, motion-small, motion-tiny,
    svd-finetune, svd, svd-tiny) on DATA, folders written by `dicetalk prepare`; by text-small on the folders of
    EmpatheticDialogues and DailyTalk, a train.csv in each; by turns on that of DailyTalk; by scene-small and
    caption-small on scenes and clips that they draw themselves; by voice-strength and manners on the recordings of
    RAVDESS; by audience-small on a table of votes, by audience-affec on AFFEC as it is published (a download of your
    own); by voice and voice-tiny on ESD or VCTK, as published (neither ships, so no weights do; a GPU is wanted).

    Deterministic by seed. The same command goes on where it was stopped. The folder gets curves.csv, curves.png, the
    pace, the state, and at the end the checkpoint.
    """
    for package in ("torch", "onnxscript", "matplotlib"):
        require(package, "train")
    from dicetalk.config import changed
    from dicetalk.training.processes import launched, leave
    from dicetalk.training.recipes import recipe as by_name
    from dicetalk.training.recipes import train_by, worth

    chosen = changed(by_name(recipe), changes)
    processes = launched()
    quiet = quiet or not processes.writes
    with display(quiet) as shown:
        steps = partial(shown.count, work="training", things="steps")
        train_by(chosen, data, output, steps, processes)
    leave(processes)
    if not quiet:
        print(f"{output}: trained {worth(chosen)}", file=sys.stderr)
