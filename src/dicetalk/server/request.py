"""What a request asks for: its fields, as a form or as JSON, and the `Job` that they mean."""

from __future__ import annotations

import json
import re
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from dicetalk.amounts import GAZES
from dicetalk.backbone import DEFAULT, KINDS
from dicetalk.checks import brief, check_writable
from dicetalk.errors import EmotionError, InputError
from dicetalk.jobs import Job
from dicetalk.marks.marks import WHICH
from dicetalk.marks.origin import LONGEST_CONSENT, check_consent
from dicetalk.server.places import Places
from dicetalk.server.queue import Queue, Upload
from dicetalk.sources.scheme import SCHEMES
from dicetalk.words.reading import names_text

FORMATS = ("mp4", "webm", "mov")
GROWING = "growing.mp4"
"""The file of a job that can be played while it is made."""
WORDS = "words.vtt"
"""The file of when each word is said, where a request tells the words."""
PREVIEW = "preview.png"
"""A rough look at a job's clip, written again after each step of a backbone that denoises pictures."""
FILE = "file"
"""Stands in an emotion for the file that was sent with it."""


@dataclass(frozen=True, kw_only=True)
class Field:
    """One field of a request.

    Attributes:
        says: what it is, in a line.
        schema: of its value in JSON.
        read: makes that of the text in a form.
        files: which kinds of files it takes; none for what is no file.
    """

    says: str
    schema: Mapping[str, Any]
    read: Callable[[str], Any] = str
    files: tuple[str, ...] = ()


def _whole(text: str) -> int:
    if not re.fullmatch(r"\s*[+-]?[0-9]{1,30}\s*", text):
        raise ValueError
    return int(text)


def _truth(text: str) -> bool:
    return {"true": True, "1": True, "on": True, "false": False, "0": False, "off": False}[text.strip().lower()]


def _emotion(text: str) -> Any:
    return read_json(text) if text.lstrip().startswith("{") else text


def read_json(text: str | bytes) -> Any:
    """What JSON says.

    Raises:
        InputError: it is none, or holds numbers that JSON has not, or texts that nobody can write.
    """
    try:
        told = json.loads(text, parse_constant=_no_number)
        check_writable(told)
        return told
    except (ValueError, RecursionError) as error:
        why = "nested too deeply" if isinstance(error, RecursionError) else str(error)
        raise InputError(f"this is no JSON that can be read ({why[:100]}); expected an object") from error


def _no_number(text: str) -> None:
    raise ValueError(f"{text} is no number of JSON")


TEXT, WHOLE, NUMBER, TRUTH = ({"type": name} for name in ("string", "integer", "number", "boolean"))
ID = {"type": "string", "pattern": "^[0-9a-f]{64}$", "description": "id of a file that was sent to /v1/uploads"}


def _file(says: str, *kinds: str) -> Field:
    return Field(says=says, schema=ID, files=kinds)


FIELDS: dict[str, Field] = {
    "portrait": _file("the picture", "picture"),
    "speech": _file("the recording", "sound", "video"),
    "emotion": Field(
        says="as --emotion of the command line; or a timeline",
        schema={"oneOf": [TEXT, {"type": "object"}], "default": "neutral"},
        read=_emotion,
    ),
    "as_strong_as": Field(says="share of an audience that must name what is felt", schema=NUMBER, read=float),
    "voice_emotion": Field(
        says="what the voice is moved towards: same, timeline or an emotion; without it the voice stays", schema=TEXT
    ),
    "text": Field(says="what is said in the speech, its words: when each is said is told then", schema=TEXT),
    "emotion_file": _file("what `file` stands for in the emotion", "sound", "video", "picture", "timeline", "emotions"),
    "consent": Field(says="who agreed to what", schema={**TEXT, "maxLength": LONGEST_CONSENT}),
    "marks": Field(says="of origin: signed, plain or none", schema={**TEXT, "enum": list(WHICH)}),
    "visible_mark": Field(says="write that it was generated into a corner of each frame", schema=TRUTH, read=_truth),
    "check": Field(says="read the video back, and tell what it shows beside what was asked", schema=TRUTH, read=_truth),
    "format": Field(says="of the video", schema={**TEXT, "enum": list(FORMATS), "default": FORMATS[0]}),
    "seed": Field(says="which take", schema=WHOLE, read=_whole),
    "face": Field(says="1 is the leftmost", schema=WHOLE, read=_whole),
    "size": Field(says="longest side [px]", schema=WHOLE, read=_whole),
    "fps": Field(says="frames a second", schema=WHOLE, read=_whole),
    "head": Field(says="how far the head moves, 0 to 1", schema=NUMBER, read=float),
    "blink": Field(says="how many of the usual blinks, 0 to 1", schema=NUMBER, read=float),
    "idle": Field(says="length of a clip without speech [s]", schema=NUMBER, read=float),
    "crop": Field(says="only the square around the face", schema=TRUTH, read=_truth),
    "anyway": Field(says="go on where the mouth or an eye is covered", schema=TRUTH, read=_truth),
    "ease": Field(says="begin and end with the portrait as it is", schema=TRUTH, read=_truth),
    "channel": Field(says="left, right or a number from 1", schema=TEXT),
    "gaze": Field(says="where the eyes look", schema={**TEXT, "enum": list(GAZES)}),
    "quality": Field(says="0 to 100, or low, medium, high", schema={"oneOf": [NUMBER, TEXT]}),
    "motion_in": _file("curves to play", "curves"),
    "speakers": Field(says="FACE:CHANNEL:EMOTION of each", schema={"type": "array", "items": TEXT}),
    "backbone": Field(says="what draws", schema={**TEXT, "enum": list(KINDS), "default": DEFAULT}),
    "options": Field(says="of the backbone", schema={"type": "object"}, read=read_json),
}
"""The fields of POST /v1/videos."""

OURS = ("format", "emotion_file")
"""Those that a `Job` has not."""
LOOKED_AT = ("portrait", "emotion", "face", "size", "crop", "anyway")
"""Those of POST /v1/preview."""


class FieldError(InputError):
    """A field that cannot be used.

    Attributes:
        field: which.
    """

    def __init__(self, field: str, message: str) -> None:
        super().__init__(message)
        self.field = field


def read_form(form: Sequence[tuple[str, str]]) -> dict[str, Any]:
    """The texts of a form as JSON would have them; a field that is empty counts as left out.

    Raises:
        FieldError: one cannot be read, or comes twice.
        InputError: a name or a text that nobody can write.
    """
    told: dict[str, Any] = {}
    check_writable(form)
    for name, text in form:
        if name == "speakers" and text:
            told.setdefault(name, []).append(text)
        elif name in told:
            raise FieldError(name[:60], f"the field {brief(name)} comes twice; send it once")
        elif text:
            told[name] = _read(name, text)
    return told


def _read(name: str, text: str) -> Any:
    if name not in FIELDS:
        return text  # whoever knows the fields that are wanted refuses it
    try:
        return FIELDS[name].read(text)
    except InputError as error:
        raise FieldError(name, f"the field {name}: {error}") from error
    except (ValueError, KeyError) as error:
        kind = FIELDS[name].schema["type"]
        what = {"integer": "a whole number", "number": "a number", "boolean": "true or false"}[kind]
        raise FieldError(name, f"the field {name} is {brief(text)}; expected {what}") from error


def check_fields(request: Mapping[str, Any], known: Sequence[str]) -> None:
    """Refuse fields that nobody reads, and words that are none of the choice.

    Raises:
        FieldError: says which.
    """
    for name, value in request.items():
        if name not in known:
            raise FieldError(name[:60], f"there is no field {brief(name)}; expected some of: {', '.join(known)}")
        words = FIELDS[name].schema.get("enum")
        if words and value not in words:
            raise FieldError(name, f"{name} is {brief(value)}; expected one of: {', '.join(words)}")
        if FIELDS[name].files and not (isinstance(value, str) and re.fullmatch("[0-9a-f]{64}", value)):
            raise FieldError(name, f"{name} is {brief(value)}; send the file itself, or its id of /v1/uploads")
    if request.get("consent") is not None:
        _check_consent(request["consent"])


def _check_consent(consent: Any) -> None:
    try:
        check_consent(consent)
    except InputError as error:
        raise FieldError("consent", str(error)) from error


@dataclass(frozen=True)
class Asked:
    """A request, and the files that it names.

    Attributes:
        request: its fields, files by id.
        uploads: the files, by field.
        paths: where they lie.
    """

    request: Mapping[str, Any]
    uploads: Mapping[str, Upload] = field(default_factory=dict)
    paths: Mapping[str, Path] = field(default_factory=dict)

    @property
    def names(self) -> dict[Path, str]:
        """The names of the fields, by where their files lie."""
        return {path: f"the {name.replace('_', ' ')}" for name, path in self.paths.items()}


def asked_of(request: Mapping[str, Any], queue: Queue, places: Places) -> Asked:
    """A request with its files.

    Raises:
        FieldError: a file is not there (any more), or of another kind than the field takes.
    """
    uploads = {}
    for name in request:
        if FIELDS[name].files:
            found = queue.upload(request[name])
            if found is None:
                raise FieldError(name, f"the file of {name} is not here (any more); send it again")
            if found.kind not in FIELDS[name].files:
                raise FieldError(name, f"{name} is a {found.kind}; send a {' or '.join(FIELDS[name].files)}")
            uploads[name] = found
    return Asked(request, uploads, {name: places.upload(found) for name, found in uploads.items()})


def job_of(asked: Asked, folder: Path) -> Job:
    """The job of a request, which writes into a folder.

    Raises:
        InputError: a field is missing, or a value of another kind.
        EmotionError: an emotion names a file that was not sent.
    """
    request = asked.request
    told = {name: value for name, value in request.items() if name not in OURS}
    told |= {name: str(path) for name, path in asked.paths.items() if name not in OURS}
    emotion = request.get("emotion", "neutral")
    if isinstance(emotion, str) and "emotion_file" in asked.uploads:
        _check_sent(emotion, asked.uploads["emotion_file"].kind)
    told["emotion"] = emotion_of(emotion, asked.paths.get("emotion_file"))
    if isinstance(request.get("voice_emotion"), str):
        told["voice_emotion"] = emotion_of(request["voice_emotion"])
    if isinstance(request.get("speakers"), list):
        told["speakers"] = [_speaker(text) for text in request["speakers"]]
    if (said := _said(asked)) is not None:
        told |= {"text": said, "words": str(folder / WORDS)}
    told["output"] = str(folder / f"video.{request.get('format', FORMATS[0])}")
    if not KINDS[request.get("backbone", DEFAULT)].moves:
        told["preview"] = str(folder / PREVIEW)
    elif not request.get("speakers"):
        told["motion_out"] = str(folder / "motion.csv")
    return Job.from_json(told)


def _said(asked: Asked) -> Any:
    """The words that are said, where a request tells them: by themselves, or as what its emotion is read in.

    Raises:
        FieldError: they name a file.
    """
    text = asked.request.get("text")
    if isinstance(text, str) and names_text(text):
        raise FieldError("text", f"{brief(text)} names a file; send the words themselves")
    if text is not None or "speech" not in asked.paths:
        return text
    scheme, _, rest = str(asked.request.get("emotion")).partition(":")
    return rest.strip() or None if scheme.strip().lower() == "text" else None


SENT = ("auto", "like", "scene", "text")
"""Schemes that a request may use: those which read no file, or one that is sent."""
TAKEN: dict[str, tuple[str, ...]] = {"like": ("sound", "video", "picture"), "scene": ("picture",)}
"""Kinds of the file that is sent with an emotion, by its scheme."""


def _check_sent(emotion: str, kind: str) -> None:
    """Refuse a file of another kind than the emotion that names it takes.

    Raises:
        FieldError: it is.
    """
    words = [word.strip() for word in re.split("[:,]", emotion)]
    if FILE not in words:
        return
    typed: tuple[str, ...] = ("timeline", "emotions") if emotion.strip() == FILE else ("emotions",)
    wanted = TAKEN.get(words[0].lower(), typed)
    if kind not in wanted:
        raise FieldError("emotion_file", f"the emotion file is a {kind}; {brief(emotion)} takes {' or '.join(wanted)}")


def emotion_of(emotion: Any, sent: Path | None = None) -> str:
    """An emotion in which `file` stands for a file that was sent; no other file can be named.

    Raises:
        EmotionError: one is named, or none was sent.
    """
    if not isinstance(emotion, str):
        raise EmotionError(f"the emotion is {brief(emotion)}; expected text such as happy:0.7, or a timeline")
    scheme, colon, rest = emotion.partition(":")
    if scheme.strip().lower() == "like":
        return f"{scheme}{colon}{_sent(rest, sent)}"
    if scheme.strip().lower() == "scene":
        word, comma, asked = rest.partition(",")
        return f"{scheme}{colon}{_sent(word, sent)}{comma}{emotion_of(asked) if comma else asked}"
    if scheme.strip().lower() == "text":
        return f"{scheme}{colon}{_words(rest)}"
    if (word := scheme.strip().lower()) in SCHEMES and word not in SENT:
        raise EmotionError(f"{word} reads files, which no request names; send the timeline that dicetalk feel writes")
    if emotion.strip() == FILE:
        return _sent(emotion, sent)
    terms = emotion.split(",")
    if any(".safetensors" in term.lower() or term.strip().lower().endswith(".json") for term in terms):
        raise EmotionError(f"{brief(emotion)} names a file; send it as emotion_file, and write {FILE} in its place")
    return ",".join(_own(term, sent) for term in terms)


def _words(text: str) -> str:
    if names_text(text):
        raise EmotionError(f"{brief(text)} names a file; send the words themselves, as in text:I lost my dog.")
    return text


def _own(term: str, sent: Path | None) -> str:
    word, colon, rest = term.partition(":")
    return f"{_sent(word, sent)}{colon}{rest}" if word.strip() == FILE else term


def _sent(word: str, sent: Path | None) -> str:
    if word.strip() != FILE:
        raise EmotionError(f"the emotion names {brief(word)}; send it as emotion_file, and write {FILE} in its place")
    if sent is None:
        raise EmotionError(f"the emotion names a {FILE} and none came with it; send it as emotion_file")
    return str(sent)


def _speaker(text: Any) -> Any:
    if not isinstance(text, str):
        raise FieldError("speakers", f"speakers holds {brief(text)}; expected FACE:CHANNEL:EMOTION")
    face, _, rest = text.partition(":")
    channel, colon, emotion = rest.partition(":")
    return f"{face}:{channel}:{emotion_of(emotion)}" if colon else text
