"""`dicetalk feel`: words, a script, a recording, a picture -> what is felt, when, how strongly, how surely and why."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dicetalk.cli.paths import FILE
from dicetalk.cli.streams import printable

if TYPE_CHECKING:
    from dicetalk.emotion.course import Course

EXAMPLES = """\b
Examples:
  dicetalk feel "I lost my dog."
  dicetalk feel script.txt -o mood.json             a timeline for --emotion mood.json
  dicetalk feel script.txt --plot course.png
"""
PLOTS = {".png": "PNG"}
TIMELINES = {".json": "JSON"}


@dataclass(frozen=True)
class Given:
    """What a source may be given.

    Attributes:
        what: words, or the path of a file.
    """

    what: str


def _text(given: Given) -> Course:
    from dicetalk.sources.text import feel_text

    return feel_text(given.what)


SOURCES: dict[str, Callable[[Given], Course]] = {"text": _text}
"""What tells feelings, by name."""


@click.command(epilog=EXAMPLES)
@click.argument("given", metavar="TEXT|FILE")
@click.option(
    "--source", type=click.Choice(list(SOURCES)), default="text", show_default=True, help="What tells the feelings."
)
@click.option("--output", "-o", type=FILE, help="Write a timeline for --emotion: .json.")
@click.option("--speaker", help="Whose timeline, where several speak.")
@click.option("--plot", type=FILE, help="Draw the course of all speakers' feelings: .png.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def feel(given: str, source: str, output: Path | None, speaker: str | None, plot: Path | None, as_json: bool) -> None:
    """Tell what is felt in TEXT or FILE: a line for each moment, with its reason."""
    from dicetalk.errors import require
    from dicetalk.files import check_output

    read = [path] if (path := Path(given)).exists() else []
    if output is not None:
        check_output(output, TIMELINES, read)
    if plot is not None:
        require("matplotlib", "eval")
        check_output(plot, PLOTS, read)
    course = SOURCES[source](Given(given))
    if output is not None:
        _write(output, course, speaker)
    if plot is not None:
        from dicetalk.emotion.course import plot_course

        plot_course(plot, course)
    _show(course, as_json)
    for warning in course.warnings:
        print(printable(f"warning: {warning}"), file=sys.stderr)


def _write(path: Path, course: Course, speaker: str | None) -> None:
    from dicetalk.emotion.timeline_file import write_timeline
    from dicetalk.errors import InputError

    if speaker is None and len(course.speakers) > 1:
        raise InputError(f"{len(course.speakers)} people speak ({', '.join(course.speakers)}); say which: --speaker")
    write_timeline(path, course.timeline(course.speakers[0] if speaker is None else speaker))


def _show(course: Course, as_json: bool) -> None:
    if as_json:
        print(json.dumps({"moments": course.to_json(), "lacks": course.lacks, "warnings": list(course.warnings)}))
        return
    from rich.console import Console

    from dicetalk.cli.tables import table

    named = any(course.speakers)
    rows = [
        (f"{moment.start:.1f}", *((moment.speaker,) if named else ()), printable(moment.text), _felt(feeling),
         f"{feeling.confidence:.2f}", printable(feeling.why))
        for moment, feeling in zip(course.moments, course.feelings, strict=True)
    ]  # fmt: skip
    head = ("s", *(("speaker",) if named else ()), "text", "feels", "sure", "why")
    Console().print(table(head, rows, right=("s", "sure")))


def _felt(feeling: object) -> str:
    from dicetalk.emotion.feeling import Feeling
    from dicetalk.emotion.moments import surely

    assert isinstance(feeling, Feeling)
    strengths = sorted(surely(feeling).strengths.items(), key=lambda pair: -pair[1])
    return ", ".join(f"{name} {strength:.2f}" for name, strength in strengths if strength >= 0.05) or "neutral"
