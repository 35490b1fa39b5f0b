"""`dicetalk evaluate clips`: which emotion an embedder reads out of real, labelled recordings."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dicetalk.cli.display import display
from dicetalk.cli.output import check_output
from dicetalk.errors import InputError

if TYPE_CHECKING:
    from dicetalk.data.clip import Clip
    from dicetalk.mood import Listener
    from dicetalk.recording import Recording

EXAMPLES = """\b
Examples:
  dicetalk evaluate clips recordings/        recordings/clips.csv: file,identity,emotion
  dicetalk evaluate clips recordings/ --checkpoint runs/embedder --json
"""
WAYS = ("video", "audio", "both")


@dataclass(frozen=True)
class Read:
    """What was read of one clip.

    Attributes:
        clip: its name.
        emotion: its label.
        ranked: the names by how much it resembles each, most first, by what was looked at.
    """

    clip: str
    emotion: str
    ranked: dict[str, tuple[str, ...]]


@click.command(epilog=EXAMPLES)
@click.argument("folder", type=click.Path(path_type=Path))
@click.option(
    "--checkpoint", type=click.Path(path_type=Path), help="A trained embedder's folder.  [default: the shipped one]"
)
@click.option("--output", "-o", type=click.Path(path_type=Path), help="A Markdown file for the table.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--quiet", "-q", is_flag=True, help="No progress.")
def clips(folder: Path, checkpoint: Path | None, output: Path | None, as_json: bool, quiet: bool) -> None:
    """Read the emotion of the labelled clips in FOLDER from their faces, their voices and both.

    Told is how often the label comes first, and how often it is among the first two.
    """
    from dicetalk.data.folder import read_folder
    from dicetalk.emotion.embedding import SHIPPED
    from dicetalk.mood import Listener

    if output is not None:
        check_output(output, {".md": "Markdown"}, [folder / "clips.csv"])
    corpus = read_folder(folder)
    for drop in corpus.dropped:
        print(f"left out: {drop.file.name}: {drop.reason}", file=sys.stderr)
    labelled = [clip for clip in corpus.clips if clip.emotion is not None]
    if not labelled:
        raise InputError(f"{folder / 'clips.csv'} names no emotion; nothing can be compared")
    listener = Listener(checkpoint or SHIPPED)
    found: list[Read] = []
    with display(quiet) as shown:
        for number, clip in enumerate(labelled, 1):
            found += _read(clip, listener)
            shown.count(number, len(labelled), "reading", "clips")
    text = table(found)
    if output is not None:
        output.write_text(text + "\n", encoding="utf-8")
    print(json.dumps({"clips": [vars(read) for read in found]}) if as_json else text)


def _read(clip: Clip, listener: Listener) -> Iterator[Read]:
    from dicetalk.recording import perceive

    file = clip.video or clip.sound
    assert file is not None and clip.emotion is not None
    try:
        recording = perceive(file)
    except InputError as error:
        print(f"left out: {error}", file=sys.stderr)
        return
    yield Read(clip.name, clip.emotion, {way: _ranked(listener, part) for way, part in _parts(recording)})


def _parts(recording: Recording) -> Iterator[tuple[str, Recording]]:
    """The recording as each way of looking at it has it, as far as it is there."""
    from dicetalk.recording import Recording

    if recording.motion is not None:
        yield "video", Recording(None, recording.motion)
    if recording.speech is not None:
        yield "audio", Recording(recording.speech, None)
    if recording.motion is not None and recording.speech is not None:
        yield "both", recording


def _ranked(listener: Listener, recording: Recording) -> tuple[str, ...]:
    mood = listener.perceive([recording])
    return tuple(name for _, name in sorted(zip(mood.shares, mood.names, strict=True), reverse=True))


def table(found: list[Read]) -> str:
    """One line a clip with the first two names of each way, and below how often the label is first and among them."""
    lines = ["| clip | label | " + " | ".join(WAYS) + " |", "|---|---|" + "---|" * len(WAYS)]
    for read in found:
        told = (", ".join(read.ranked.get(way, ("",))[:2]) for way in WAYS)
        lines.append(f"| {read.clip} | {read.emotion} | " + " | ".join(told) + " |")
    for first, what in ((1, "first"), (2, "among the first two")):
        lines.append(f"| | **label {what}** | " + " | ".join(_share(found, way, first) for way in WAYS) + " |")
    return "\n".join(lines)


def _share(found: list[Read], way: str, first: int) -> str:
    looked = [read for read in found if way in read.ranked]
    right = sum(read.emotion in read.ranked[way][:first] for read in looked)
    return f"{right} of {len(looked)}"
