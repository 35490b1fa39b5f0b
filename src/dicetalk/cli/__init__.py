"""The command line. Everything heavy loads inside the commands, so that `dicetalk --help` answers at once."""

from __future__ import annotations

import sys

import click

import dicetalk
from dicetalk.cli.demo import demo
from dicetalk.cli.doctor import doctor
from dicetalk.cli.emotions import emotions
from dicetalk.cli.failures import run
from dicetalk.cli.generate import generate

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


for command in (generate, demo, emotions, doctor):
    cli.add_command(command)


def main() -> None:
    """Run the command line on the arguments of this process and leave with its exit code."""
    sys.exit(run(cli, sys.argv[1:]))
