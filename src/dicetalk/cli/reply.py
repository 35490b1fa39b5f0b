"""`dicetalk reply` and `dicetalk egs`: the next line of a chat, with feelings to show on it, and judges of those."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dicetalk.cli.paths import FILE
from dicetalk.cli.streams import printable

if TYPE_CHECKING:
    from dicetalk.reply.egs import Judged
    from dicetalk.reply.planned import Planned

TIMELINES = {".json": "JSON"}
SOUNDS = {".wav": "WAV"}
HISTORY = click.option(
    "--history", required=True, type=FILE, help='The chat: a JSON list of {"role": "user", "content": "..."}.'
)
NAME = click.option("--model", default="", help="The name of the model that an address is asked for.")
WAIT = click.option(
    "--timeout", default=60.0, show_default=True, help="Seconds that an address may take for an answer."
)
MODEL = "fake, local:FOLDER, or an address such as http://127.0.0.1:8080/v1."
EXAMPLES = """\b
Examples:
  dicetalk reply --history chat.json --llm fake
  dicetalk reply --history chat.json --llm fake --speech a.wav --tts "espeak-ng -w {output} {text}" -o mood.json
  dicetalk generate face.png a.wav --emotion mood.json -o out.mp4

The key of an address, if it wants one, is read from the variable DICETALK_LLM_KEY.
"""


@click.command(epilog=EXAMPLES)
@HISTORY
@click.option("--llm", required=True, help=f"What writes the reply: {MODEL}")
@NAME
@WAIT
@click.option("--character", "card", type=FILE, help="A card, .json: temper, most, never, name, words.")
@click.option("--tts", help="A program that speaks the reply, with {output} and {text}; no shell sees it.")
@click.option("--speech", type=FILE, help="The speech to write: .wav.")
@click.option("--output", "-o", type=FILE, help="The timeline to write, for --emotion: .json.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def reply(
    history: Path,
    llm: str,
    model: str,
    timeout: float,
    card: Path | None,
    tts: str | None,
    speech: Path | None,
    output: Path | None,
    as_json: bool,
) -> None:
    """Write the next line of a chat in five steps, and the feelings to show on its words."""
    from dicetalk.emotion.timeline_file import write_timeline
    from dicetalk.files import check_output
    from dicetalk.media import read_sound
    from dicetalk.reply.ask import reply_to
    from dicetalk.reply.character import Character, read_character
    from dicetalk.reply.history import read_history
    from dicetalk.reply.model import model_of
    from dicetalk.reply.spoken import course_of, speak

    _check_spoken(tts, speech)
    for path, kinds in ((output, TIMELINES), (speech, SOUNDS)):
        if path is not None:
            check_output(path, kinds, [each for each in (history, card) if each is not None])
    chat = read_history(history)
    character = Character() if card is None else read_character(card)
    found = reply_to(chat, model_of(llm, model, timeout), character)
    waveform = None
    if tts is not None and speech is not None:
        speak(tts, found.reply, speech)
        waveform = read_sound(speech).waveform
    course = course_of(found, waveform)
    if output is not None:
        write_timeline(output, course.timeline(""))
    times = [(moment.start, moment.end) for moment in course.moments]
    _tell(found, times, as_json)


def _check_spoken(tts: str | None, speech: Path | None) -> None:
    """Refuse half of what speaking needs, and a template that is none.

    Raises:
        InputError: says which.
    """
    from dicetalk.errors import InputError
    from dicetalk.reply.spoken import template_parts

    if (tts is None) != (speech is None):
        raise InputError("--tts and --speech belong together: the program, and the sound that it is to write")
    if tts is not None:
        template_parts(tts)


def _tell(found: Planned, times: list[tuple[float, float]], as_json: bool) -> None:
    told = found.to_json()
    for beat, (start, end) in zip(told["beats"], times, strict=True):
        beat |= {"start": start, "end": end}
    if as_json:
        print(json.dumps(told))
        return
    print(printable(found.reply))
    for beat in told["beats"]:
        print(f"  {beat['start']:5.2f} to {beat['end']:5.2f} s  {beat['emotion']}: {printable(beat['words'])}")


@click.command()
@HISTORY
@click.option("--candidates", required=True, type=FILE, help='A JSON list of {"reply": "...", "planned": "happy:0.5"}.')
@click.option("--llm", "judges", required=True, multiple=True, help=f"A judge; may be given again: {MODEL}")
@NAME
@WAIT
@click.option("--rounds", default=3, show_default=True, type=click.IntRange(1, 50), help="How often each judge judges.")
@click.option("--seed", default=0, show_default=True, help="Draws the orders in which candidates are shown.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def egs(
    history: Path,
    candidates: Path,
    judges: tuple[str, ...],
    model: str,
    timeout: float,
    rounds: int,
    seed: int,
    as_json: bool,
) -> None:
    """Have judges score replies to a chat: EGS, 4 to 40, and whether each shows the feeling planned for it, 1 to 10."""
    from dicetalk.reply.egs import judge, read_candidates
    from dicetalk.reply.history import read_history
    from dicetalk.reply.model import model_of

    chat, read = read_history(history), read_candidates(candidates)
    judged = judge(chat, read, [model_of(each, model, timeout) for each in judges], rounds, seed)
    if as_json:
        print(json.dumps({"judgements": len(judged.scores), "candidates": judged.to_json()}))
    else:
        _show(judged)


def _show(judged: Judged) -> None:
    from rich.console import Console

    from dicetalk.cli.tables import table
    from dicetalk.reply.egs import CRITERIA

    columns = ("egs", *CRITERIA)
    rows = [(printable(each["reply"]), *(_figure(each[name]) for name in columns)) for each in judged.to_json()]
    Console().print(table(("reply", *columns), rows, right=columns))


def _figure(told: dict[str, float | None]) -> str:
    return f"{told['mean']:.1f}" + ("" if told["reach"] is None else f" ± {told['reach']:.1f}")
