"""`dicetalk finetune`: videos of one person -> a checkpoint that moves as that person does."""

from __future__ import annotations

import sys
from collections.abc import Callable
from dataclasses import replace
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dicetalk.backbone import KINDS, LIVE, Place, find_backbone, named
from dicetalk.cli.display import Display, display
from dicetalk.cli.heavy import HeavyCommand
from dicetalk.cli.paths import FILE, FOLDER
from dicetalk.errors import ConfigError, require

if TYPE_CHECKING:
    from dicetalk.training.person_motion import Personal

Progress = Callable[[int, int], None]
Watched = Callable[[str], Progress]

EXAMPLES = """\b
Examples:
  dicetalk finetune me.mp4 -o me/
  dicetalk generate face.png speech.wav -e happy --backbone me/ -o out.mp4
  dicetalk finetune monday.mp4 tuesday.mp4 --emotion happy:0.3 -o me/
  dicetalk finetune me.mp4 -o me/ --set learning.loop.steps=400 --set rank=16
  dicetalk finetune me.mp4 -o me-svd/ --backbone dice-svd/         on a GPU; needs dice-svd/ to be used
"""


@click.command(cls=HeavyCommand, epilog=EXAMPLES)
@click.argument("videos", nargs=-1, type=FILE)
@click.option("--output", "-o", required=True, type=FOLDER, help="The folder of the checkpoint.")
@click.option(
    "--backbone",
    default=LIVE,
    show_default=True,
    help="What is changed: motion, svd (the checkpoint in dice-svd/), or the folder of a checkpoint of these.",
)
@click.option("--emotion", "-e", default="neutral", show_default=True, help="What is felt in the videos.")
@click.option("--set", "changes", metavar="A.B=C", multiple=True, help="Change an option of the recipe.")
@click.option("--quiet", "-q", is_flag=True, help="No progress and no messages, but for errors.")
def finetune(
    videos: tuple[Path, ...], output: Path, backbone: str, emotion: str, changes: tuple[str, ...], quiet: bool
) -> None:
    """Learn how the person in VIDEOS moves: lips, brows, head, blinks; for svd, its streams learn.

    About two minutes of one talking person, who is seen from the front, are good; five seconds are the least. The last
    fifth of each video is kept back, and tells whether the person is explained better than before; if not, only head
    and blinks are kept. The folder is a checkpoint for `generate --backbone`, `batch`, `live` and `serve`. The same
    command goes on where it was stopped. Minutes on two processor cores.
    """
    for package in ("torch", "onnxscript", "matplotlib"):
        require(package, "train")
    place = find_backbone(backbone)
    with display(quiet) as shown:
        became = _learned(place, videos, output, emotion, changes, partial(_progress, shown))
    if not quiet:
        for line in became.lines():
            print(f"{output}: {line}", file=sys.stderr)


def _learned(
    place: Place, videos: tuple[Path, ...], output: Path, emotion: str, changes: tuple[str, ...], watched: Watched
) -> Personal:
    from dicetalk.config import changed

    kind = place.kind
    if not kind.person:
        those = " or ".join(name for name, other in KINDS.items() if other.person)
        raise ConfigError(f"the {place.name} backbone learns nothing; use {those}")
    for package in kind.packages:
        require(package, kind.extra)
    recipe = changed(replace(named(kind.person_recipe), start=str(place.folder)), changes)
    became: Personal = named(kind.person)(videos, output, recipe, emotion, watched)
    return became


def _progress(shown: Display, work: str) -> Progress:
    return partial(shown.count, work=work, things="videos" if work == "watching" else "steps")
