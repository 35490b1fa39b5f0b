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
  dicetalk feel --source scene backdrop.jpg
  dicetalk feel --source scene storyboard/ -o draft.json      a frame every 3 s, by their names
"""
PLOTS = {".png": "PNG"}
TIMELINES = {".json": "JSON"}


@dataclass(frozen=True)
class Given:
    """What a source may be given.

    Attributes:
        what: words, or the path of a file.
        detector: of objects in pictures, an `.onnx` file.
        detector_names: of its classes, a file.
    """

    what: str
    detector: Path | None = None
    detector_names: Path | None = None


def _text(given: Given) -> Course:
    from dicetalk.sources.text import feel_text

    return feel_text(given.what)


def _scene(given: Given) -> Course:
    from dicetalk.errors import ConfigError
    from dicetalk.scene.detector import open_detector
    from dicetalk.sources.scene import feel_scene

    detector, names = given.detector, given.detector_names
    if (detector is None) != (names is None):
        raise ConfigError("a detector and the names of its classes belong together: --detector, --detector-names")
    found = None if detector is None or names is None else open_detector(detector, names)
    return feel_scene(Path(given.what), found)


SOURCES: dict[str, Callable[[Given], Course]] = {"text": _text, "scene": _scene}
"""What tells feelings, by name."""


@click.command(epilog=EXAMPLES)
@click.argument("given", metavar="TEXT|FILE")
@click.option(
    "--source", type=click.Choice(list(SOURCES)), default="text", show_default=True, help="What tells the feelings."
)
@click.option("--output", "-o", type=FILE, help="Write a timeline for --emotion: .json.")
@click.option("--speaker", help="Whose timeline, where several speak.")
@click.option("--plot", type=FILE, help="Draw the course of all speakers' feelings: .png.")
@click.option(
    "--detector", type=FILE, help="Of objects, for scene: an .onnx file of your own, which you trust; none ships."
)
@click.option("--detector-names", type=FILE, help="The names of its classes, one a line.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def feel(
    given: str,
    source: str,
    output: Path | None,
    speaker: str | None,
    plot: Path | None,
    detector: Path | None,
    detector_names: Path | None,
    as_json: bool,
) -> None:
    """Tell what is felt in TEXT or FILE: a line for each moment, with its reason.

    scene reads a picture, or the pictures of a folder as a storyboard: by light and colour, and with a detector by
    objects and which of them are together. It was never checked on real pictures, and says that it is not sure.
    """
    from dicetalk.errors import require
    from dicetalk.files import check_output

    read = [path] if (path := Path(given)).exists() else []
    if output is not None:
        check_output(output, TIMELINES, read)
    if plot is not None:
        require("matplotlib", "eval")
        check_output(plot, PLOTS, read)
    course = SOURCES[source](Given(given, detector, detector_names))
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
        (
            f"{moment.start:.1f}",
            *((moment.speaker,) if named else ()),
            printable(moment.text),
            _felt(feeling, course.least),
            f"{feeling.confidence:.2f}",
            printable(feeling.why),
        )
        for moment, feeling in zip(course.moments, course.feelings, strict=True)
    ]
    head = ("s", *(("speaker",) if named else ()), "text", "feels", "sure", "why")
    Console().print(table(head, rows, right=("s", "sure")))


def _felt(feeling: object, least: float) -> str:
    from dicetalk.emotion.feeling import Feeling
    from dicetalk.emotion.moments import surely

    assert isinstance(feeling, Feeling)
    strengths = sorted(surely(feeling, least).strengths.items(), key=lambda pair: -pair[1])
    return ", ".join(f"{name} {strength:.2f}" for name, strength in strengths if strength >= 0.05) or "neutral"
