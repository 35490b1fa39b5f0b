"""The command line. Everything heavy loads inside the commands, so that `dicetalk --help` answers at once."""

from __future__ import annotations

import os
import signal
import sys
from types import FrameType

import click

import dicetalk
from dicetalk.cli import (
    batch,
    demo,
    describe,
    dialogue,
    doctor,
    embed,
    emotions,
    evaluate,
    failures,
    feel,
    finetune,
    generate,
    hear,
    live,
    official,
    prepare,
    read,
    reply,
    serve,
    train,
    verify,
    voice,
)
from dicetalk.cli.streams import open_streams
from dicetalk.signals import STOPS

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
    dialogue.dialogue,
    batch.batch,
    live.live,
    serve.serve,
    demo.demo,
    emotions.emotions,
    feel.feel,
    doctor.doctor,
    embed.embed,
    hear.hear,
    read.read,
    describe.describe,
    reply.reply,
    reply.egs,
    voice.voice,
    verify.verify,
    prepare.prepare,
    train.train,
    finetune.finetune,
    evaluate.evaluate,
    official.weights,
    official.import_official,
)
for command in COMMANDS:
    cli.add_command(command)


def main() -> None:
    """Run the command line on the arguments of this process and leave with its exit code."""
    open_streams()
    for number in STOPS:
        if signal.getsignal(number) is not signal.SIG_IGN:
            signal.signal(number, _leave)
    code = failures.run(cli, sys.argv[1:])
    for number in STOPS:  # all is done, and the interpreter is about to close
        signal.signal(number, signal.SIG_IGN)
    sys.exit(code)


def _leave(number: int, frame: FrameType | None) -> None:
    """End at once and in silence: `failures.run` has not begun to answer signals, or has told its last."""
    os._exit(128 + number)
