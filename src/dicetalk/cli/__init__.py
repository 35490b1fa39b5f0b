"""The command line. Everything heavy loads inside the commands, so that `dicetalk --help` answers at once."""

from __future__ import annotations

import os
import sys

import click

import dicetalk
from dicetalk.cli import demo, doctor, embed, emotions, evaluate, failures, generate, official, prepare, train

EXAMPLES = """\b
Examples:
  dicetalk demo
  dicetalk generate face.png speech.wav --emotion happy -o out.mp4
  dicetalk COMMAND --help
"""


@click.group(epilog=EXAMPLES, context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100})
@click.version_option(dicetalk.__version__, message="dicetalk %(version)s")
def cli() -> None:
    """A portrait, a recording of speech and an emotion in; a video of that person speaking with that emotion out."""


COMMANDS = (
    generate.generate,
    demo.demo,
    emotions.emotions,
    doctor.doctor,
    embed.embed,
    prepare.prepare,
    train.train,
    evaluate.evaluate,
    official.weights,
    official.import_official,
)
for command in COMMANDS:
    cli.add_command(command)


def main() -> None:
    """Run the command line on the arguments of this process and leave with its exit code."""
    _open_streams()
    sys.exit(failures.run(cli, sys.argv[1:]))


def _open_streams() -> None:
    """Give a process that was started without standard output or error (`2>&-`) silent ones.

    Otherwise the next file opened would get their number, and libraries would write their messages into it.
    """
    for number, name in ((1, "stdout"), (2, "stderr")):
        if getattr(sys, name) is None:
            os.dup2(os.open(os.devnull, os.O_WRONLY), number)
            setattr(sys, name, os.fdopen(number, "w"))
