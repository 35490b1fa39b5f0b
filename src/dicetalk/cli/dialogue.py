"""`dicetalk dialogue`: a script and a cast -> who feels what in each line, and a film."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Sequence
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from dicetalk.backbone import DEFAULT, DEFAULT_SIZE
from dicetalk.cli.display import display
from dicetalk.cli.generate import warned
from dicetalk.cli.marks_options import marks_options
from dicetalk.cli.paths import FILE, FOLDER
from dicetalk.cli.streams import printable
from dicetalk.rates import FPS, VIDEO_RATES

if TYPE_CHECKING:
    from dicetalk.commands import Command
    from dicetalk.dialogue.cast import Player
    from dicetalk.dialogue.film import Film
    from dicetalk.dialogue.plan import Plan

PLANS = {".json": "JSON"}

EXAMPLES = """\b
Examples:
  dicetalk dialogue script.txt --plan-only                  who feels what in each line
  dicetalk dialogue script.txt --cast anna=a.png,anna.wav --cast ben=b.png,ben.wav -o scene.mp4
  dicetalk dialogue script.txt --cast anna=a.png,lines_a/ --cast ben=b.png,lines_b/ --layout split
  dicetalk dialogue script.txt --cast anna=a.png,en+f3 --tts "espeak-ng -v {voice} -w {output} {text}"
  dicetalk dialogue script.txt --plan-only --plan plan.json          writes the plan; edit it, and give it back:
  dicetalk dialogue plan.json --cast anna=a.png,anna.wav --cast ben=b.png,ben.wav
  dicetalk dialogue script.txt --cast anna=a.png,lines_a/ --voice-emotion same    the voices feel it, too
  dicetalk dialogue script.txt --plan-only --as-strong-as 0.7        seven of ten would name it, sound off
  dicetalk dialogue script.txt --plan-only --lock 3=sad:0.8          line 3 is sad; the others answer to it
"""


@click.command(epilog=EXAMPLES)
@click.argument("script", type=FILE)
@click.option(
    "--cast",
    "players",
    metavar="NAME=PORTRAIT,VOICE",
    multiple=True,
    help="Who plays a speaker: a picture, and a recording of all their lines with pauses between, or a folder with one "
    "recording a line in the order of their names, or a voice of --tts. For each, once or behind each other.",
)
@click.option("--output", "-o", type=FILE, default=Path("scene.mp4"), show_default=True, help="The film to write.")
@click.option(
    "--layout",
    type=click.Choice(("cut", "split")),
    default="cut",
    show_default=True,
    help="Who speaks is seen, and who listens to long lines; or everybody, beside each other.",
)
@click.option("--each", metavar="FOLDER", type=FOLDER, help="Also write a video of each of the people alone in here.")
@click.option(
    "--tts",
    metavar="COMMAND",
    help="A text-to-speech command for those without a recording, run without a shell: {text} stands for what is said, "
    '{output} for the WAV file to write, {voice} for a voice. "espeak-ng -w {output} {text}", say.',
)
@click.option("--plan", "plan_out", metavar="JSON", type=FILE, help="Also write the plan, which SCRIPT may be again.")
@click.option("--plan-only", is_flag=True, help="Make no film: print who feels what, how surely and why.")
@click.option(
    "--lock",
    "locks",
    metavar="LINE=EMOTION",
    multiple=True,
    help="What is felt in a line, 1 is the first, as in 3=happy:0.7; others are planned around it. In a script the "
    "same is written as ANNA [happy:0.7]: ...",
)
@click.option(
    "--as-strong-as",
    metavar="SHARE",
    type=float,
    help="As for `generate`, of each line that is not locked; who listens feels it along.",
)
@click.option("--replan", is_flag=True, help="Of a plan that is given back, plan anew what is not locked.")
@click.option("--seed", default=0, show_default=True, help="Which take.")
@click.option("--size", default=DEFAULT_SIZE, show_default=True, help="Longest side of a portrait in pixels.")
@click.option("--crop", is_flag=True, help="Only the square around each face.")
@click.option("--anyway", is_flag=True, help="Go on where a mouth or an eye is covered; what is hidden stays still.")
@click.option(
    "--fps",
    metavar="|".join(map(str, VIDEO_RATES)),
    type=int,
    default=FPS,
    show_default=True,
    help="Frames a second.",
)
@click.option(
    "--quality",
    metavar="0-100",
    default="high",
    show_default=True,
    help="Of the pictures: a number, or low (40), medium (60), high (80).",
)
@click.option(
    "--voice-emotion",
    metavar="same|EMOTION",
    help="Move the voice of each line: same, towards what is planned in it; or one emotion for all. The marks say that "
    "it was changed. Needs the extra voice.  [default: the voices stay]",
)
@click.option("--backbone", default=DEFAULT, show_default=True, help="What draws: a name, or a checkpoint's folder.")
@marks_options
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object about the film and its plan.")
@click.option("--quiet", "-q", is_flag=True, help="No progress and no messages, but for errors.")
def dialogue(
    script: Path,
    players: tuple[str, ...],
    output: Path,
    layout: Any,
    each: Path | None,
    tts: str | None,
    plan_out: Path | None,
    plan_only: bool,
    locks: tuple[str, ...],
    as_strong_as: float | None,
    replan: bool,
    seed: int,
    size: int,
    crop: bool,
    anyway: bool,
    fps: int,
    quality: str,
    voice_emotion: str | None,
    backbone: str,
    marking: dict[str, Any],
    as_json: bool,
    quiet: bool,
) -> None:
    """Plan what is felt in SCRIPT, line by line, and make a film of it.

    SCRIPT is text with names, `ANNA: I lost my dog.`, or a plan that was written (.json). The plan was learned from
    English talk of every day. Not for commercial use: its weights come from DailyTalk.
    """
    from dicetalk.dialogue.cast import players_of
    from dicetalk.dialogue.plan import raised, write_plan
    from dicetalk.dialogue.voices import synthesiser_of
    from dicetalk.reading.stronger import check_as_strong_as

    share = check_as_strong_as(as_strong_as, motion=False)
    plan, doubts = raised(_planned(script, locks, replan), share)
    if plan_out is not None:
        _check(plan_out, PLANS, [] if plan_out == script else [script])
    if plan_only:
        if plan_out is not None:
            write_plan(plan_out, plan)
        if not quiet:
            _tell(warned(doubts))
        _show(plan, {"warnings": list(doubts)}, as_json)
        return
    synthesiser = None if tts is None else synthesiser_of(tts)
    cast = [player for text in players for player in players_of(text)]
    film = _filmed(
        plan, cast, synthesiser, output, [script], each=each,
        layout=layout, seed=seed, size=size, crop=crop, anyway=anyway, fps=fps, quality=quality, backbone=backbone,
        voice_emotion=voice_emotion, marking=marking, quiet=quiet,
    )  # fmt: skip
    film = replace(film, warnings=(*doubts, *film.warnings))
    if plan_out is not None:
        write_plan(plan_out, plan)
    if not quiet:
        _tell((*warned(film.warnings), _line(film)))
    if as_json:
        _show(plan, film.to_json(), as_json)


def _tell(lines: Iterable[str]) -> None:
    for line in lines:
        print(printable(line), file=sys.stderr)


def _planned(script: Path, locks: Sequence[str], replan: bool) -> Plan:
    """The plan of a script, or the one that is given; a script is planned around its locks."""
    from dicetalk.dialogue.plan import is_plan, locks_of, plan_from

    plan = plan_from(script)
    asked = locks_of(locks)
    if asked:
        plan = plan.locking(asked)
    return plan.anew() if replan or (asked and not is_plan(script)) else plan


def _check(path: Path, kinds: dict[str, str], inputs: list[Path]) -> None:
    from dicetalk.files import check_output

    check_output(path, kinds, inputs)


def _filmed(
    plan: Plan,
    cast: Sequence[Player],
    synthesiser: Command | None,
    output: Path,
    inputs: list[Path],
    *,
    each: Path | None,
    quality: str,
    marking: dict[str, Any],
    quiet: bool,
    **how: Any,
) -> Film:
    """The film, with progress on a terminal; what is wrong with the options is told before any work."""
    from dicetalk.dialogue.film import Look, make_film
    from dicetalk.marks.marks import Marks
    from dicetalk.media.formats import WRITTEN, quality_of

    _check(output, WRITTEN, inputs)
    marks = Marks(
        which=marking["marks"],
        consent=marking["consent"],
        visible=marking["visible_mark"],
        key=marking["sign_key"],
        certificate=marking["sign_certificate"],
    )
    with display(quiet) as shown:
        return make_film(
            plan, cast, output, synthesiser=synthesiser, look=Look(**how), quality=quality_of(quality), marks=marks,
            each=each, tell=shown.event,
        )  # fmt: skip


def _show(plan: Plan, more: dict[str, Any], as_json: bool) -> None:
    """The plan: one JSON object, in which more is told, or a table."""
    from dicetalk.dialogue.plan import table, to_json

    if as_json:
        print(json.dumps(to_json(plan) | more))
        return
    for line in table(plan):
        print(printable(line))


def _line(film: Film) -> str:
    return (
        f"wrote {film.path}: {film.frames / film.fps:.1f} s, {film.width} x {film.height}, {film.frames} frames, "
        f"{len(film.moments)} lines"
    )
