"""`dicetalk generate`: portrait + speech + emotion -> video."""

from __future__ import annotations

import json
import sys
import time
from collections.abc import Callable
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

import click

from dicetalk.cli.display import Display, display
from dicetalk.cli.output import CURVES, SHEETS, check_output
from dicetalk.cli.svd_options import CommandWithSvd, SvdRequest, svd_options
from dicetalk.errors import ConfigError

if TYPE_CHECKING:
    from dicetalk.emotion.timeline import Timeline
    from dicetalk.pipeline import Video
    from dicetalk.svd.backbone import DenoisingStep

EXAMPLES = """\b
Examples:
  dicetalk generate face.png speech.wav --emotion happy -o out.mp4
  dicetalk generate face.png speech.wav -e happy:0.7,surprised:0.3 --seed 3
  dicetalk generate face.png speech.wav -e mood.json        a timeline: docs/formats.md
  dicetalk generate face.png speech.wav -e mine.safetensors:tender      an own emotion: dicetalk embed --help
  dicetalk generate group.jpg speech.mp3 --face 2 --crop    the second face from the left
  dicetalk generate face.png speech.wav --motion-out curves.csv
  dicetalk generate face.png speech.wav -e sad --backbone dice-svd/
  dicetalk generate face.png speech.wav --backbone dice-svd/ --preset fast --memory low --emotion-scale 8
"""


@dataclass(frozen=True, kw_only=True)
class Job:
    """One video to make.

    Attributes:
        portrait, speech: input files.
        emotion: as typed: a mixture, the path of a timeline, or a mood that is heard, seen or stored.
        output: the video file.
        motion_out: the file of motion curves, if one is wanted.
        seed: which take.
        face: 1 is the leftmost; None takes the largest.
        size: longest side of the frames [px], 0 keeps every size.
        crop: only the square around the face.
        backbone: what draws.
        svd: what was typed for the svd backbone.
        quiet: say nothing but errors.
    """

    portrait: Path
    speech: Path
    emotion: str
    output: Path
    motion_out: Path | None = None
    seed: int = 0
    face: int | None = None
    size: int = 1024
    crop: bool = False
    backbone: str = "motion"
    svd: SvdRequest = field(default_factory=SvdRequest)
    quiet: bool = False


@dataclass(frozen=True)
class Done:
    """A video that was made, and how long that took, start-up included [s]."""

    video: Video
    elapsed_s: float


@click.command(cls=CommandWithSvd, epilog=EXAMPLES)
@click.argument("portrait", type=click.Path(path_type=Path))
@click.argument("speech", type=click.Path(path_type=Path))
@click.option(
    "--emotion",
    "-e",
    default="neutral",
    show_default=True,
    help="A name, name:strength with strength 0 to 1, several of them with commas between, or a timeline file (.json); "
    "auto hears it in SPEECH, like:FILE in another recording; mine.safetensors:tender is one of a file of "
    "`dicetalk embed`, with a strength mine.safetensors:tender:0.5.",
)
@click.option(
    "--output",
    "-o",
    type=click.Path(path_type=Path),
    help="The video to write: .mp4, .m4v or .mov.  [default: the portrait's name with .mp4, in this folder]",
)
@click.option(
    "--seed", default=0, show_default=True, help="Which take: another seed blinks, glances and nods at other times."
)
@click.option(
    "--face", metavar="N", type=int, help="Which face of the picture, 1 is the leftmost.  [default: the largest]"
)
@click.option(
    "--size",
    default=1024,
    show_default=True,
    help="Longest side of the video in pixels; a smaller picture keeps its size; 0 keeps every size.",
)
@click.option("--crop", is_flag=True, help="Only the square around the face.")
@click.option(
    "--motion-out",
    metavar="CSV",
    type=click.Path(path_type=Path),
    help="Also write the motion, 61 Live Link Face channels, for any ARKit avatar.",
)
@click.option(
    "--backbone",
    default="motion",
    show_default=True,
    help="What draws the video: motion, svd (the checkpoint in dice-svd/), or the folder of an svd checkpoint.",
)
@svd_options
@click.option("--json", "as_json", is_flag=True, help="Print one JSON object about the video, or about the error.")
@click.option("--quiet", "-q", is_flag=True, help="No progress and no messages, but for errors.")
def generate(
    portrait: Path,
    speech: Path,
    emotion: str,
    output: Path | None,
    seed: int,
    face: int | None,
    size: int,
    crop: bool,
    motion_out: Path | None,
    backbone: str,
    svd: SvdRequest,
    as_json: bool,
    quiet: bool,
) -> None:
    """Make PORTRAIT speak SPEECH with an emotion.

    PORTRAIT is any picture in which a face can be seen, SPEECH any sound or a video with sound. The whole picture comes
    out; the face and head in it move.
    """
    job = Job(
        portrait=portrait,
        speech=speech,
        emotion=emotion,
        output=output or Path(portrait.stem + ".mp4"),
        motion_out=motion_out,
        seed=seed,
        face=face,
        size=size,
        crop=crop,
        backbone=backbone,
        svd=svd,
        quiet=quiet,
    )
    done = make_video(job, quiet=quiet)
    report(job, done, as_json=as_json, quiet=quiet)


def make_video(job: Job, *, quiet: bool) -> Done:
    """Make a video and its curves, whole or not at all, with progress on a terminal.

    Raises:
        DiceTalkError: as `dicetalk.DiceTalk` and `Video.save`; wrong names and options are told before any work.
    """
    start = time.perf_counter()
    with display(quiet) as shown:
        _check(job)
        video = _prepare(job, shown)
        _write(job, video, shown)
    return Done(video, time.perf_counter() - start)


def report(job: Job, done: Done, *, as_json: bool, quiet: bool) -> None:
    """One JSON object on standard output, or one line on standard error."""
    if as_json:
        print(json.dumps(_record(job, done)))
    elif not quiet:
        print(_line(job, done), file=sys.stderr)


def _check(job: Job) -> None:
    from dicetalk.media.video import WRITTEN

    job.svd.refuse_for(job.backbone)
    inputs = [job.portrait, job.speech]
    if job.emotion.strip().startswith("like:"):
        inputs.append(Path(job.emotion.strip().removeprefix("like:")))
    check_output(job.output, WRITTEN, inputs)
    if job.motion_out is not None:
        check_output(job.motion_out, CURVES, inputs)
        if job.backbone == "svd" or (job.backbone != "motion" and Path(job.backbone).is_dir()):
            raise ConfigError("the svd backbone draws frames without motion curves; leave --motion-out out")
    if job.svd.preview is not None:
        check_output(job.svd.preview, SHEETS, inputs)


def _prepare(job: Job, shown: Display) -> Video:
    from dicetalk.emotion.timeline import Timeline, is_heard

    shown.stage("hearing")
    options = job.svd.options()
    # Before the slow imports: a typing error is told at once.
    mood = _heard(job) if is_heard(job.emotion) else Timeline.of(job.emotion)
    shown.stage("loading")
    from dicetalk.pipeline import load

    talk = load(job.backbone) if job.backbone == "motion" else load(job.backbone, options, _watcher(job, shown))
    shown.stage("reading")
    return talk(job.portrait, job.speech, emotion=mood, seed=job.seed, face=job.face, size=job.size, crop=job.crop)


def _watcher(job: Job, shown: Display) -> Callable[[DenoisingStep], None]:
    """What happens after each denoising step."""
    from dicetalk.cli.preview import write_preview

    def watch(step: DenoisingStep) -> None:
        shown.count(step.done, step.total, "denoising", "steps")
        if job.svd.preview is not None:
            write_preview(job.svd.preview, step.preview().permute(0, 2, 3, 1).cpu().numpy())

    return watch


def _heard(job: Job) -> Timeline:
    """The emotion as it is heard; what that is, and how surely, goes to standard error."""
    from dicetalk.emotion.timeline import Timeline
    from dicetalk.media import read_sound
    from dicetalk.mood import mood_of

    mood = mood_of(job.emotion, read_sound(job.speech).waveform)
    emotion = mood.emotion()
    if mood.lacks and not job.quiet:
        print(f"going on with the other modality: {mood.lacks}", file=sys.stderr)
    if not job.quiet:
        print(f"heard {mood.name}, confidence {mood.confidence:.2f}: using {emotion}", file=sys.stderr)
    return Timeline.of(emotion)


def _write(job: Job, video: Video, shown: Display) -> None:
    """Curves under a hidden name first, then the video, then the curves' own name: both files or neither."""
    from dicetalk.media.files import claim_temporary, writing

    shown.stage("listening" if job.backbone == "motion" else "preparing")
    if job.motion_out is None:
        video.save(job.output, progress=shown.frames)
        return
    hidden = claim_temporary(job.motion_out)
    try:
        video.save_motion(hidden)
        video.save(job.output, progress=shown.frames)
        with writing(job.motion_out):
            hidden.replace(job.motion_out)
    finally:
        hidden.unlink(missing_ok=True)


def _record(job: Job, done: Done) -> dict[str, object]:
    video = done.video
    record: dict[str, object] = {
        "output": str(job.output),
        "frames": video.frames,
        "fps": video.fps,
        "width": video.width,
        "height": video.height,
        "seconds": video.seconds,
        "elapsed_s": round(done.elapsed_s, 3),
        "seed": job.seed,
        "emotion": job.emotion,
        "backbone": job.backbone,
    }
    if job.motion_out is not None:
        record["motion_out"] = str(job.motion_out)
    return record


def _line(job: Job, done: Done) -> str:
    video = done.video
    curves = f" and {job.motion_out}" if job.motion_out else ""
    pace = video.seconds / done.elapsed_s
    digits = ".1f" if pace >= 0.1 else ".1g"
    return (
        f"wrote {job.output}{curves}: {video.seconds:.1f} s, {video.width} x {video.height}, "
        f"{video.frames} frames in {done.elapsed_s:.1f} s ({pace:{digits}}x real time)"
    )
