"""`dicetalk live`: sound on standard input -> frames on standard output, while it is spoken."""

from __future__ import annotations

import sys
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Literal

import click

from dicetalk.amounts import GAZES
from dicetalk.backbone import LIVE
from dicetalk.cli.generate import warned
from dicetalk.cli.heavy import HeavyCommand
from dicetalk.cli.paths import FILE
from dicetalk.cli.streams import printable
from dicetalk.rates import FPS, SPEECH_RATE

PAUSE = 0.005
"""Between two looks at a pipe that does not wait [s]."""
AT_ONCE = 1280
"""Bytes that are read at once: 40 ms at 16 kHz."""

EXAMPLES = """\b
Examples:
  arecord -q -t raw -f S16_LE -r 16000 | dicetalk live face.png --crop |
    ffplay -f rawvideo -pixel_format rgb24 -video_size 512x512 -framerate 25 -
"""


@click.command(cls=HeavyCommand, epilog=EXAMPLES)
@click.argument("portrait", type=FILE)
@click.option("--emotion", "-e", default="neutral", show_default=True, help="As for `generate`, but no auto.")
@click.option("--as-strong-as", metavar="SHARE", type=float, help="As for `generate`.")
@click.option("--rate", default=SPEECH_RATE, show_default=True, help="Samples a second of the sound.")
@click.option(
    "--patience",
    metavar="SECONDS",
    type=float,
    help="How long to wait for sound before silence takes its place, so that frames go on.  [default: for ever]",
)
@click.option("--seed", default=0, show_default=True, help="Which take.")
@click.option(
    "--face", metavar="N", type=int, help="Which face of the picture, 1 is the leftmost.  [default: the largest]"
)
@click.option("--size", default=512, show_default=True, help="Longest side of the frames [px]; 0 keeps every size.")
@click.option("--crop", is_flag=True, help="Only the square around the face.")
@click.option("--anyway", is_flag=True, help="Go on where the mouth or an eye is covered; what is hidden stays still.")
@click.option("--head", metavar="X", default=1.0, show_default=True, help="How far the head moves, 0 (still) to 1.")
@click.option("--blink", metavar="X", default=1.0, show_default=True, help="How many of the usual blinks, 0 to 1.")
@click.option("--gaze", type=click.Choice(GAZES), help="As for `generate`.")
@click.option("--backbone", default=LIVE, show_default=True, help="What draws; one that can speak live.")
@click.option("--voice-emotion", hidden=True, help="Is refused, with the reason.")
@click.option("--quiet", "-q", is_flag=True, help="No messages, but for errors.")
def live(
    portrait: Path,
    emotion: str,
    as_strong_as: float | None,
    rate: int,
    patience: float | None,
    seed: int,
    face: int | None,
    size: int,
    crop: bool,
    anyway: bool,
    head: float,
    blink: float,
    gaze: Literal["free", "camera"] | None,
    backbone: str,
    voice_emotion: str | None,
    quiet: bool,
) -> None:
    """Make PORTRAIT speak what comes on standard input, with an emotion, while it is spoken.

    Sound comes in as int16, little end first, mono; frames go to standard output as raw RGB, 25 a second, each as soon
    as it is certain.
    """
    from dicetalk.errors import InputError
    from dicetalk.pipeline import load

    if voice_emotion is not None:
        raise InputError("a voice is not changed while it speaks: how far is sought in all of it; see `generate`")
    if sys.stdin is None or sys.stdin.isatty() or sys.stdout.isatty():
        raise InputError("sound comes in and frames go out by pipes; see `dicetalk live --help`")
    frames = load(backbone).live(
        portrait, _sound(), emotion=emotion, as_strong_as=as_strong_as, rate=rate, patience=patience, seed=seed,
        face=face, size=size, crop=crop, anyway=anyway, head=head, blink=blink, gaze=gaze,
    )  # fmt: skip
    if not quiet:
        shape = f"frames of {frames.width} x {frames.height}, rgb24, {FPS} a second"
        for line in (*warned(frames.warnings), shape):
            print(printable(line), file=sys.stderr)
    with frames:
        for some in frames:
            sys.stdout.buffer.write(some.tobytes())
            sys.stdout.buffer.flush()


def _sound() -> Iterator[bytes]:
    """What comes on standard input, as it comes; unbuffered, since a thread may wait in it when all ends."""
    source = getattr(sys.stdin.buffer, "raw", sys.stdin.buffer)
    while (portion := source.read(AT_ONCE)) != b"":
        if portion is None:  # a pipe that does not wait: there is nothing yet
            time.sleep(PAUSE)
        else:
            yield portion
