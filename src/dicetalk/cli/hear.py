"""`dicetalk hear`: a recording -> what a mouth does for it, a row for 10 ms, as a table and as a picture."""

from __future__ import annotations

import sys
from pathlib import Path

import click

from dicetalk.cli.generate import warned
from dicetalk.cli.heavy import HeavyCommand
from dicetalk.cli.paths import FILE

EXAMPLES = """\b
Examples:
  dicetalk hear speech.wav -o mouth.csv
  dicetalk hear speech.wav -o mouth.csv --plot      and mouth.png
"""
TABLES = {".csv": "csv"}
PLOTS = {".png": "png"}


@click.command(cls=HeavyCommand, epilog=EXAMPLES)
@click.argument("sound", type=FILE)
@click.option("--output", "-o", required=True, type=FILE, help="The table to write: .csv.")
@click.option("--plot", is_flag=True, help="Draw it as well, beside the table: .png.")
@click.option("--force", is_flag=True, help="Replace a picture of that name, which was not given.")
@click.option("--channel", help="Of the sound: left, right or a number from 1.  [default: all of them, mixed]")
@click.option("--quiet", "-q", is_flag=True, help="No messages, but for errors.")
def hear(sound: Path, output: Path, plot: bool, force: bool, channel: str | None, quiet: bool) -> None:
    """Tell what a mouth does for the speech in SOUND, in any language.

    A row every 10 ms: time [s], the share of each phone (SIL, P, M, F ...), voicing and how far the lips part, 0 to 1.
    """
    from dicetalk.errors import require
    from dicetalk.files import check_output
    from dicetalk.media import read_sound
    from dicetalk.speech.heard import hear_mouth, plot_mouth, write_mouth

    check_output(output, TABLES, (sound,))
    drawn = output.with_suffix(".png")
    if plot:
        require("matplotlib", "eval")
        check_output(drawn, PLOTS, (sound,), replace=force)
    heard = read_sound(sound, channel=channel)
    rows = hear_mouth(heard.waveform)
    write_mouth(output, rows)
    if plot:
        plot_mouth(drawn, rows)
    if not quiet:
        for line in (*warned(heard.warnings), f"{output}: {len(rows)} rows of 10 ms"):
            print(line, file=sys.stderr)
