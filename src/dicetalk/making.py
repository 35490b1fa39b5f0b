"""One video made: a job checked before any work is done, then run, with what is wanted beside it.

Command line, server and batch all make videos so, and show what `run` tells them.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from contextlib import ExitStack
from dataclasses import fields
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING

from dicetalk.amounts import amounts_of
from dicetalk.backbone import (
    Step,
    check_content,
    check_controls,
    check_seed,
    find_backbone,
    load_backbone,
    named,
)
from dicetalk.errors import ConfigError, InputError, about
from dicetalk.files import check_output, existing_file, taking_place
from dicetalk.jobs import READ_IN, Done, Event, Job, Tell
from dicetalk.media.formats import WRITTEN, quality_of
from dicetalk.media.frames import check_numbered, is_numbered
from dicetalk.media.sheet import write_preview
from dicetalk.motion.live_link import CURVES
from dicetalk.reading.stronger import check_as_strong_as
from dicetalk.sources.scheme import source_of
from dicetalk.speakers import Speaker, check_speakers, speakers_of
from dicetalk.voice.wanted import check_voice

if TYPE_CHECKING:
    from dicetalk.pipeline import DiceTalk
    from dicetalk.reading.reading import Reading
    from dicetalk.video import Video

SHEETS = {".png": "PNG"}
"""Suffixes of contact sheets."""
SUBTITLES = {".vtt": "WebVTT"}
"""Suffixes of words with their times."""
FEELINGS = {".json": "JSON"}
"""Suffixes of timelines."""


def run(
    job: Job, tell: Tell = lambda event: None, talk: DiceTalk | None = None, *, growing: Path | None = None
) -> Done:
    """Make a video and what is wanted beside it, as curves: all whole, or none.

    Args:
        job: what to make.
        tell: is told what happens; an exception that it raises stops the job, and nothing is left behind but a preview,
            which shows how far it came, and a finished video that is being checked.
        talk: `talk_of` this job, by whoever makes many; None loads it.
        growing: a file that can be played while it is made, see `Video.save`.

    Raises:
        DiceTalkError: as `dicetalk.DiceTalk` and `Video.save`; wrong names and options are told before any work.
    """
    start = time.perf_counter()
    check(job)
    if talk is None:
        tell(Event("loading"))
        talk = talk_of(job)
    video = _prepare(job, tell, talk)
    _write(job, video, tell, growing)
    reading, unread = _read_back(job, tell) if job.check else (None, "")
    return Done(job, video, time.perf_counter() - start, reading, unread)


def check(job: Job) -> None:
    """Find what is wrong with a job before any work is done.

    Raises:
        DiceTalkError: a name, an option, an input or an output cannot be used.
    """
    with about("backbone"):
        kind = find_backbone(job.backbone).kind
    with about("options"):
        options_of(job)
    _check_values(job)
    if job.marking.signs:
        job.marking.signing_key()
    felt = [source_of(emotion) for emotion in (job.felt, *(speaker.emotion for speaker in _check_controls(job)))]
    sources = [path for source in felt for path in source.files]
    with about("text"):
        sources += _check_text(job)
    for source in felt:
        _check_script(source)
    given = (job.portrait, job.speech, job.motion_in, job.sign_key, job.sign_certificate, *sources)
    inputs = [existing_file(path) for path in given if path is not None]
    _check_reading(job)
    if is_numbered(job.output):
        check_numbered(job.output)
    beside = ((job.motion_out, CURVES), (job.preview, SHEETS), (job.words, SUBTITLES), (job.feelings, FEELINGS))
    for path, kinds in ((job.output, WRITTEN), *beside):
        if path is not None and not is_numbered(path):
            check_output(path, kinds, inputs, job.replace or path != job.output)
    if job.motion_out is not None and not kind.moves:
        raise ConfigError("this backbone draws frames without motion curves; leave the file of curves out")


def _check_values(job: Job) -> None:
    """Refuse what no picture, sound or take can have."""
    from dicetalk.media.channel import channel_number
    from dicetalk.portrait.framing import check_face, check_size

    with about("seed"):
        check_seed(job.seed)
    with about("face"):
        check_face(job.face)
    with about("size"):
        check_size(job.size)
    with about("channel"):
        channel_number(job.channel)
    with about("quality"):
        quality_of(job.quality)


def _check_reading(job: Job) -> None:
    """Refuse to check what nobody can read back."""
    if job.check and is_numbered(job.output):
        raise ConfigError("numbered pictures are not read back; write a video (.mp4, .mov, .webm), or leave check out")
    if job.check and job.speakers:
        raise ConfigError("one face is read back, and this picture has several speakers; leave check out")


def _check_text(job: Job) -> list[Path]:
    """Refuse words that cannot be found; gives the file of the text, if it is one."""
    from dicetalk.sources.text import Script

    if job.words is not None and (job.text is None or job.speech is None):
        raise InputError("when words are said is known of a text and its speech; give both, or leave the words out")
    if job.text is None:
        return []
    if job.words is None and job.emotion.strip().lower() != READ_IN:
        raise InputError("nothing is asked of the text; with it go --emotion text, or --words out.vtt")
    files = list(source_of(f"{READ_IN}:{job.text}").files)
    Script(job.text).lines()
    return files


def _check_script(source: object) -> None:
    """Refuse a script (`text:...`) in which nothing is said."""
    from dicetalk.sources.text import Script

    if isinstance(source, Script):
        source.lines()


def _check_controls(job: Job) -> tuple[Speaker, ...]:
    """Refuse what does not go together; gives the speakers."""
    given = job.motion_in is not None
    feels = job.emotion != "neutral"
    with about("speakers"):
        speakers = speakers_of(job.speakers)
    check_content(speech=job.speech is not None, idle=job.idle, motion=given, feels=feels)
    check_as_strong_as(job.as_strong_as, motion=given)
    amounts = amounts_of(job.head, job.blink, job.gaze)
    check_controls(find_backbone(job.backbone).name, amounts, job.fps, ease=job.ease, motion=given)
    told = {"face": job.face is not None, "channel": job.channel is not None, "crop": job.crop, "emotion": feels}
    check_speakers(speakers, told, speech=job.speech is not None, motion=given)
    check_voice(job.voice_emotion, speech=job.speech is not None, motion=given, speakers=bool(speakers))
    if speakers and job.motion_out is not None:
        raise InputError("curves are of one face; leave the file of curves out, or the speakers")
    return speakers


def options_of(job: Job) -> object | None:
    """The options of the job's backbone; None where none are given.

    Raises:
        ConfigError: it has none, none of such a name, or a value is out of range.
    """
    place = find_backbone(job.backbone)
    if not job.options:
        return None
    if not place.kind.options:
        raise ConfigError(f"{next(iter(job.options))!r} is no option of the {place.name} backbone, which has none")
    options = named(place.kind.options)
    known = [part.name for part in fields(options)]
    unknown = [name for name in job.options if name not in known]
    if unknown:
        raise ConfigError(f"the {place.name} backbone has no option {unknown[0]!r}; it has: {', '.join(known)}")
    made: object = options(**job.options)
    return made


def talk_of(job: Job) -> DiceTalk:
    """What makes a job's video, and those of all jobs with the same backbone and options.

    Raises:
        DiceTalkError: as `load_backbone`.
    """
    from dicetalk.pipeline import DiceTalk

    return DiceTalk(load_backbone(job.backbone, options_of(job)))


def _prepare(job: Job, tell: Tell, talk: DiceTalk) -> Video:
    tell(Event("reading"))
    return talk(
        job.portrait,
        job.speech,
        emotion=job.felt,
        as_strong_as=job.as_strong_as,
        seed=job.seed,
        face=job.face,
        size=job.size,
        crop=job.crop,
        channel=job.channel,
        anyway=job.anyway,
        head=job.head,
        blink=job.blink,
        gaze=job.gaze,
        fps=job.fps,
        ease=job.ease,
        idle=job.idle,
        motion_in=job.motion_in,
        speakers=job.speakers,
        voice_emotion=job.voice_emotion,
    )


def _write(job: Job, video: Video, tell: Tell, growing: Path | None) -> None:
    """The video, and what lies beside it under hidden names before they get their own: all files or none."""
    tell(Event("listening"))
    with ExitStack() as closing:
        for path, write in _beside(job, video):
            write(closing.enter_context(taking_place(path)))
        hidden = None if job.motion_out is None else closing.enter_context(taking_place(job.motion_out))
        _save(job, video, tell, growing, hidden)


def _save(job: Job, video: Video, tell: Tell, growing: Path | None, curves: Path | None) -> None:
    if curves is not None and video.conditions.motion is None:
        video.conditions.speech.keep()  # curves and frames both need it

    stamp = None if job.preview is None else job.marking.stamp(job.preview, video.origin)

    def drawn(done: int, total: int) -> None:
        tell(Event("rendering", done, total, "frames"))
        if done == total and curves is not None:  # not before: who watches would wait for them
            video.save_motion(curves)

    def watch(step: Step) -> None:
        tell(Event("denoising", step.done, step.total, "steps"))
        if job.preview is not None:
            write_preview(job.preview, step.preview(), stamp)

    video.save(
        job.output,
        progress=drawn,
        watch=watch,
        replace=job.replace,
        quality=job.quality,
        growing=growing,
        marks=job.marking,
    )


def _read_back(job: Job, tell: Tell) -> tuple[Reading | None, str]:
    """What the finished video shows, or why that cannot be read."""
    from dicetalk.reading.reader import read

    def looked(done: float, whole: float) -> None:
        tell(Event("checking", round(done), round(whole), "seconds"))

    try:
        return read(job.output, progress=looked), ""
    except InputError as error:  # the video is there all the same
        return None, str(error)


def _beside(job: Job, video: Video) -> Iterator[tuple[Path, Callable[[Path], object]]]:
    """The files that are written beside a video before it is drawn, and what writes each."""
    if job.words is not None:
        yield job.words, partial(_write_words, job, video)
    if job.feelings is not None:
        yield job.feelings, partial(_write_feelings, video)


def _write_words(job: Job, video: Video, path: Path) -> None:
    from dicetalk.sources.text import Script
    from dicetalk.words.vtt import write_vtt

    assert job.text is not None
    said, spoken = Script(job.text).spoken(video.conditions.speech)
    write_vtt(path, said, spoken.times)


def _write_feelings(video: Video, path: Path) -> None:
    from dicetalk.emotion.timeline_file import write_timeline

    write_timeline(path, video.heard)
