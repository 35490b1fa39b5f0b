"""`dicetalk emotions`: the vocabulary, or the own emotions of a file."""

from __future__ import annotations

import json
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dicetalk.cli.paths import FILE
from dicetalk.cli.tables import table
from dicetalk.emotion.vocabulary import ALIASES, AROUSAL, NAMES, VALENCE

if TYPE_CHECKING:
    from dicetalk.emotion.feeling import Feeling

EXAMPLES = """\b
Examples:
  dicetalk emotions
  dicetalk emotions --json
  dicetalk emotions mine.safetensors
"""


@click.command(epilog=EXAMPLES)
@click.argument("file", required=False, type=FILE)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def emotions(file: Path | None, as_json: bool) -> None:
    """List the emotions, their other names, valence and arousal; or the own emotions of FILE and what they resemble.

    Valence is how pleasant an emotion is, -1 to 1; arousal is how activated, -1 (asleep) to 1. Give names to
    `dicetalk generate` as happy, happy:0.7 or happy:0.7,surprised:0.3.
    """
    if file is not None:
        from dicetalk.emotion.own import read_own

        _list_own(read_own(file), as_json)
    elif as_json:
        print(json.dumps({"emotions": [_record(name) for name in NAMES]}))
    else:
        _print_table()


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
