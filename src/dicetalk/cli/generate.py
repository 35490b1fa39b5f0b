"""`dicetalk generate`: portrait + speech + emotion -> video."""

from __future__ import annotations

import json
import sys
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

import click

from dicetalk.amounts import GAZES
from dicetalk.backbone import DEFAULT, DEFAULT_SIZE, KINDS
from dicetalk.cli.display import display
from dicetalk.cli.marks_options import marks_options
from dicetalk.cli.paths import FILE, VIDEO
from dicetalk.cli.settings import settings_option
from dicetalk.cli.streams import printable
from dicetalk.cli.svd_options import CommandWithSvd, SvdRequest, svd_options
from dicetalk.rates import FPS, VIDEO_RATES

if TYPE_CHECKING:
    from dicetalk.jobs import Done, Job
    from dicetalk.video import Video

MOST_TOLD = 8
"""Feelings of a timeline that are told on standard error."""

EXAMPLES = """\b
Examples:
  dicetalk generate face.png speech.wav --emotion happy -o out.mp4
  dicetalk generate face.png speech.wav -e happy:0.7,surprised:0.3 --seed 3
  dicetalk generate face.png speech.wav -e mood.json        a timeline: docs/formats.md
  dicetalk generate face.png speech.wav -e auto:3           heard in the speech, anew every 3 seconds
  dicetalk generate face.png speech.wav -e like:clip.mp4    as in another recording
  dicetalk generate face.png speech.wav -e text --text script.txt --words words.vtt
  dicetalk generate face.png speech.wav -e scene:backdrop.jpg,happy:0.7    a remark where the backdrop is not
  dicetalk generate face.png speech.wav -e angry:0.3 --as-strong-as 0.7     seven of ten would name it, sound off
  dicetalk generate face.png speech.wav -e mine.safetensors:tender:0.5,happy:0.2      an own emotion: dicetalk embed
  dicetalk generate group.jpg speech.mp3 --face 2 --crop    the second face from the left
  dicetalk generate face.png speech.wav --head 0.3 --blink 0.5 --gaze camera
  dicetalk generate face.png speech.wav --head 0 --blink 0   only lips and emotion move
  dicetalk generate face.png speech.wav --fps 60 --motion-out curves.csv
  dicetalk generate face.png speech.wav --motion-in curves.csv
  dicetalk generate couple.jpg talk.wav --speaker 1:left:happy --speaker 2:right:sad
  dicetalk generate face.png speech.wav -e sad:0.8 --voice-emotion same      the voice as well
  dicetalk generate face.png speech.wav -e mood.json --voice-emotion timeline
  dicetalk generate cutout.png speech.wav -o out.webm       what is transparent stays so: .webm, .mov, frames/
  dicetalk generate face.png speech.wav --quality low -o small.mp4
  dicetalk generate face.png --idle 6 --ease -o idle.mp4    listens, and loops without a jump
  dicetalk generate face.png speech.wav -e sad --backbone dice-svd/
  dicetalk generate face.png speech.wav --consent "Ada Example, 3 May 2026, for this film" --visible-mark
  dicetalk generate face.png speech.wav -e angry --check      reads the video back: asked against shown
  dicetalk generate --settings settings.json        as on the page; face and speech lie beside the settings
  dicetalk generate --settings settings.json other.png -e sad
  dicetalk generate face.png speech.wav --backbone dice-svd/ --preset fast --memory low --emotion-scale 8
"""


@click.command(cls=CommandWithSvd, epilog=EXAMPLES)
@click.argument("portrait", type=FILE)
@click.argument("speech", type=FILE, required=False)
@click.option(
    "--emotion",
    "-e",
    default="neutral",
    show_default=True,
    help="A name, name:strength with strength 0 to 1, several of them with commas between, or a timeline file (.json); "
    "auto hears it in SPEECH, auto:3 anew every 3 seconds, like:FILE hears and sees another recording, text reads it "
    "in --text, sentence by sentence, conversation:TURNS#NAME tells it by the turns of a conversation; "
    "scene:PICTURE is what a backdrop suggests, of which little is sure (never "
    "checked on real pictures), scene:PICTURE,happy:0.7 is happy and remarks where it disagrees; "
    "mine.safetensors:tender is one of a file of `dicetalk embed`, with a strength mine.safetensors:tender:0.5.",
)
@click.option(
    "--as-strong-as",
    metavar="SHARE",
    type=float,
    help="Raise what is felt, where it is too weak, until this share of an audience would name it with the sound off, "
    "as foretold from votes on actors: 0.7 is seven of ten. Says so where full strength is not enough.",
)
@click.option(
    "--output",
    "-o",
    type=VIDEO,
    help="The video to write: .mp4, .m4v, .mov or .webm, or a folder/ or frames_%05d.png for pictures without sound; a "
    "file of that name is replaced. A transparent portrait stays so in .webm, .mov and .png; in the others it lies on "
    "white.  [default: the portrait's name with .mp4, in this folder, if there is none yet]",
)
@click.option(
    "--text",
    metavar="FILE|WORDS",
    help="What is said in SPEECH: a file (.txt, .md) or the words, in any language; [happy:0.7] before a sentence is a "
    "label of your own.",
)
@click.option("--words", metavar="VTT", type=FILE, help="Also write when each word of --text is said: WebVTT.")
@click.option(
    "--feelings", metavar="JSON", type=FILE, help="Also write what was felt, and why: a timeline that --emotion takes."
)
@click.option(
    "--quality",
    metavar="0-100",
    default="high",
    show_default=True,
    help="Of the pictures: a number, or low (40), medium (60), high (80); .png loses nothing anyway.",
)
@click.option("--force", is_flag=True, help="Replace the file of the default name.")
@click.option(
    "--seed", default=0, show_default=True, help="Which take: another seed blinks, glances and nods at other times."
)
@click.option(
    "--face", metavar="N", type=int, help="Which face of the picture, 1 is the leftmost.  [default: the largest]"
)
@click.option(
    "--size",
    default=DEFAULT_SIZE,
    show_default=True,
    help="Longest side of the video in pixels; a smaller picture keeps its size; 0 keeps every size.",
)
@click.option("--crop", is_flag=True, help="Only the square around the face.")
@click.option("--anyway", is_flag=True, help="Go on where the mouth or an eye is covered; what is hidden stays still.")
@click.option("--channel", help="Of SPEECH: left, right or a number from 1.  [default: all of them, mixed]")
@click.option("--head", metavar="X", default=1.0, show_default=True, help="How far the head moves, 0 (still) to 1.")
@click.option("--blink", metavar="X", default=1.0, show_default=True, help="How many of the usual blinks, 0 to 1.")
@click.option(
    "--gaze",
    type=click.Choice(GAZES),
    help="Where the eyes look: free glances about, camera never.  [default: free; camera with --head 0]",
)
@click.option(
    "--fps",
    metavar="|".join(map(str, VIDEO_RATES)),
    type=int,
    default=FPS,
    show_default=True,
    help="Frames a second of video and curves; svd makes 25 or 50.",
)
@click.option("--ease", is_flag=True, help="Begin and end with the portrait as it is: clips join, and loop.")
@click.option("--idle", metavar="SECONDS", type=float, help="A listening clip of this length, without SPEECH.")
@click.option(
    "--motion-in",
    metavar="CSV",
    type=FILE,
    help="Play these curves, a Live Link Face file of any rate, as --motion-out writes it too; SPEECH, which may be "
    "left out, is only the sound track.",
)
@click.option(
    "--speaker",
    "speakers",
    metavar="FACE:CHANNEL:EMOTION",
    multiple=True,
    help="One of several people in the picture, in place of --face and --emotion: which face, 1 is the leftmost, which "
    "channel of SPEECH (left, right, a number), which emotion. Once for each; who is silent listens.",
)
@click.option(
    "--voice-emotion",
    metavar="same|timeline|EMOTION",
    help="Move the voice towards an emotion before the lips are made from it: same, as the face in one mood; timeline, "
    "as the face moment by moment; or happy:0.8, a mixture or a timeline file of its own. It may get longer or "
    "shorter; the marks of the video say that it was changed. Needs the extra voice.  [default: the voice stays]",
)
@click.option(
    "--motion-out",
    metavar="CSV",
    type=FILE,
    help="Also write the motion, 61 Live Link Face channels, for any ARKit avatar.",
)
@click.option(
    "--backbone",
    default=DEFAULT,
    show_default=True,
    help=f"What draws the video: {', '.join(KINDS)} (the checkpoint in dice-svd/), or the folder of a checkpoint.",
)
@click.option(
    "--check", is_flag=True, help="Read the finished video back, and tell what it shows beside what was asked."
)
@settings_option
@marks_options
@svd_options
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object about the video, or about the error.")
@click.option("--quiet", "-q", is_flag=True, help="No progress and no messages, but for errors.")
def generate(
    portrait: Path,
    speech: Path | None,
    emotion: str,
    as_strong_as: float | None,
    output: Path | None,
    text: str | None,
    words: Path | None,
    feelings: Path | None,
    quality: str,
    force: bool,
    seed: int,
    face: int | None,
    size: int,
    crop: bool,
    anyway: bool,
    channel: str | None,
    head: float,
    blink: float,
    gaze: Literal["free", "camera"] | None,
    fps: int,
    ease: bool,
    idle: float | None,
    motion_in: Path | None,
    speakers: tuple[str, ...],
    voice_emotion: str | None,
    motion_out: Path | None,
    backbone: str,
    check: bool,
    marking: dict[str, Any],
    svd: SvdRequest,
    as_json: bool,
    quiet: bool,
) -> None:
    """Make PORTRAIT speak SPEECH with an emotion.

    PORTRAIT is any picture in which a face can be seen, SPEECH any sound or a video with sound. The whole picture comes
    out; the face and head in it move.
    """
    from dicetalk.jobs import Job

    svd.refuse_for(backbone)
    job = Job(
        portrait=portrait,
        speech=speech,
        emotion=emotion,
        as_strong_as=as_strong_as,
        output=output or Path(portrait.stem + ".mp4"),
        motion_out=motion_out,
        text=text,
        words=words,
        feelings=feelings,
        seed=seed,
        face=face,
        size=size,
        crop=crop,
        anyway=anyway,
        channel=channel,
        head=head,
        blink=blink,
        gaze=gaze,
        fps=fps,
        ease=ease,
        idle=idle,
        motion_in=motion_in,
        speakers=speakers,
        voice_emotion=voice_emotion,
        quality=quality,
        backbone=backbone,
        options=svd.given,
        preview=svd.preview,
        replace=force or output is not None,
        check=check,
        **marking,
    )
    done = make_video(job, quiet=quiet)
    report(done, as_json=as_json, quiet=quiet)


def make_video(job: Job, *, quiet: bool) -> Done:
    """Make a video and its curves, whole or not at all, with progress on a terminal.

    Raises:
        DiceTalkError: as `making.run`.
    """
    from dicetalk.making import run

    with display(quiet) as shown:
        return run(job, shown.event)


def report(done: Done, *, as_json: bool, quiet: bool) -> None:
    """One JSON object on standard output, or a few lines on standard error; quietly, those that were asked for."""
    if as_json:
        print(json.dumps(done.to_json()))
        return
    checked = [f"check: {found}" for found in (done.unread or done.checked,) if found]
    told = () if quiet else (*warned(done.video.warnings), *_heard(done.video), *_background(done), _line(done))
    for line in (*told, *checked):
        print(printable(line), file=sys.stderr)


def warned(warnings: Iterable[str]) -> Iterator[str]:
    """Warnings as they are shown."""
    return (f"warning: {warning}" for warning in warnings)


def _heard(video: Video) -> Iterator[str]:
    """How the emotion was understood, where a source had something to say."""
    heard = video.heard
    if heard.lacks:
        yield f"going on with the other modality: {heard.lacks}"
    told = [(time, feeling) for time, feeling in heard.keys if feeling.why]
    for time, feeling in told[:MOST_TOLD]:
        when = f"from {time:.1f} s: " if len(heard.keys) > 1 else ""
        yield f"{when}{feeling.why}; confidence {feeling.confidence:.2f}, using {feeling}"
    if len(told) > MOST_TOLD:
        yield f"and so on to the end ({len(told)} in all; --json tells them)"


def _background(done: Done) -> Iterator[str]:
    """Where what was transparent is not."""
    from dicetalk.media.formats import keeps_alpha

    if done.video.has_alpha and not keeps_alpha(done.job.output):
        yield f"the portrait is transparent, and lies on white: {done.job.output.suffix} keeps none; .webm and .mov do"


def _line(done: Done) -> str:
    job, video = done.job, done.video
    curves = f" and {job.motion_out}" if job.motion_out else ""
    pace = video.seconds / done.elapsed_s
    digits = ".1f" if pace >= 0.1 else ".1g"
    return (
        f"wrote {job.output}{curves}: {video.seconds:.1f} s, {video.width} x {video.height}, "
        f"{video.frames} frames in {done.elapsed_s:.1f} s ({pace:{digits}}x real time)"
    )
