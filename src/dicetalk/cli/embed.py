"""`dicetalk embed`: how something was said -> a file that `--emotion` takes."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

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
def embed(clips: tuple[Path, ...], output: Path | None, checkpoint: Path | None, as_json: bool) -> None:
    """Tell how CLIPS were said, whoever said it, and store it for `generate --emotion FILE.safetensors`.

    The voice is heard; the face of a video is not read yet. Several clips are averaged.
    """
    require("torch", "train")
    if output is not None:
        check_output(output, MOODS, clips)
    mood = _heard(clips, checkpoint)
    if output is not None:
        from dicetalk.emotion.priors import save_priors

        save_priors(output, {"mood": mood.prior})
    print(json.dumps(record(mood, output)) if as_json else _line(mood))


def _heard(clips: tuple[Path, ...], checkpoint: Path | None) -> Mood:
    from dicetalk.media import read_sound
    from dicetalk.mood import SHIPPED, Listener

    sounds = [read_sound(clip).waveform for clip in clips]
    return Listener(checkpoint or SHIPPED).hear(sounds)


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
