"""Jobs: one video to make, and its record, as JSON; what happens on the way; how it is stopped.

Command line, server and batch say what they want as a `Job`, and show what `run` tells them. The record of
a failure is its error's `to_json`.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import ExitStack
from dataclasses import asdict, dataclass, field, fields
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from dicetalk.amounts import amounts_of
from dicetalk.backbone import (
    DEFAULT,
    DEFAULT_SIZE,
    Step,
    check_content,
    check_controls,
    check_seed,
    find_backbone,
    load_backbone,
    named,
)
from dicetalk.checks import short
from dicetalk.errors import ConfigError, InputError, about
from dicetalk.files import check_output, existing_file, path_of, taking_place, video_path_of
from dicetalk.marks.marks import Marks, Which
from dicetalk.media.formats import USUAL_QUALITY, WRITTEN, Quality, quality_of
from dicetalk.media.frames import check_numbered, is_numbered
from dicetalk.media.sheet import write_preview
from dicetalk.motion.live_link import CURVES
from dicetalk.rates import FPS
from dicetalk.reading.stronger import check_as_strong_as
from dicetalk.sources.scheme import source_of
from dicetalk.speakers import Speaker, check_speakers, speakers_of
from dicetalk.voice.wanted import check_voice

if TYPE_CHECKING:
    from dicetalk.pipeline import DiceTalk
    from dicetalk.reading.compared import AskedAndShown
    from dicetalk.reading.reading import Reading
    from dicetalk.video import Video

SHEETS = {".png": "PNG"}
"""Suffixes of contact sheets."""
SUBTITLES = {".vtt": "WebVTT"}
"""Suffixes of words with their times."""
FEELINGS = {".json": "JSON"}
"""Suffixes of timelines."""
READ_IN = "text"
"""The emotion that is read in the text of a job."""


@dataclass(frozen=True, kw_only=True)
class Job:
    """One video to make.

    Attributes:
        portrait, speech: input files; there need be no speech where `idle` or `motion_in` is given.
        emotion: as typed, see `sources.scheme.source_of`.
        as_strong_as: raise what is too weak until this share of an audience would name it, see `reading.stronger`.
        output: the video file, or the name of numbered pictures, see `Video.save`.
        text: what is said in the speech: a text file (.txt, .md) by its name, or the words.
        words: the file of when each word of `text` is said (.vtt), if one is wanted.
        feelings: the file of what was felt, a timeline (.json), if one is wanted.
        motion_out: the file of motion curves, if one is wanted.
        preview: the contact sheet that is written again after each step, if one is wanted.
        seed: which take.
        face: 1 is the leftmost; None takes the largest.
        size: longest side of the frames [px], 0 keeps every size.
        crop: only the square around the face.
        channel: of the speech: "left", "right" or a number from 1; None mixes all of them.
        anyway: go on where the mouth or an eye is covered.
        head, blink, gaze, fps, ease, idle, motion_in, speakers: as in `dicetalk.DiceTalk`.
        voice_emotion: what the voice is moved towards; None leaves it as it is, see `voice.wanted.voice_wanted`.
        quality: of the video, 0 to 100, or a word for it.
        backbone: what draws: the name of a kind, or a checkpoint's folder.
        options: of the backbone, by name; those that are left out are as usual.
        replace: whether `output` may take the place of another file.
        marks: of origin: "signed", "plain" or "none"; None is as good as can be, see `marks.Marks`.
        consent: who agreed to what; kept with the video.
        visible_mark: whether "AI generated" stands in a corner of every frame.
        sign_key, sign_certificate: PEM files to sign with; None takes the key for development.
        check: read the finished video back, and tell what is shown beside what was asked.
    """

    portrait: Path
    speech: Path | None = None
    output: Path
    emotion: str = "neutral"
    as_strong_as: float | None = None
    text: str | None = None
    words: Path | None = None
    feelings: Path | None = None
    motion_out: Path | None = None
    preview: Path | None = None
    seed: int = 0
    face: int | None = None
    size: int = DEFAULT_SIZE
    crop: bool = False
    channel: str | int | None = None
    anyway: bool = False
    head: float = 1.0
    blink: float = 1.0
    gaze: Literal["free", "camera"] | None = None
    fps: int = FPS
    ease: bool = False
    idle: float | None = None
    motion_in: Path | None = None
    speakers: tuple[str, ...] = ()
    voice_emotion: str | None = None
    quality: Quality = USUAL_QUALITY
    backbone: str = DEFAULT
    options: Mapping[str, Any] = field(default_factory=dict)
    replace: bool = True
    marks: Which | None = None
    consent: str | None = None
    visible_mark: bool = False
    sign_key: Path | None = None
    sign_certificate: Path | None = None
    check: bool = False

    @property
    def felt(self) -> str:
        """The emotion, with the text that it is read in."""
        return (
            self.emotion if self.text is None or self.emotion.strip().lower() != READ_IN else f"{READ_IN}:{self.text}"
        )

    @property
    def marking(self) -> Marks:
        """The marks of the video.

        Raises:
            ConfigError, InputError: they do not go together.
        """
        return Marks(
            which=self.marks,
            consent=self.consent,
            visible=self.visible_mark,
            key=self.sign_key,
            certificate=self.sign_certificate,
        )

    def to_json(self) -> dict[str, Any]:
        """The job as what JSON can hold."""
        return {name: str(value) if isinstance(value, Path) else value for name, value in asdict(self).items()}

    @classmethod
    def from_json(cls, told: Mapping[str, Any]) -> Job:
        """A job as `to_json` tells it; what is left out is as usual.

        Raises:
            InputError: no fields at all, an unknown one, one that is needed is missing, or a value is of another kind.
        """
        if not isinstance(told, Mapping):
            raise InputError(f'the job is {short(told)}; expected an object, as {{"portrait": ...}}')
        unknown = sorted(set(told) - set(VALUES))
        if unknown:
            raise InputError(f"a job has no field {unknown[0]!r}; expected some of: {', '.join(VALUES)}")
        silent = told.get("idle") is not None or told.get("motion_in") is not None
        absent = [name for name in ("portrait", "speech", "output") if told.get(name) is None]
        absent = [name for name in absent if name != "speech" or not silent]
        if absent:
            with about(absent[0]):
                raise InputError(f"the job names no {absent[0]}; expected a path")
        for name, value in told.items():
            with about(name):
                _check_kind(name, value)
        paths = {name: path_of(told[name]) for name in PATHS if told.get(name) is not None}
        paths["output"] = video_path_of(told["output"])
        return cls(**{**told, **paths, "speakers": tuple(told.get("speakers", ()))})


def _check_kind(name: str, value: object) -> None:
    if type(value) not in VALUES[name] and not (type(value) is int and float in VALUES[name]):
        kinds = " or ".join(JSON[kind] for kind in VALUES[name])
        raise InputError(f"the job's {name} is {str(value)[:40]!r}; expected {kinds}")


PATHS = (
    "portrait", "speech", "motion_in", "motion_out", "preview", "words", "feelings", "sign_key", "sign_certificate",
)  # fmt: skip

VALUES: dict[str, tuple[type, ...]] = {
    "portrait": (str,),
    "speech": (str, type(None)),
    **dict.fromkeys(("output", "emotion"), (str,)),
    **dict.fromkeys(("motion_in", "motion_out", "preview", "text", "words", "feelings", "gaze"), (str, type(None))),
    **dict.fromkeys(("marks", "consent", "sign_key", "sign_certificate", "voice_emotion"), (str, type(None))),
    **dict.fromkeys(("seed", "size", "fps"), (int,)),
    **dict.fromkeys(("head", "blink"), (float,)),
    "face": (int, type(None)),
    "speakers": (list, tuple),
    "quality": (float, str),
    **dict.fromkeys(("idle", "as_strong_as"), (float, type(None))),
    **dict.fromkeys(("crop", "anyway", "ease", "replace", "visible_mark", "check"), (bool,)),
    "channel": (str, int, type(None)),
    "backbone": (str,),
    "options": (dict,),
}
"""The fields of a job in JSON, and which kinds of values they take."""

JSON = {
    str: "text",
    int: "a whole number",
    float: "a number",
    list: "a list",
    tuple: "a list of texts",
    bool: "true or false",
    dict: "an object",
    type(None): "null",
}
"""How those are called."""


@dataclass(frozen=True)
class Event:
    """Something that happens while a video is made.

    Attributes:
        work: what is being done: "loading", "reading", "listening", "denoising", "rendering",
            "checking".
        done: how many of its things are done.
        total: how many there are; 0 where that is not known.
        things: what those are, "frames" say; "" where nothing is counted.
    """

    work: str
    done: int = 0
    total: int = 0
    things: str = ""


Tell = Callable[[Event], None]
"""Called with each event. Whoever wants to stop the job raises `Cancelled`."""


class Cancelled(Exception):  # noqa: N818 (no error: somebody wanted it)
    """Somebody stopped the job."""


@dataclass(frozen=True)
class Done:
    """A video that was made.

    Attributes:
        job: as it was asked for.
        video: what was made.
        elapsed_s: how long that took, loading included [s].
        reading: what the finished video shows; None where nobody asked to check it, or nothing can be read.
        unread: why nothing can be read, in one line; "" for no reason.
    """

    job: Job
    video: Video
    elapsed_s: float
    reading: Reading | None = None
    unread: str = ""

    @property
    def marks(self) -> Which:
        """Which marks of origin the video carries."""
        marking = self.job.marking
        return "none" if marking.which == "none" else "signed" if marking.signs else "plain"

    @property
    def checked(self) -> AskedAndShown | None:
        """What was asked beside what is shown; None where nobody asked."""
        from dicetalk.reading.compared import asked_and_shown

        return None if self.reading is None else asked_and_shown(self.reading, self.video.heard)

    def to_json(self) -> dict[str, Any]:
        """The record of the job."""
        from dicetalk.emotion.timeline_file import to_json

        job, video = self.job, self.video
        record: dict[str, Any] = {
            "output": str(job.output),
            "frames": video.frames,
            "fps": video.fps,
            "width": video.width,
            "height": video.height,
            "seconds": video.seconds,
            "elapsed_s": round(self.elapsed_s, 3),
            "seed": job.seed,
            "emotion": job.emotion,
            "heard": to_json(video.heard),
            "warnings": list(video.warnings),
            "backbone": job.backbone,
            "marks": self.marks,
        }
        if job.voice_emotion is not None:
            record["voice"] = {"emotion": job.voice_emotion, "changes": [change.to_json() for change in video.voice]}
        if job.speakers:
            heard = (video.heard, *video.others_heard)
            told = zip(job.speakers, heard, strict=True)
            record["speakers"] = [{"speaker": speaker, "heard": to_json(felt)} for speaker, felt in told]
        if self.unread or self.reading is not None:
            record["check"] = {"error": self.unread} if self.checked is None else self.checked.to_json()
        beside = {"motion_out": job.motion_out, "words": job.words, "feelings": job.feelings}
        return record | {name: str(path) for name, path in beside.items() if path is not None}


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
    felt = [job.felt, *(speaker.emotion for speaker in _check_controls(job))]
    sources = [path for emotion in felt for path in source_of(emotion).files]
    with about("text"):
        sources += _check_text(job)
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
