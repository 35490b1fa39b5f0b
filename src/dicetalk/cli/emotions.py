"""`dicetalk emotions`: the vocabulary."""

from __future__ import annotations

import json

import click

from dicetalk.emotion.vocabulary import ALIASES, AROUSAL, NAMES, VALENCE

EXAMPLES = """\b
Examples:
  dicetalk emotions
  dicetalk emotions --json
"""


@click.command(epilog=EXAMPLES)
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object.")
def emotions(as_json: bool) -> None:
    """List the emotions, their other names, valence and arousal.

    Valence is how pleasant an emotion is, -1 to 1; arousal is how activated, -1 (asleep) to 1. Give names to
    `dicetalk generate` as happy, happy:0.7 or happy:0.7,surprised:0.3.
    """
    if as_json:
        print(json.dumps({"emotions": [_record(name) for name in NAMES]}))
    else:
        _print_table()


def _record(name: str) -> dict[str, object]:
    return {"name": name, "aliases": _aliases(name), "valence": VALENCE[name], "arousal": AROUSAL[name]}


def _aliases(name: str) -> list[str]:
    return [alias for alias, meaning in ALIASES.items() if meaning == name]


def _print_table() -> None:
    from rich.box import SIMPLE
    from rich.console import Console
    from rich.table import Table

    table = Table("emotion", "other names", box=SIMPLE, show_edge=False)
    table.add_column("valence", justify="right")
    table.add_column("arousal", justify="right")
    for name in NAMES:
        table.add_row(name, ", ".join(_aliases(name)), f"{VALENCE[name]:+.1f}", f"{AROUSAL[name]:+.1f}")
    Console().print(table)
