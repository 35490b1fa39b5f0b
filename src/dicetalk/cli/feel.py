"""`dicetalk feel`: words, a script, a recording, a picture -> what is felt, when, how strongly, how surely and why."""

from __future__ import annotations

import json
import os
import sys
from collections.abc import Callable, Mapping
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
  dicetalk feel --source conversation turns.vtt --sound talk.wav
  dicetalk feel --source scene backdrop.jpg
  dicetalk feel --source scene storyboard/ -o draft.json      a frame every 3 s, by their names
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
        sound: the recording that a conversation's turns are of.
        decoder: whether each speaker of a conversation is held to what was felt before.
        detector: of objects in pictures, an `.onnx` file.
        detector_names: of its classes, a file.
    """

    what: str
    encoder: Path | None = None
    sound: Path | None = None
    decoder: bool = False
    detector: Path | None = None
    detector_names: Path | None = None


def _text(given: Given) -> Course:
    from dicetalk.sources.text import encoder_of, feel_text

    return feel_text(given.what, encoder_of(given.encoder))


def _conversation(given: Given) -> Course:
    from dicetalk.sources.conversation import feel_conversation

    return feel_conversation(Path(given.what), given.sound, decoder=given.decoder)


def _dialogue(given: Given) -> Course:
    from dicetalk.dialogue.plan import course_of, plan_from

    return course_of(plan_from(given.what))


def _scene(given: Given) -> Course:
    from dicetalk.errors import ConfigError
    from dicetalk.scene.detector import open_detector
    from dicetalk.sources.scene import feel_scene

    detector, names = given.detector, given.detector_names
    if (detector is None) != (names is None):
        raise ConfigError("a detector and the names of its classes belong together: --detector, --detector-names")
    found = None if detector is None or names is None else open_detector(detector, names)
    return feel_scene(FOLDER.convert(given.what, None, None), found)


SOURCES: dict[str, Callable[[Given], Course]] = {
    "text": _text, "dialogue": _dialogue, "conversation": _conversation, "scene": _scene,
}  # fmt: skip
"""What tells feelings, by name."""
OPTIONS = {
    "--encoder": "text", "--sound": "conversation", "--decoder": "conversation", "--detector": "scene",
    "--detector-names": "scene",
}  # fmt: skip
"""Which source an option is of."""


@click.command(epilog=EXAMPLES)
@click.argument("given", metavar="TEXT|FILE", required=False)
@click.option(
    "--source", type=click.Choice(list(SOURCES)), default="text", show_default=True, help="What tells the feelings."
)
@click.option("--lines", type=FILE, help="Instead of TEXT: each line of this file by itself, however many there are.")
@click.option(
    "--encoder", type=FOLDER, help="Of text: a folder with BERT and heads (the extra `text`).  [default: what ships]"
)
@click.option("--sound", type=FILE, help="The recording that a conversation's turns are of.")
@click.option(
    "--decoder", is_flag=True, help="Hold each speaker of a conversation to what was felt before; seldom helps."
)
@click.option("--output", "-o", type=FILE, help="Write a timeline for --emotion: .json.")
@click.option("--speaker", help="Whose timeline, where several speak.")
@click.option("--plot", type=FILE, help="Draw the course of all speakers' feelings: .png.")
@click.option(
    "--detector", type=FILE, help="Of objects, for scene: an .onnx file of your own, which you trust; none ships."
)
@click.option("--detector-names", type=FILE, help="The names of its classes, one a line.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object; with --lines one a line.")
def feel(
    given: str | None,
    source: str,
    lines: Path | None,
    encoder: Path | None,
    sound: Path | None,
    decoder: bool,
    output: Path | None,
    speaker: str | None,
    plot: Path | None,
    detector: Path | None,
    detector_names: Path | None,
    as_json: bool,
) -> None:
    """Tell what is felt in TEXT or FILE: when, how strongly, how surely and why.

    text reads English words alone, a sentence at a time; it hears no irony. Its weights are for non-commercial use.
    scene reads a picture, or the pictures of a folder as a storyboard: by light and colour, and with a detector by
    objects and which of them are together. It was never checked on real pictures, and says that it is not sure.
    """
    if (given is None) == (lines is None):
        raise click.UsageError("expected TEXT, a FILE, or --lines FILE")
    if lines is not None:
        if source != "text" or output or plot or speaker:
            raise click.UsageError("--lines goes with --json alone: each line is by itself")
        _each_line(lines, encoder, as_json)
        return
    assert given is not None
    _check_used(source, {"--encoder": encoder, "--sound": sound, "--decoder": decoder or None,
                         "--detector": detector, "--detector-names": detector_names})  # fmt: skip
    _check_outputs(given, output, plot, sound)
    course = SOURCES[source](Given(given, encoder, sound, decoder, detector, detector_names))
    if output is not None:
        _write(output, course, speaker)
    if plot is not None:
        from dicetalk.emotion.course import plot_course

        plot_course(plot, course)
    _show(course, as_json)
    for warning in course.warnings:
        print(printable(f"warning: {warning}"), file=sys.stderr)


def _check_used(source: str, given: Mapping[str, Path | bool | None]) -> None:
    """Refuse options that the source has no use for."""
    for option, value in given.items():
        if value is not None and OPTIONS[option] != source:
            raise click.UsageError(f"{option} goes with --source {OPTIONS[option]}; {source} has no use for it")


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


def _check_outputs(given: str, output: Path | None, plot: Path | None, sound: Path | None) -> None:
    from dicetalk.errors import require
    from dicetalk.files import check_output
    from dicetalk.words.reading import is_file

    read = [*([Path(given)] if is_file(given) else []), *([sound] if sound is not None else [])]
    if os.path.isdir(given):  # noqa: PTH112 (never raises)
        read += [one for one in Path(given).iterdir() if one.is_file()]
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


def _felt(feeling: Feeling, least: float) -> str:
    from dicetalk.emotion.moments import surely

    strengths = sorted(surely(feeling, least).strengths.items(), key=lambda pair: -pair[1])
    return ", ".join(f"{name} {strength:.2f}" for name, strength in strengths if strength >= LEAST_TOLD) or "neutral"
