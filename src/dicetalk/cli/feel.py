"""`dicetalk feel`: words, a script, a recording, a picture -> what is felt, when, how strongly, how surely and why."""

from __future__ import annotations

import json
import sys
from collections.abc import Callable
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dicetalk.cli.paths import FILE, FOLDER
from dicetalk.cli.streams import printable

if TYPE_CHECKING:
    from dicetalk.emotion.course import Course
    from dicetalk.emotion.feeling import Feeling

EXAMPLES = """\b
Examples:
  dicetalk feel "I lost my dog."
  dicetalk feel script.txt -o mood.json             a timeline for --emotion mood.json
  dicetalk feel script.txt --plot course.png
  dicetalk feel --source dialogue script.txt --plot course.png      ANNA: ... BEN: ...
  dicetalk feel --lines lines.txt --json            an object a line
"""
PLOTS = {".png": "PNG"}
TIMELINES = {".json": "JSON"}
LEAST_TOLD = 0.05
"""Strengths below it are left out of the table."""


@dataclass(frozen=True)
class Given:
    """What a source may be given.

    Attributes:
        what: words, or the path of a file.
        encoder: of text, the folder of a BERT with heads; None takes the one that ships.
    """

    what: str
    encoder: Path | None = None


def _text(given: Given) -> Course:
    from dicetalk.sources.text import encoder_of, feel_text

    return feel_text(given.what, encoder_of(given.encoder))


def _dialogue(given: Given) -> Course:
    from dicetalk.dialogue.plan import course_of, plan_from

    return course_of(plan_from(given.what))


SOURCES: dict[str, Callable[[Given], Course]] = {"text": _text, "dialogue": _dialogue}
"""What tells feelings, by name."""


@click.command(epilog=EXAMPLES)
@click.argument("given", metavar="TEXT|FILE", required=False)
@click.option(
    "--source", type=click.Choice(list(SOURCES)), default="text", show_default=True, help="What tells the feelings."
)
@click.option("--lines", type=FILE, help="Instead of TEXT: each line of this file by itself, however many there are.")
@click.option(
    "--encoder", type=FOLDER, help="Of text: a folder with BERT and heads (the extra `text`).  [default: what ships]"
)
@click.option("--output", "-o", type=FILE, help="Write a timeline for --emotion: .json.")
@click.option("--speaker", help="Whose timeline, where several speak.")
@click.option("--plot", type=FILE, help="Draw the course of all speakers' feelings: .png.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object; with --lines one a line.")
def feel(
    given: str | None,
    source: str,
    lines: Path | None,
    encoder: Path | None,
    output: Path | None,
    speaker: str | None,
    plot: Path | None,
    as_json: bool,
) -> None:
    """Tell what is felt in TEXT or FILE: when, how strongly, how surely and why.

    text reads English words alone, a sentence at a time; it hears no irony. Its weights are for non-commercial use.
    """
    if (given is None) == (lines is None):
        raise click.UsageError("expected TEXT, a FILE, or --lines FILE")
    if lines is not None:
        if source != "text" or output or plot or speaker:
            raise click.UsageError("--lines goes with --json alone: each line is by itself")
        _each_line(lines, encoder, as_json)
        return
    assert given is not None
    _check_outputs(given, output, plot)
    course = SOURCES[source](Given(given, encoder))
    if output is not None:
        _write(output, course, speaker)
    if plot is not None:
        from dicetalk.emotion.course import plot_course

        plot_course(plot, course)
    _show(course, as_json)
    for warning in course.warnings:
        print(printable(f"warning: {warning}"), file=sys.stderr)


def _each_line(path: Path, folder: Path | None, as_json: bool) -> None:
    from dicetalk.sources.text import encoder_of, feel_line
    from dicetalk.words.reading import read_lines

    encoder = encoder_of(folder)
    for line in read_lines(path):
        told = feel_line(line, encoder)
        if as_json:
            print(json.dumps(told))
        else:
            name, weight = max(told["weights"].items(), key=lambda pair: pair[1])
            print(f"{name} {weight:.2f}\t{printable(line)}\t{printable(told['why'])}")


def _check_outputs(given: str, output: Path | None, plot: Path | None) -> None:
    from dicetalk.errors import require
    from dicetalk.files import check_output
    from dicetalk.words.reading import is_file

    read = [Path(given)] if is_file(given) else []
    if output is not None:
        check_output(output, TIMELINES, read)
    if plot is not None:
        require("matplotlib", "eval")
        check_output(plot, PLOTS, read)


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


def _felt(feeling: Feeling) -> str:
    from dicetalk.emotion.moments import surely

    strengths = sorted(surely(feeling).strengths.items(), key=lambda pair: -pair[1])
    return ", ".join(f"{name} {strength:.2f}" for name, strength in strengths if strength >= LEAST_TOLD) or "neutral"
