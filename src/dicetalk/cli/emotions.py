"""`dicetalk emotions`: the vocabulary, or the own emotions of a file."""

from __future__ import annotations

import json
from collections.abc import Sequence
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dicetalk.cli.paths import FILE
from dicetalk.cli.tables import table
from dicetalk.emotion.vocabulary import ALIASES, AROUSAL, NAMES, VALENCE
from dicetalk.errors import ConfigError

if TYPE_CHECKING:
    from dicetalk.emotion.feeling import Feeling

EXAMPLES = """\b
Examples:
  dicetalk emotions
  dicetalk emotions --json
  dicetalk emotions mine.safetensors
  dicetalk emotions --wheel wheel.png
  dicetalk emotions --wheel wheel.png -e happy:0.5,surprised:0.3 -e fear
"""
WRITTEN = {".png": "PNG", ".jpg": "JPEG", ".jpeg": "JPEG"}


@click.command(epilog=EXAMPLES)
@click.argument("file", required=False, type=FILE)
@click.option("--wheel", metavar="PICTURE", type=FILE, help="Draw them, and what FILE or -e say: .png, .jpg.")
@click.option("--emotion", "-e", "mixtures", multiple=True, help="A mixture to draw on the wheel; once for each.")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def emotions(file: Path | None, wheel: Path | None, mixtures: tuple[str, ...], as_json: bool) -> None:
    """List the emotions, their other names, valence and arousal; or the own emotions of FILE and what they resemble.

    Valence is how pleasant an emotion is, -1 to 1; arousal is how activated, -1 (asleep) to 1. Give names to
    `dicetalk generate` as happy, happy:0.7 or happy:0.7,surprised:0.3. The wheel shows them on the circle that measures
    how far what is shown lies from what was asked, in the plane of pleasure and arousal, and along dominance.
    """
    if mixtures and wheel is None:
        raise ConfigError("a mixture is drawn, not listed; add --wheel wheel.png")
    if wheel is not None:
        _draw(wheel, file, mixtures)
    elif file is not None:
        from dicetalk.emotion.own import read_own

        _list_own(read_own(file), as_json)
    elif as_json:
        print(json.dumps({"emotions": [_record(name) for name in NAMES]}))
    else:
        _print_table()


def _draw(wheel: Path, file: Path | None, mixtures: Sequence[str]) -> None:
    from dicetalk.emotion.own import read_own
    from dicetalk.emotion.typed import parse
    from dicetalk.emotion.wheel_picture import draw_wheel
    from dicetalk.files import check_output
    from dicetalk.media import write_picture

    check_output(wheel, WRITTEN, [] if file is None else [file])
    named = {} if file is None else read_own(file)
    write_picture(wheel, draw_wheel(named | {text.strip(): parse(text) for text in mixtures}))


def _list_own(own: dict[str, Feeling], as_json: bool) -> None:
    if as_json:
        told = [{"name": name, **_becomes(feeling)} for name, feeling in sorted(own.items())]
        print(json.dumps({"emotions": told}))
        return
    from rich.console import Console

    rows = [(name, feeling.why, str(feeling)) for name, feeling in sorted(own.items())]
    Console().print(table(("emotion", "resembles", "becomes"), rows))


def _becomes(feeling: Feeling) -> dict[str, object]:
    strengths = {name: round(strength, 4) for name, strength in feeling.strengths.items()}
    return {"becomes": strengths, "confidence": round(feeling.confidence, 4), "why": feeling.why}


def _record(name: str) -> dict[str, object]:
    return {"name": name, "aliases": _aliases(name), "valence": VALENCE[name], "arousal": AROUSAL[name]}


def _aliases(name: str) -> list[str]:
    return [alias for alias, meaning in ALIASES.items() if meaning == name]


def _print_table() -> None:
    from rich.console import Console

    rows = [(name, ", ".join(_aliases(name)), f"{VALENCE[name]:+.1f}", f"{AROUSAL[name]:+.1f}") for name in NAMES]
    plane = ("valence", "arousal")
    Console().print(table(("emotion", "other names", *plane), rows, right=plane))
