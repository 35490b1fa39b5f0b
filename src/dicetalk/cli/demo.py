"""`dicetalk demo`: a photograph speaks, no input needed; a contact sheet shows how."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dicetalk import assets
from dicetalk.cli.generate import make_video, report
from dicetalk.cli.heavy import HeavyCommand
from dicetalk.cli.paths import FILE

if TYPE_CHECKING:
    from dicetalk.marks.marks import Marks
    from dicetalk.media import Picture
    from dicetalk.video import Video

EXAMPLES = """\b
Examples:
  dicetalk demo
  dicetalk demo -o sad.mp4 --emotion sad
"""
CELL, CAPTION = 320, 30
"""Side of a picture on the contact sheet, height of the line below [px]."""


@click.command(cls=HeavyCommand, epilog=EXAMPLES)
@click.option(
    "--output",
    "-o",
    type=FILE,
    help="The video to write; a file of that name is replaced. The contact sheet gets the same name with .png.  "
    "[default: demo.mp4, if there is none yet]",
)
@click.option("--force", is_flag=True, help="Replace the files of names that were not given.")
@click.option("--emotion", "-e", help="As for `dicetalk generate`.  [default: a timeline of several]")
@click.option("--seed", default=0, show_default=True, help="Which take.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object about the video.")
@click.option("--quiet", "-q", is_flag=True, help="No progress and no messages, but for errors.")
def demo(output: Path | None, force: bool, emotion: str | None, seed: int, as_json: bool, quiet: bool) -> None:
    """Make a photograph speak: a video and a contact sheet, no input needed.

    Portrait (CC0) and speech (synthetic) come with DiceTalk.
    """
    from dicetalk.files import check_output
    from dicetalk.jobs import Job
    from dicetalk.making import SHEETS
    from dicetalk.media.sheet import CELLS

    job = Job(
        portrait=assets.portrait(),
        speech=assets.speech(),
        emotion=emotion or str(assets.timeline()),
        output=output or Path("demo.mp4"),
        seed=seed,
        replace=force or output is not None,
    )
    sheet = job.output.with_suffix(".png")
    check_output(sheet, SHEETS, [], replace=force)
    done = make_video(job, quiet=quiet)
    write_contact_sheet(sheet, job.output, done.video, job.marking)
    report(done, as_json=as_json, quiet=quiet)
    if not (quiet or as_json):
        print(f"wrote {sheet}: {CELLS} of its frames", file=sys.stderr)


def write_contact_sheet(path: Path, made: Path, video: Video, marks: Marks) -> None:
    """Write a contact sheet: faces spread over a finished video file, with their times and emotions; marked as it is.

    Raises:
        MediaError: the sheet cannot be written.
    """
    from dicetalk.face import face_crop
    from dicetalk.media import read_video
    from dicetalk.media.sheet import spread, write_sheet

    wanted = spread(video.frames)
    (left, top, right, bottom), _ = face_crop(video.conditions.portrait, video.conditions.face)
    # Read back from the file: it shows what was truly written, and never holds more than one frame.
    frames = ((i, frame) for i, frame in enumerate(read_video(made)) if i in wanted)
    cells = [_cell(frame[top:bottom, left:right], _caption(video, i)) for i, frame in frames]
    write_sheet(path, cells, marks.stamp(path, video.origin))


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
    track = video.conditions.emotion
    felt = zip(track.names[1:], track.weights[frame, 1:], strict=True)
    shown = [f"{name} {weight:.2f}" for name, weight in felt if weight >= 0.05]
    return f"{frame / video.fps:.1f} s   {', '.join(shown) or track.names[0]}"
