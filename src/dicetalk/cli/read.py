"""`dicetalk read`: a voice -> which emotion it tells over time, and how strongly."""

from __future__ import annotations

import json
import sys
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dicetalk.cli.generate import warned
from dicetalk.cli.heavy import HeavyCommand
from dicetalk.cli.paths import FILE

if TYPE_CHECKING:
    from dicetalk.voice.reading import Heard

EXAMPLES = """\b
Examples:
  dicetalk read voice.wav
  dicetalk read voice.wav --window 2 --hop 0.5 --plot course.png
  dicetalk read voice.wav --json -o course.csv
"""
TABLES = {".csv": "csv"}
PLOTS = {".png": "PNG"}
MOST_TOLD = 3
"""Emotions in a row of the table."""


@click.command(cls=HeavyCommand, epilog=EXAMPLES)
@click.argument("sound", type=FILE)
@click.option("--output", "-o", type=FILE, help="Write the table: .csv.")
@click.option("--plot", type=FILE, help="Draw it: .png.")
@click.option("--window", type=float, default=3.0, show_default=True, help="Seconds that are heard at a time.")
@click.option("--hop", type=float, default=1.0, show_default=True, help="Seconds from one window to the next.")
@click.option("--channel", help="Of the sound: left, right or a number from 1.  [default: all of them, mixed]")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
@click.option("--quiet", "-q", is_flag=True, help="No messages, but for errors.")
def read(
    sound: Path,
    output: Path | None,
    plot: Path | None,
    window: float,
    hop: float,
    channel: str | None,
    as_json: bool,
    quiet: bool,
) -> None:
    """Tell which emotion the voice in SOUND has over time, and how strongly, from 0 to 1.

    0.1 is plain speech, 0.9 as strong as actors act it. How loud the recording is does not matter.

    It learned from English acted in a studio (RAVDESS); its weights are for non-commercial use.
    """
    from dicetalk.errors import require
    from dicetalk.files import check_output
    from dicetalk.media import read_sound
    from dicetalk.voice.reading import doubts_about, plot_reading, read_voice, write_reading

    if output is not None:
        check_output(output, TABLES, (sound,))
    if plot is not None:
        require("matplotlib", "eval")
        check_output(plot, PLOTS, (sound,))
    heard = read_sound(sound, channel=channel)
    reading = read_voice(heard.waveform, window=window, hop=hop)
    warnings = [*heard.warnings, *doubts_about(heard.waveform)]
    if output is not None:
        write_reading(output, reading)
    if plot is not None:
        plot_reading(plot, reading)
    if as_json:
        print(json.dumps({"windows": [one.to_json() for one in reading], "warnings": warnings}))
        return
    _show(reading)
    if not quiet:
        for line in warned(warnings):
            print(line, file=sys.stderr)


def _show(reading: Sequence[Heard]) -> None:
    from rich.console import Console

    from dicetalk.cli.tables import table

    rows = [(f"{one.start:.1f}", *_cells(one)) for one in reading]
    Console().print(table(("s", "heard", "how strongly", "told most"), rows, right=("s", "how strongly")))


def _cells(one: Heard) -> tuple[str, str, str]:
    """What is heard, how strongly, and which emotions are told most."""
    from dicetalk.emotion.vocabulary import NEUTRAL
    from dicetalk.voice.strength import RANKED

    if not one.name:
        return one.lack, "", ""
    strongest = sorted(((one.strengths[name], name) for name in RANKED), reverse=True)[:MOST_TOLD]
    most = ", ".join(f"{name} {strength:.2f}" for strength, name in strongest)
    return f"{one.name} {one.shares[one.name]:.2f}", f"{one.strength:.2f}" if one.name != NEUTRAL else "", most
