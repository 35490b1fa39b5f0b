"""`dicetalk voice`: a recording -> the same words by the same voice, in another feeling."""

from __future__ import annotations

import json
import sys
from pathlib import Path

import click

from dicetalk.cli.generate import warned
from dicetalk.cli.heavy import HeavyCommand
from dicetalk.cli.paths import FILE
from dicetalk.cli.streams import printable

EXAMPLES = """\b
Examples:
  dicetalk voice speech.wav --emotion happy:0.8 -o happy.wav
  dicetalk voice speech.wav --emotion mood.json -o changing.flac    a timeline: docs/formats.md
"""


@click.command(cls=HeavyCommand, epilog=EXAMPLES)
@click.argument("speech", type=FILE)
@click.option(
    "--emotion", "-e", required=True, help="A name, name:strength, several with commas between, or a timeline (.json)."
)
@click.option(
    "--output", "-o", type=FILE, required=True, help="The sound to write: .wav, .flac or .ogg; a comment in it says so."
)
@click.option("--channel", help="Of SPEECH: left, right or a number from 1.  [default: all of them, mixed]")
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object about what was changed.")
@click.option("--quiet", "-q", is_flag=True, help="No messages, but for errors.")
def voice(speech: Path, emotion: str, output: Path, channel: str | None, as_json: bool, quiet: bool) -> None:
    """Move the voice in SPEECH towards an emotion: pitch, pace, pauses, timbre, breath.

    How far it is moved is sought until a ranker hears the strength that was asked for. Learned from RAVDESS: not for
    commercial use, North American actors, and nothing of contempt. Needs the extra voice.
    """
    from dicetalk.errors import EmotionError
    from dicetalk.files import check_output
    from dicetalk.media import read_sound
    from dicetalk.media.written_sound import SOUNDS, write_sound
    from dicetalk.voice.speaker import speak
    from dicetalk.voice.strength import VoiceStrength
    from dicetalk.voice.wanted import check_voice

    check_output(output, SOUNDS, (speech,))
    wanted = check_voice(emotion, speech=True, motion=False, speakers=False)
    if wanted is None or wanted.own is None:
        raise EmotionError(f"{emotion.strip()} is as a face, and there is none; name an emotion, as in happy:0.8")
    said = speak(read_sound(speech, channel=channel), wanted.own, VoiceStrength.load())
    write_sound(output, said.samples, said.rate, comment=said.comment)
    if as_json:
        print(json.dumps(said.to_json() | {"output": str(output)}))
    elif not quiet:
        for line in (*warned(said.warnings), f"wrote {output}: {said.tempo.seconds:.1f} s"):
            print(printable(line), file=sys.stderr)
