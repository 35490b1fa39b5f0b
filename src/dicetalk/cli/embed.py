"""`dicetalk embed`: how something was said -> a file that `--emotion` takes."""

from __future__ import annotations

import json
import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dicetalk.cli.display import display
from dicetalk.cli.output import check_output
from dicetalk.errors import require

if TYPE_CHECKING:
    from dicetalk.mood import Mood

EXAMPLES = """\b
Examples:
  dicetalk embed clip.mp4 -o mood.safetensors
  dicetalk embed one.wav two.wav three.wav -o tender.safetensors      an own emotion, the mean of several clips
  dicetalk embed speech.wav --json                                    only tell what was heard
"""
MOODS = {".safetensors": "safetensors"}


@click.command(epilog=EXAMPLES)
@click.argument("clips", nargs=-1, required=True, type=click.Path(path_type=Path))
@click.option("--output", "-o", type=click.Path(path_type=Path), help="The file to write: .safetensors.")
@click.option(
    "--checkpoint", type=click.Path(path_type=Path), help="A trained embedder's folder.  [default: the shipped one]"
)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--quiet", "-q", is_flag=True, help="No progress and no messages, but for errors.")
def embed(clips: tuple[Path, ...], output: Path | None, checkpoint: Path | None, as_json: bool, quiet: bool) -> None:
    """Tell how CLIPS were said, whoever said it, and store it for `generate --emotion FILE.safetensors`.

    The voice is heard and the face of a video is seen; where one of them is missing, the other is enough. Several clips
    are averaged.
    """
    require("torch", "train")
    if output is not None:
        check_output(output, MOODS, clips)
    mood = _perceived(clips, checkpoint, quiet)
    if output is not None:
        from dicetalk.emotion.priors import save_priors

        save_priors(output, {"mood": mood.prior})
    print(json.dumps(record(mood, output)) if as_json else _line(mood))


def _perceived(clips: tuple[Path, ...], checkpoint: Path | None, quiet: bool) -> Mood:
    """How the clips were said; what is missing in one of them goes to standard error."""
    from dicetalk.mood import SHIPPED, Listener
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
    return Listener(checkpoint or SHIPPED).perceive(recordings)


def record(mood: Mood, output: Path | None) -> dict[str, object]:
    """What is told as JSON."""
    shares = {name: round(share, 4) for name, share in zip(mood.names, mood.shares, strict=True)}
    return {
        "output": None if output is None else str(output),
        "emotion": mood.name,
        "confidence": round(mood.confidence, 4),
        "shares": shares,
    }


def _line(mood: Mood) -> str:
    ranked = sorted(zip(mood.shares, mood.names, strict=True), reverse=True)[:3]
    return ", ".join(f"{name} {share:.2f}" for share, name in ranked)
