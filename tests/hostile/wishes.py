"""Settings that are none, emotions and curves in files and out of them: what somebody types, or a program sends."""

from __future__ import annotations

import json
import math
import struct
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
from hostile.cases import TEXT_ONLY, Case, Door
from hostile.made import FRAMES, encoded, put, wav, written
from hostile.pictures import film
from hostile.sounds import film_with_sound, hour
from places import TESTS
from safetensors.numpy import save

from dicetalk.motion.live_link import LIVE_LINK_COLUMNS

HERE = TESTS / "hostile"
TYPED: Mapping[Door, str] = {"command line": TEXT_ONLY}
UNWRITTEN: Mapping[Door, str] = {"batch": "the control character"}
LONG: Mapping[Door, str] = {"batch": "the line has"}


def wish(
    says: str, *, at: Mapping[Door, str] | None = None, nowhere: Mapping[Door, str] | None = None, **fields: Any
) -> Case:
    """A case of settings; no `says` is a right result."""
    return Case(make=lambda folder: fields, says=says, at=at or {}, nowhere=nowhere or {})


def feeling(
    name: str, content: Callable[[], bytes], says: str = "", *, asks: str = "{file}", sent: str = "", **more: Any
) -> Case:
    """A case of an emotion that is in a file; `sent` is what the server says that looks at it when it comes."""
    at: Mapping[Door, str] = {"REST": sent} if sent else {}
    return Case(
        make=lambda folder: {"emotion": asks, "emotion_file": put(folder, name, content())}, says=says, at=at, **more
    )


def timeline(says: str, *keys: object, sent: str = "", **more: object) -> Case:
    return feeling("mood.json", lambda: json.dumps({"keys": list(keys), **more}).encode(), says, sent=sent)


def own(says: str, content: Callable[[], bytes], name: str = "tender", sent: str = "") -> Case:
    return feeling("mine.safetensors", content, says, asks=f"{{file}}:{name}", sent=sent)


def key(time: object = 0, emotion: object = "happy") -> dict[str, object]:
    return {"time": time, "emotion": emotion}


def tensors(width: int = 256, mean: float = 0.1, dtype: type = np.float32, name: str = "tender") -> bytes:
    """A file of one own emotion."""
    return save({f"{name}.mean": np.full(width, mean, dtype), f"{name}.std": np.full(width, 0.5, dtype)})


def header(told: bytes, size: int | None = None) -> bytes:
    return struct.pack("<Q", len(told) if size is None else size) + told


UNKNOWN = "unknown emotion"
EMOTIONS: dict[str, Case] = {
    "a mixture": wish("", emotion="happy:0.5,surprised:0.3"),
    "capitals and spaces": wish("", emotion="  HAPPY : 0.5 "),
    "an emotion that is misspelt": wish("did you mean 'happy'", emotion="hapy"),
    "an emotion in full width": wish(UNKNOWN, emotion="ｈａｐｐｙ"),
    "an emotion of pictures": wish(UNKNOWN, emotion="😀"),
    "an emotion in Arabic": wish(UNKNOWN, emotion="سعيد"),
    "an emotion that moves the cursor": wish(UNKNOWN, emotion="\x1b[2Jhappy\r", at=UNWRITTEN),
    "an emotion that is a command": wish(UNKNOWN, emotion="$(reboot); `reboot`"),
    "an emotion of two lines": wish(f"{UNKNOWN}|no emotion name", emotion="happy\nsad", at=UNWRITTEN),
    "no emotion": wish("no emotion name", emotion="", at={"REST": "no emotion name"}),
    "commas alone": wish("no emotion name", emotion=",,,"),
    "a colon alone": wish("no emotion name", emotion=":"),
    "a strength of nothing": wish("is not a number; expected 0 to 1", emotion="happy:"),
    "a strength of 2": wish("expected 0 to 1|0 to 1", emotion="happy:2"),
    "less than no strength": wish("0 to 1", emotion="happy:-0.5"),
    "a strength that is no number": wish("0 to 1", emotion="happy:nan"),
    "an infinite strength": wish("0 to 1", emotion="happy:inf"),
    "a strength beyond numbers": wish("0 to 1", emotion="happy:1e999"),
    "two strengths": wish("is not a number", emotion="happy:0.5:0.5"),
    "an emotion twice": wish("is given twice", emotion="happy,happy"),
    "more than all": wish("together|add up|sum", emotion="happy:0.7,sad:0.7"),
    "one strength of two": wish("only some names", emotion="happy:0.5,sad"),
    "an emotion of a hundred thousand letters": wish(UNKNOWN, emotion="x" * 100_000, at=LONG),
    "thirty thousand emotions": wish("twice|strength", emotion=",".join(["happy"] * 15_000)),
    "a mood every 0 s": wish("auto:SECONDS", emotion="auto:0"),
    "a mood every NaN s": wish("auto:SECONDS", emotion="auto:nan"),
    "a mood every year": wish("auto:SECONDS", emotion="auto:31536000"),
    "as heard in the voice": wish("", emotion="auto"),
    "like nothing": wish("names no recording", emotion="like:", at={"REST": "send it as emotion_file"}),
    "like one that is not there": wish(
        "cannot be opened", emotion="like:gone.mp4", at={"REST": "send it as emotion_file"}
    ),
    "like a device": wish("is a device", emotion="like:/dev/zero", at={"REST": "send it as emotion_file"}),
    "like a folder": wish(
        "is a folder|names a folder", emotion="like:/", at={"REST": "send it as emotion_file|names a folder"}
    ),
    "a timeline of the system": wish("cannot be opened", emotion="/etc/shadow.json", at={"REST": "names a file"}),
    "a path as emotion": wish(UNKNOWN, emotion="../../etc/passwd"),
    "own emotions that are not there": wish("cannot be opened", emotion="x.safetensors:a", at={"REST": "names a file"}),
    "an emotion that is a number": wish(
        "the emotion is 7|the job's emotion is '7'|emotion is 7", emotion=7, nowhere=TYPED
    ),
    "an emotion that is a list": wish(
        "emotion is \\[|job's emotion is|emotion holds|is not understood", emotion=["happy"], nowhere=TYPED
    ),
}

FEELINGS: dict[str, Case] = {
    "like a photo": feeling("like.png", lambda: encoded("PNG"), asks="like:{file}"),
    "like a voice": feeling("like.wav", wav, asks="like:{file}"),
    "like a video without sound or face": feeling("like.mp4", lambda: film_with_sound(), asks="like:{file}", warns=""),
    "like a picture without a face": feeling(
        "like.png", lambda: written(_grey(), "PNG"), r"(like\.png|the emotion file): no face found", asks="like:{file}"
    ),
    "like a text": feeling(
        "like.txt", lambda: b"hello" * 99, "no sound or video|neither a picture nor a recording", asks="like:{file}"
    ),
    "like nothing at all": feeling("like.mp4", lambda: b"", r"empty \(0 bytes\)", asks="like:{file}"),
    "like half a video": feeling(
        "like.mp4", lambda: film()[:900], "no sound or video|neither a picture nor a recording", asks="like:{file}"
    ),
    "a timeline": timeline("", key(), key(0.2, {"sad": 0.5})),
    "a timeline of ten thousand keys": timeline("", *[key(n / 100, "happy:0.5") for n in range(10_000)]),
    "a timeline without keys": timeline("at least one|no keys|keys"),
    "a timeline that goes back": timeline("later|order|after", key(1), key(0)),
    "a time before the start": timeline("time", key(-1)),
    "a time beyond all": timeline("time", key(1e308), key(1e309)),
    "a time that is text": timeline("time", key("0")),
    "a time that is true": timeline("time", key(True)),
    "an emotion of null": timeline("is not understood", key(0, None)),
    "an emotion of nothing": timeline("is not understood", key(0, {})),
    "a strength of a list": timeline("strength", key(0, {"happy": [1]})),
    "a key that is a list": timeline("is not an object", [0, "happy"]),
    "an unknown field of a key": timeline("unknown field", {**key(), "colour": "red"}),
    "an unknown field of a timeline": timeline("unknown field", key(), loop=True),
    "less than no fade": timeline("fade", key(), fade=-1),
    "a fade of text": timeline("fade", key(), fade="slow"),
    "keys that are none": feeling("mood.json", lambda: b'{"keys": 7}', "is not a list"),
    "a list as timeline": feeling("mood.json", lambda: b"[1, 2]", "is not an object"),
    "a number as timeline": feeling("mood.json", lambda: b"7", "is not an object", sent="the emotion file is"),
    "a field twice": feeling("mood.json", lambda: b'{"keys": [], "keys": []}', "is given twice"),
    "deep JSON": feeling("mood.json", lambda: b"[" * 100_000, "nested too deep", sent="begins as JSON and is none"),
    "deep objects": feeling(
        "mood.json",
        lambda: b'{"a":' * 50_000 + b"1" + b"}" * 50_000,
        "nested too deep",
        sent="begins as JSON and is none",
    ),
    "a number of 100 000 digits": feeling(
        "mood.json",
        lambda: b'{"keys": [{"time": ' + b"9" * 100_000 + b"}]}",
        "a number too long",
        sent="begins as JSON",
    ),
    "a timeline of 2 MB": feeling("mood.json", lambda: b'{"keys": []}' + b" " * 2_000_000, "expected at most 1 MB"),
    "a timeline that ends": feeling("mood.json", lambda: b'{"keys": [', "not JSON: line 1", sent="begins as JSON"),
    "a timeline in UTF-16": feeling(
        "mood.json", lambda: '{"keys": []}'.encode("utf-16"), "not UTF-8 text", sent="the emotion file is"
    ),
    "a timeline in Latin": feeling(
        "mood.json", lambda: b'{"keys": [], "lacks": "\xe9"}', "not UTF-8 text", sent="begins as JSON"
    ),
    "NaN in a timeline": feeling("mood.json", lambda: b'{"keys": [{"time": NaN, "emotion": "happy"}]}', "time"),
    "an empty timeline": feeling("mood.json", lambda: b"", r"empty \(0 bytes\)"),
    "a picture as timeline": feeling("mood.json", lambda: encoded("PNG"), "not UTF-8 text", sent="emotion|picture"),
}

OWN: dict[str, Case] = {
    "an own emotion": own("", tensors),
    "an own emotion of 64 bit": own("", lambda: (HERE / "own-f64.safetensors").read_bytes()),
    "an own emotion that is not there": own("holds no emotion", tensors, name="other"),
    "a name that leads away": own("name", lambda: (HERE / "own-badname.safetensors").read_bytes()),
    "an own emotion of 10 numbers": own("256|shape|width|wide", lambda: tensors(10)),
    "an own emotion of NaN": own("finite|NaN|number", lambda: tensors(mean=math.nan)),
    "an own emotion beyond measure": own("no embedder|numbers|beyond|large", lambda: tensors(mean=1e30)),
    "a head of nine thousand million million bytes": own(
        "damaged|safetensors|header", lambda: header(b"{}", 2**63), sent="the emotion file"
    ),
    "a head of nothing": own("damaged|safetensors|header|no emotion", lambda: header(b""), sent="the emotion file"),
    "a head that is deep": own("damaged|safetensors|header", lambda: header(b'{"a":' * 30_000 + b"1" + b"}" * 30_000)),
    "a head that is a list": own("damaged|safetensors|header", lambda: header(b"[]"), sent="the emotion file"),
    "places beyond the file": own(
        "damaged|safetensors|header",
        lambda: header(b'{"tender.mean":{"dtype":"F32","shape":[256],"data_offsets":[0,1024]}}'),
    ),
    "a tensor of a million million numbers": own(
        "damaged|safetensors|header",
        lambda: header(b'{"tender.mean":{"dtype":"F32","shape":[1000000,1000000],"data_offsets":[0,4]}}') + bytes(4),
    ),
    "half of an own emotion": own("damaged|safetensors|header", lambda: tensors()[:1000]),
    "a pickle that laughs": own(
        "damaged|safetensors|header", lambda: (HERE / "laughs.npy").read_bytes(), sent="the emotion file"
    ),
    "a wide memo": own(
        "damaged|safetensors|header", lambda: (HERE / "bigmemo.npy").read_bytes(), sent="the emotion file"
    ),
    "a deep pickle": own(
        "damaged|safetensors|header", lambda: (HERE / "deepdict.npy").read_bytes(), sent="the emotion file"
    ),
}

WHOLE = "is not a valid integer"
REAL = "is not a valid float"


def number(name: str, value: object, says: str, sent: str = "") -> Case:
    """A case of a number that is none; `sent` is what the server says."""
    plain = isinstance(value, int | float) and not isinstance(value, bool)
    at: Mapping[Door, str] = {"REST": sent} if sent else {}
    return wish(says, at=at, nowhere={} if plain else TYPED, **{name: value})


NUMBERS: dict[str, Case] = {
    "seed 0": number("seed", 0, ""),
    "a seed less than 0": number("seed", -1, "seed is -1"),
    "a seed of 65 bit": number("seed", 2**65, "seed is"),
    "a seed of 300 digits": number("seed", 10**300, "seed is|no whole number|too long|expected"),
    "half a seed": wish("seed is 1.5|job's seed is '1.5'", seed=1.5, at={"command line": WHOLE}),
    "a seed of text": wish("seed is 'x'", seed="x", at={"command line": WHOLE}),
    "a true seed": wish("seed is (True|'True')", seed=True, nowhere=TYPED),
    "a list of seeds": wish(r"seed is (\[1, 2\]|'\[1, 2\]')", seed=[1, 2], nowhere=TYPED),
    "less than no size": number("size", -1, "size"),
    "a size of 1": number("size", 1, "size"),
    "a size of a thousand million": number("size", 10**9, "size"),
    "a size of text": wish("size is", size="large", at={"command line": WHOLE}),
    "half a pixel": wish("size is", size=64.5, at={"command line": WHOLE}),
    "face 0": number("face", 0, "face"),
    "less than no face": number("face", -1, "face"),
    "the millionth face": number("face", 10**6, "face 1000000 asked for, 1 face found"),
    "a face of text": wish("face is", face="left", at={"command line": WHOLE}),
    "0 frames a second": number("fps", 0, "fps|frames a second"),
    "24.5 frames a second": wish("fps|frames a second", fps=24.5, at={"command line": WHOLE}),
    "a million frames a second": number("fps", 10**6, "fps|frames a second"),
    "60 frames a second": Case(make=lambda folder: {"fps": 60}, frames=24),
    "less than no head": number("head", -0.1, "head"),
    "twice the head": number("head", 2.0, "head"),
    "a head that is no number": number("head", math.nan, "head|NaN", sent="NaN is no number"),
    "an infinite blink": number("blink", math.inf, "blink|Infinity", sent="Infinity is no number"),
    "a head of text": wish("head is", head="x", at={"command line": REAL}),
    "a true blink": wish("blink is", blink=True, nowhere=TYPED),
    "a gaze up": wish("gaze", gaze="up", at={"command line": "'up' is not one of"}),
    "channel 0": wish("channel", channel=0, at={"REST": "channel"}),
    "channel 9 of 1": wish("channel", channel=9),
    "less than no channel": wish("channel", channel=-1),
    "a channel in the middle": wish("channel", channel="middle"),
    "a quality of 101": wish("quality", quality=101),
    "less than no quality": wish("quality", quality=-1),
    "the best quality": wish("quality", quality="best"),
    "a quality of NaN": wish("quality|NaN", quality=math.nan, at={"REST": "NaN is no number"}),
    "to listen for no time": number("idle", 0, "idle|speech"),
    "to listen for less": number("idle", -5, "idle|speech"),
    "to listen while it speaks": wish("idle|speech|both", idle=3.0),
    "to listen for ever": wish("idle|seconds|expected", speech=None, idle=1e12),
    "to listen for NaN": wish("idle|NaN|seconds", speech=None, idle=math.nan, at={"REST": "NaN is no number"}),
    "to listen for a moment": Case(make=lambda folder: {"speech": None, "idle": 0.4}, frames=FRAMES),
    "no speech": wish("there is no speech", speech=None, at={"batch": "names no speech", "REST": "names no speech"}),
    "a crop of text": wish("crop is", crop="maybe", nowhere=TYPED),
    "a crop of 1": wish("crop is", crop=1, nowhere=TYPED),
    "a backbone that nobody knows": wish("backbone", backbone="nothing"),
    "a backbone of the system": wish("backbone|checkpoint|config.json", backbone="/"),
    "a backbone that is not here": wish("dice-svd|checkpoint|backbone", backbone="svd", nowhere={}),
    "an option that the backbone has not": wish(
        "no option|which has none|option",
        options={"steps": 3},
        nowhere={
            "command line": "its options are its own words",
            "Python": "options are objects there, and mypy tells",
            "batch": "its columns are known by name",
        },
    ),
    "a speaker without a face": wish("speaker|face|FACE:CHANNEL:EMOTION", crop=None, speakers=["::"]),
    "speakers of one face": wish("speaker|face|twice", crop=None, speakers=["1:left:happy", "1:right:sad"]),
    "speakers of text": wish(
        "speakers",
        speakers="1:left:happy",
        nowhere={
            "command line": TEXT_ONLY,
            "batch": "a text of one speaker is one speaker",
            "Python": "as a list of letters, told below",
        },
    ),
    "consent of nothing": wish("consent", consent=" "),
    "consent of a book": wish("consent", consent="x" * 100_000, at=LONG),
    "marks that are none": wish("marks", marks="maybe", at={"command line": "'maybe' is not one of"}),
    "a field that nobody knows": wish(
        "colour", colour="red", at={"command line": "No such option"}, nowhere={"Python": "Python says it"}
    ),
}


def _grey() -> Any:
    from PIL import Image

    return Image.new("RGB", (120, 120), "grey")


def curves(content: Callable[[], bytes], says: str, *, sent: str = "", **more: Any) -> Case:
    """A case of curves to play."""
    at: Mapping[Door, str] = {"REST": sent} if sent else {}
    return Case(make=lambda folder: {"motion_in": put(folder, "curves.csv", content())}, says=says, at=at, **more)


def table(*rows: str, head: str = ",".join(LIVE_LINK_COLUMNS)) -> bytes:
    return "\n".join([head, *rows, ""]).encode()


def row(frame: int, value: str = "0.1", second: int = 0) -> str:
    return f"00:00:{second:02d}:{frame:06.3f},61," + ",".join([value] * 61)


NO_CURVES = "expected a Live Link Face CSV"
NO_KIND = "the motion in is|is no sound or video"
CURVES: dict[str, Case] = {
    "curves": curves(lambda: table(*map(row, range(10))), "", frames=FRAMES),
    "an hour of sound beside curves": Case(
        make=lambda folder: {
            "speech": put(folder, "hour.wav", hour()),
            "motion_in": put(folder, "c.csv", table(*map(row, range(10)))),
        },
        says="",
        at={"REST": "lasts 3600 s; expected at most"},
        nowhere={
            "command line": "90 000 frames take minutes",
            "Python": "its own test",
            "batch": "90 000 frames take minutes",
        },
    ),
    "curves of nothing": curves(lambda: b"", r"empty \(0 bytes\)"),
    "curves that are a picture": curves(lambda: encoded("PNG"), NO_CURVES, sent="is a picture; send a curves"),
    "curves that are bytes": curves(lambda: np.random.default_rng(0).bytes(5000), NO_CURVES, sent=NO_KIND),
    "curves without rows": curves(lambda: table(), NO_CURVES),
    "curves without columns": curves(lambda: table("1", head="Timecode,X"), NO_CURVES),
    "a row that is short": curves(lambda: table(row(0), "00:00:00:01.000,61,0.1"), NO_CURVES),
    "a cell of text": curves(lambda: table(row(0, "x")), NO_CURVES),
    "a cell of NaN": curves(lambda: table(row(0, "nan")), NO_CURVES),
    "a cell of infinity": curves(lambda: table(row(0, "inf")), NO_CURVES),
    "a cell beyond measure": curves(lambda: table(row(0, "1e300")), NO_CURVES),
    "a time that is none": curves(lambda: table("noon,61," + ",".join(["0"] * 61)), NO_CURVES),
    "times that go back": curves(lambda: table(row(5), row(2)), NO_CURVES),
    "a gap of a minute": curves(lambda: table(row(0), row(0, second=59)), NO_CURVES),
    "a line of a million letters": curves(lambda: table("x" * 10**6), NO_CURVES),
    "a quote that never ends": curves(lambda: table('"' + row(0), row(1)), NO_CURVES),
    "a null in a cell": curves(lambda: table(row(0, "0\0")), NO_CURVES),
}

WISHES = EMOTIONS | FEELINGS | OWN | NUMBERS | CURVES
