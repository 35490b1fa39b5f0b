"""`dicetalk embed`: how something was said -> a file that `--emotion` takes."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dicetalk.cli.display import display
from dicetalk.cli.generate import warned
from dicetalk.cli.heavy import HeavyCommand
from dicetalk.cli.paths import FILE, FOLDER
from dicetalk.emotion.vocabulary import UNNAMED, check_own_name
from dicetalk.errors import ConfigError, EmotionError

if TYPE_CHECKING:
    from dicetalk.emotion.priors import Prior
    from dicetalk.emotion.space import Likeness

EXAMPLES = """\b
Examples:
  dicetalk embed clip.mp4 -o mood.safetensors
  dicetalk embed one.wav two.wav --name tender -o mine.safetensors    an own emotion, the mean of several clips
  dicetalk embed speech.wav --json                                    only tell what was heard
"""
FILES = {".safetensors": "safetensors"}


@click.command(cls=HeavyCommand, epilog=EXAMPLES)
@click.argument("clips", nargs=-1, required=True, type=FILE)
@click.option("--output", "-o", type=FILE, help="The file to write: .safetensors; it may hold others.")
@click.option("--name", help=f"What the emotion is called in the file.  [default: {UNNAMED}]")
@click.option("--checkpoint", type=FOLDER, help="A trained embedder's folder.  [default: the shipped one]")
@click.option("--channel", help="Of the sound: left, right or a number from 1.  [default: all of them, mixed]")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--quiet", "-q", is_flag=True, help="No progress and no messages, but for errors.")
def embed(
    clips: tuple[Path, ...],
    output: Path | None,
    name: str | None,
    checkpoint: Path | None,
    channel: str | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Tell how CLIPS were said, whoever said it, and store it for `generate --emotion FILE.safetensors:NAME`.

    The voice is heard and the face of a video is seen; where one of them is missing, the other is enough. Several clips
    are averaged.
    """
    place = _place(output, name, clips)
    found = _perceived(clips, checkpoint, channel, quiet)
    if place is not None:
        place.store(found.prior, found.space)
    if as_json:
        print(json.dumps({**_told(place), **resemblance(found.likeness), "warnings": list(found.warnings)}))
        return
    print(found.likeness)
    if not quiet:
        for line in (*warned(found.warnings), *([] if place is None else [place])):
            print(line, file=sys.stderr)


@dataclass(frozen=True)
class Place:
    """Where the emotion goes.

    Attributes:
        path: of the file, which may be there already.
        name: of the emotion.
        others: what the file holds already, the emotion of the same name too.
    """

    path: Path
    name: str
    others: dict[str, Prior]

    def store(self, prior: Prior, space: str) -> None:
        """Add the emotion to the file, or put it in the place of the one of its name.

        Raises:
            EmotionError: the others lie in another space.
        """
        from dicetalk.emotion.priors import read_space, save_priors

        before = read_space(self.path) if self.others else space
        if before not in (None, space):
            raise EmotionError(f"{self.path} holds emotions of another embedder ({before!r}); write to another file")
        save_priors(self.path, {**self.others, self.name: prior}, before)  # what does not tell its space stays so

    def __str__(self) -> str:
        """What was done, in one line."""
        done = "replaced" if self.name in self.others else "added"
        return f"{self.path}: {done} {self.name!r}; it holds {', '.join(sorted({*self.others, self.name}))}"


def _place(output: Path | None, name: str | None, clips: tuple[Path, ...]) -> Place | None:
    """Where to store the emotion, checked before the work; None where it is only told."""
    if output is None:
        if name is not None:
            raise ConfigError("--name is for a file to write; add -o FILE.safetensors")
        return None
    from dicetalk.emotion.priors import read_priors
    from dicetalk.files import check_output

    name = UNNAMED if name is None else name
    check_own_name(name)
    check_output(output, FILES, clips)
    return Place(output, name, read_priors(output) if output.exists() else {})


def _perceived(clips: tuple[Path, ...], checkpoint: Path | None, channel: str | None, quiet: bool) -> Perceived:
    """How the clips were said; what is missing in one of them goes to standard error."""
    from dicetalk.emotion.embedding import Embedder, shipped_embedder
    from dicetalk.recording import perceive
    from dicetalk.sources.like import resembled

    embedder = shipped_embedder() if checkpoint is None else Embedder(checkpoint)
    recordings = []
    with display(quiet) as shown:
        for number, clip in enumerate(clips):
            shown.count(number, len(clips), "reading", "clips")
            recordings.append(perceive(clip, channel))
    for recording in recordings:
        if recording.lacks and not quiet:
            print(f"going on with the other modality: {recording.lacks}", file=sys.stderr)
    warnings = tuple(warning for recording in recordings for warning in recording.warnings)
    return Perceived(*resembled(recordings, embedder), embedder.space.name, warnings)


@dataclass(frozen=True)
class Perceived:
    """How clips were said.

    Attributes:
        prior: where they lie on average.
        likeness: what that resembles.
        space: name of the space.
        warnings: what is wrong with the clips and did not stop the work.
    """

    prior: Prior
    likeness: Likeness
    space: str
    warnings: tuple[str, ...]


def _told(place: Place | None) -> dict[str, object]:
    """Where the emotion went, for JSON."""
    if place is None:
        return {"output": None}
    return {"output": str(place.path), "name": place.name, "replaced": place.name in place.others}


def resemblance(likeness: Likeness) -> dict[str, object]:
    """What a prior resembles, for JSON."""
    shares = {name: round(share, 4) for name, share in zip(likeness.names, likeness.shares, strict=True)}
    return {"emotion": likeness.name, "confidence": round(likeness.confidence, 4), "shares": shares}
