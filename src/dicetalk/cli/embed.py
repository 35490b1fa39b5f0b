"""`dicetalk embed`: how something was said -> a file that `--emotion` takes."""

from __future__ import annotations

import json
import sys
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dicetalk.cli.display import display
from dicetalk.cli.output import check_output
from dicetalk.emotion.vocabulary import UNNAMED, check_own_name
from dicetalk.errors import ConfigError

if TYPE_CHECKING:
    from dicetalk.emotion.priors import Prior
    from dicetalk.mood import Listener, Mood

EXAMPLES = """\b
Examples:
  dicetalk embed clip.mp4 -o mood.safetensors
  dicetalk embed one.wav two.wav --name tender -o mine.safetensors    an own emotion, the mean of several clips
  dicetalk embed speech.wav --json                                    only tell what was heard
"""
MOODS = {".safetensors": "safetensors"}


@click.command(epilog=EXAMPLES)
@click.argument("clips", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option(
    "--output", "-o", type=click.Path(path_type=Path), help="The file to write: .safetensors; it may hold others."
)
@click.option("--name", help=f"What the emotion is called in the file.  [default: {UNNAMED}]")
@click.option(
    "--checkpoint", type=click.Path(path_type=Path), help="A trained embedder's folder.  [default: the shipped one]"
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--quiet", "-q", is_flag=True, help="No progress and no messages, but for errors.")
def embed(
    clips: tuple[Path, ...],
    output: Path | None,
    name: str | None,
    checkpoint: Path | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Tell how CLIPS were said, whoever said it, and store it for `generate --emotion FILE.safetensors:NAME`.

    The voice is heard and the face of a video is seen; where one of them is missing, the other is enough. Several clips
    are averaged.
    """
    from dicetalk.emotion.embedding import SHIPPED
    from dicetalk.mood import Listener

    listener = Listener(checkpoint or SHIPPED)
    place = _place(output, name, clips, listener)
    mood = _perceived(clips, listener, quiet)
    if place is not None:
        place.store(mood.prior)
    print(json.dumps({**_told(place), **resemblance(mood)}) if as_json else line(mood))
    if place is not None and not as_json and not quiet:
        print(place, file=sys.stderr)


@dataclass(frozen=True)
class Place:
    """Where the emotion goes.

    Attributes:
        path: of the file, which may be there already.
        name: of the emotion.
        others: what the file holds already, the emotion of the same name too.
        space: of the vectors in the file; None if an older file does not tell.
    """

    path: Path
    name: str
    others: dict[str, Prior]
    space: str | None

    def store(self, prior: Prior) -> None:
        """Add the emotion to the file, or put it in the place of the one of its name."""
        from dicetalk.emotion.priors import save_priors

        save_priors(self.path, {**self.others, self.name: prior}, self.space)

    def __str__(self) -> str:
        """What was done, in one line."""
        done = "replaced" if self.name in self.others else "added"
        return f"{self.path}: {done} {self.name!r}; it holds {', '.join(sorted({*self.others, self.name}))}"


def _place(output: Path | None, name: str | None, clips: tuple[Path, ...], listener: Listener) -> Place | None:
    """Where to store the emotion, checked before the work; None where it is only told."""
    if output is None:
        if name is not None:
            raise ConfigError("--name is for a file to write; add -o FILE.safetensors")
        return None
    name = UNNAMED if name is None else name
    check_own_name(name)
    check_output(output, MOODS, clips)
    return _in_file(output, name, listener) if output.exists() else Place(output, name, {}, listener.embedder.space)


def _in_file(output: Path, name: str, listener: Listener) -> Place:
    """A place beside the emotions that a file holds already."""
    from dicetalk.emotion.priors import read_priors, read_space
    from dicetalk.mood import check_space

    others = read_priors(output)
    check_space(output, listener.embedder)
    return Place(output, name, others, read_space(output))


def _perceived(clips: tuple[Path, ...], listener: Listener, quiet: bool) -> Mood:
    """How the clips were said; what is missing in one of them goes to standard error."""
    from dicetalk.recording import perceive

    recordings = []
    with display(quiet) as shown:
        for number, clip in enumerate(clips):
            shown.count(number, len(clips), "reading", "clips")
            recordings.append(perceive(clip))
    if not quiet:
        for recording in recordings:
            if recording.lacks:
                print(f"going on with the other modality: {recording.lacks}", file=sys.stderr)
    return listener.perceive(recordings)


def _told(place: Place | None) -> dict[str, object]:
    """Where the emotion went, for JSON."""
    if place is None:
        return {"output": None}
    return {"output": str(place.path), "name": place.name, "replaced": place.name in place.others}


def resemblance(mood: Mood) -> dict[str, object]:
    """What a mood resembles, for JSON."""
    shares = {name: round(share, 4) for name, share in zip(mood.names, mood.shares, strict=True)}
    return {"emotion": mood.name, "confidence": round(mood.confidence, 4), "shares": shares}


def line(mood: Mood) -> str:
    """The three names that a mood resembles most."""
    ranked = sorted(zip(mood.shares, mood.names, strict=True), reverse=True)[:3]
    return ", ".join(f"{name} {share:.2f}" for share, name in ranked)
