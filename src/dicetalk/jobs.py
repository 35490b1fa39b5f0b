"""Jobs: one video to make, and its record, as JSON; what happens on the way; how it is stopped.

Command line, server and batch say what they want as a `Job`, and show what `making.run` tells them. The record of
a failure is its error's `to_json`.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal

from dicetalk.backbone import (
    DEFAULT,
    DEFAULT_SIZE,
)
from dicetalk.checks import short
from dicetalk.errors import InputError, about
from dicetalk.files import path_of, video_path_of
from dicetalk.marks.marks import Marks, Which
from dicetalk.media.formats import USUAL_QUALITY, Quality
from dicetalk.rates import FPS

if TYPE_CHECKING:
    from dicetalk.reading.compared import AskedAndShown
    from dicetalk.reading.reading import Reading
    from dicetalk.video import Video

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
