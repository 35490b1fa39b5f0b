"""`dicetalk demo`: a photograph speaks, no input needed; a contact sheet shows how."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

import dicetalk
from dicetalk.cli.generate import Job, make_video, report
from dicetalk.cli.output import SHEETS, check_output

if TYPE_CHECKING:
    from dicetalk.media import Picture
    from dicetalk.pipeline import Video

EXAMPLES = """\b
Examples:
  dicetalk demo
  dicetalk demo -o sad.mp4 --emotion sad
"""
ASSETS = Path(dicetalk.__file__).parent / "assets"
CELLS, COLUMNS = 8, 4
CELL, CAPTION = 320, 30
"""Side of a picture on the contact sheet, height of the line below [px]."""


@click.command(epilog=EXAMPLES)
@click.option(
    "--output",
    "-o",
    default="demo.mp4",
    show_default=True,
    type=click.Path(path_type=Path),
    help="The video to write; the contact sheet gets the same name with .png.",
)
@click.option("--emotion", "-e", help="As for `dicetalk generate`.  [default: a timeline of several]")
@click.option("--seed", default=0, show_default=True, help="Which take.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object about the video.")
@click.option("--quiet", "-q", is_flag=True, help="No progress and no messages, but for errors.")
def demo(output: Path, emotion: str | None, seed: int, as_json: bool, quiet: bool) -> None:
    """Make a photograph speak: a video and a contact sheet, no input needed.

    Portrait (CC0) and speech (synthetic) come with DiceTalk.
    """
    sheet = output.with_suffix(".png")
    check_output(sheet, SHEETS, [])
    mood = emotion or str(ASSETS / "demo.json")
    job = Job(portrait=demo_portrait(), speech=demo_speech(), emotion=mood, output=output, seed=seed)
    done = make_video(job, quiet=quiet)
    write_sheet(sheet, output, done.video)
    report(job, done, as_json=as_json, quiet=quiet)
    if not (quiet or as_json):
        print(f"wrote {sheet}: {CELLS} of its frames", file=sys.stderr)


def demo_portrait() -> Path:
    """The portrait that comes with the package."""
    return ASSETS / "demo.jpg"


def demo_speech() -> Path:
    """The speech that comes with the package."""
    return ASSETS / "demo.flac"


def write_sheet(path: Path, made: Path, video: Video) -> None:
    """Write a contact sheet: faces spread over a finished video file, with their times and emotions.

    Raises:
        MediaError: the sheet cannot be written.
    """
    import numpy as np

    from dicetalk.face import face_crop
    from dicetalk.media import read_video, write_picture

    wanted = {int((cell + 0.5) * video.frames / CELLS) for cell in range(CELLS)}
    (left, top, right, bottom), _ = face_crop(video.conditions.portrait, video.conditions.face)
    # Read back from the file: it shows what was truly written, and never holds more than one frame.
    frames = ((i, frame) for i, frame in enumerate(read_video(made)) if i in wanted)
    cells = [_cell(frame[top:bottom, left:right], _caption(video, i)) for i, frame in frames]
    rows = [np.hstack(cells[start : start + COLUMNS]) for start in range(0, len(cells), COLUMNS)]
    write_picture(path, np.vstack(rows))


def _cell(face: Picture, caption: str) -> Picture:
    """A face, scaled, with its caption below."""
    import numpy as np
    from PIL import Image, ImageDraw, ImageFont

    cell = Image.new("RGB", (CELL, CELL + CAPTION), "white")
    cell.paste(Image.fromarray(face).resize((CELL, CELL), Image.Resampling.LANCZOS))
    font = ImageFont.load_default(16)
    ImageDraw.Draw(cell).text((CELL / 2, CELL + CAPTION / 2), caption, "black", font, anchor="mm")
    return np.asarray(cell)


def _caption(video: Video, frame: int) -> str:
    """Time and emotion of a frame, as in `1.2 s  happy 0.80`."""
    from dicetalk.emotion.vocabulary import NAMES

    weights = video.conditions.emotion[frame]
    shown = [f"{NAMES[i]} {weights[i]:.2f}" for i in range(1, len(NAMES)) if weights[i] >= 0.05]
    return f"{frame / video.fps:.1f} s   {', '.join(shown) or NAMES[0]}"
