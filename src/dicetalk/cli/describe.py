"""`dicetalk describe`: a video -> what it shows, second by second, beside what was asked of it."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dicetalk.cli.display import display
from dicetalk.cli.generate import warned
from dicetalk.cli.heavy import HeavyCommand
from dicetalk.cli.paths import FILE
from dicetalk.cli.streams import printable

if TYPE_CHECKING:
    from rich.table import Table

    from dicetalk.reading.reading import Reading, Window

EXAMPLES = """\b
Examples:
  dicetalk describe out.mp4
  dicetalk describe out.mp4 --json
  dicetalk describe out.mp4 --plot track.png        asked and shown on one disc, face and voice over time
  dicetalk describe talk.mov -o reading.json --quiet
  dicetalk describe talk.mov -o captions.vtt        what is shown, as subtitles
  dicetalk describe talk.mov --alt                  one short sentence for those who do not see it
"""
PLOTS = {".png": "PNG"}
READINGS = {".json": "JSON", ".vtt": "WebVTT"}
HEARD = {"voice": "picture off", "face": "sound off", "both": "with picture and sound"}
"""How channels are called."""
UNSURE = 0.5
"""Windows of less confidence are marked in the table."""


@click.command(cls=HeavyCommand, epilog=EXAMPLES)
@click.argument("video", type=FILE)
@click.option("--output", "-o", type=FILE, help="Also write what --json prints (.json), or captions (.vtt).")
@click.option("--plot", type=FILE, help="Draw the track on the circle, and each channel over time: .png.")
@click.option("--channel", help="Of the sound: left, right or a number from 1.  [default: all of them, mixed]")
@click.option("--alt", is_flag=True, help="Print one short sentence, for an alt text, and nothing else.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--quiet", "-q", is_flag=True, help="No progress and no messages, but for errors.")
def describe(
    video: Path, output: Path | None, plot: Path | None, channel: str | None, alt: bool, as_json: bool, quiet: bool
) -> None:
    """Tell which emotion VIDEO shows, second by second: of its largest face, its voice, and both together.

    A sound or a photo is read as far as it goes. Where the file says what was asked of it, in its marks or in the
    record of `generate --json` beside it, that is told as well.
    """
    from dicetalk.errors import ConfigError
    from dicetalk.files import check_output
    from dicetalk.reading.reader import read

    if alt and as_json:
        raise ConfigError("both --alt and --json were given; --json holds the alt text as well, so leave --alt out")
    for path, kinds in ((output, READINGS), (plot, PLOTS)):
        if path is not None:
            check_output(path, kinds, (video,))
    with display(quiet) as shown:
        reading = read(
            video, channel=channel, progress=lambda done, whole: shown.count(done, round(whole), "reading", "seconds")
        )
    told = json_of(reading)
    _write(reading, told, output, plot)
    if as_json:
        print(json.dumps(told))
        return
    if alt:
        print(printable(told["alt"]))
        return
    _print(reading)
    if not quiet:
        for line in _remarks(reading):
            print(printable(line), file=sys.stderr)


def json_of(reading: Reading) -> dict[str, Any]:
    """A reading, what is said of it, and what was asked and viewers would say beside what is shown."""
    from dicetalk.reading.advice import advice, audiences
    from dicetalk.reading.caption import as_json
    from dicetalk.reading.compared import asked_and_shown, by_name

    compared = asked_and_shown(reading)
    return {
        **reading.as_json(),
        **as_json(reading),
        "compared": None if compared is None else compared.to_json(),
        "votes": {channel: by_name(votes.shares) for channel, votes in audiences(reading).items()},
        "advice": advice(reading),
    }


def _write(reading: Reading, told: dict[str, Any], output: Path | None, plot: Path | None) -> None:
    from dicetalk.files import whole
    from dicetalk.media import write_picture
    from dicetalk.reading.caption import write_captions
    from dicetalk.reading.picture import draw_reading

    if output is not None and output.suffix.lower() == ".vtt":
        write_captions(output, reading)
    elif output is not None:
        with whole(output) as hidden:
            hidden.write_text(json.dumps(told, indent=1) + "\n", encoding="utf-8")
    if plot is not None:
        write_picture(plot, draw_reading(reading))


def _print(reading: Reading) -> None:
    from rich.console import Console

    from dicetalk.reading.caption import caption

    Console(soft_wrap=True).print(_table(reading))
    for line in (*_beside(reading), caption(reading)):
        print(printable(line))


def _table(reading: Reading) -> Table:
    from dicetalk.cli.tables import table

    head = ("from", "shown", "face", "voice", "strength", "clarity", "sure", "moves")
    return table(head, _rows(reading), right=("from", "strength", "clarity", "sure"))


def _rows(reading: Reading) -> Iterator[tuple[str, ...]]:
    for number, window in enumerate(reading.windows):
        channels = [None if part is None else part[number] for part in (reading.face, reading.voice)]
        moves = reading.moves[number] if reading.moves else ()
        yield (
            f"{window.start:.1f} s",
            _named(window),
            *map(_named, channels),
            *(f"{value:.2f}" for value in (window.strength, window.clarity, window.confidence)),
            ", ".join(move.name for move in moves[:2]),
        )


def _named(window: Window | None) -> str:
    """The likeliest names; a question mark where they are not sure, a dash where nothing was read."""
    if window is None or window.confidence == 0:
        return "-"
    first, second = window.ranked[:2]
    return window.name if window.confidence >= UNSURE else f"{first}? {second}?"


def _remarks(reading: Reading) -> Iterator[str]:
    yield from warned(reading.warnings)
    if reading.lacks:
        yield f"going on with the other: {reading.lacks}"


def _beside(reading: Reading) -> Iterator[str]:
    """What viewers would say, and what was asked, beside what is shown."""
    from dicetalk.reading.advice import advice, audiences
    from dicetalk.reading.compared import asked_and_shown

    for channel, votes in audiences(reading).items():
        yield f"viewers, {HEARD[channel]}: {votes}"
    compared = asked_and_shown(reading)
    if compared is not None:
        yield str(replace(compared, votes={}))
    if said := advice(reading):
        yield f"advice: {said}"
