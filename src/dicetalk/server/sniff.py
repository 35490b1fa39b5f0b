"""What a file is, by its content, and how much of it there is, by its headers and packets: nothing is decoded."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from dicetalk.checks import check_writable
from dicetalk.errors import InputError, MediaError, TooLargeError

MOST_TEXT = 16_000_000
"""Of a timeline, or curves [bytes]; an hour of curves is larger."""
SUFFIXES = {"curves": ".csv", "timeline": ".json", "emotions": ".safetensors"}
"""Of files that are known by them; others have none."""
WEIGHTS = 100_000_000
"""A header of a safetensors file is no longer [bytes]."""


def sniffed(path: Path) -> tuple[str, dict[str, Any]]:
    """The kind of a file (picture, sound, video, curves, timeline, emotions), and its width, height and seconds.

    Raises:
        MediaError: it is none of them.
        TooLargeError: a text that is too long, a picture with more pixels than any that is read.
        InputError: a timeline that names other files, or holds texts that nobody can write.
    """
    with path.open("rb") as file:
        head = file.read(4096)
    if head[8:9] == b"{" and int.from_bytes(head[:8], "little") < min(WEIGHTS, path.stat().st_size):
        return "emotions", {}
    text = head.removeprefix(b"\xef\xbb\xbf").lstrip().lower()
    if text.startswith((b"{", b"[")):
        return _timeline(path)
    if re.match(rb'(sep=.\s+)?("timecode"|timecode[,;\t])', text):
        return _curves(path)
    return _picture(path) or _recording(path)


def _picture(path: Path) -> tuple[str, dict[str, Any]] | None:
    from dicetalk.media.beginnings import PICTURE, begins_as
    from dicetalk.media.picture import damaged, picture_size

    size = picture_size(path)
    if size is None and begins_as(path) == PICTURE:
        raise MediaError(damaged(path))
    return None if size is None else ("picture", {"width": size[0], "height": size[1]})


def _recording(path: Path) -> tuple[str, dict[str, Any]]:
    from dicetalk.media import probe
    from dicetalk.media.container import lasts

    try:
        film, sound = probe(path)
    except MediaError as error:
        raise MediaError(_unread(path, error)) from error
    told = max((track.seconds for track in (film, sound) if track), default=0.0)
    seconds = {"seconds": round(max(told, lasts(path)), 3)}
    if film is None and sound is None:
        raise MediaError(f"{path} holds neither pictures nor sound; give another file")
    return ("sound", seconds) if film is None else ("video", {"width": film.width, "height": film.height, **seconds})


def _unread(path: Path, error: MediaError) -> str:
    """What is told of a file that is neither a picture nor a recording, or a recording that is damaged."""
    from dicetalk.media.beginnings import SOUND, VIDEO, begins_as

    what = begins_as(path)
    if what in (SOUND, VIDEO):
        return str(error)
    found = f"{what}, neither" if what else "neither"
    return f"{path} is {found} a picture nor a recording that can be read; send it as PNG or JPEG, as WAV or MP4"


def _timeline(path: Path) -> tuple[str, dict[str, Any]]:
    try:
        told = json.loads(_text(path))
    except (ValueError, RecursionError) as error:
        raise MediaError(f"{path} begins as JSON and is none; give a timeline, a picture or a recording") from error
    check_writable(told)
    check_timeline(told)
    return "timeline", {}


def check_timeline(told: object) -> None:
    """Refuse a timeline that names files: they would be ours.

    Raises:
        InputError: it does.
    """
    if any(".safetensors" in text.lower() for text in _texts(told)):
        raise InputError("the timeline names a file of own emotions; here it can hold names and strengths only")


def _texts(told: object) -> Iterator[str]:
    waiting = [told]
    while waiting:
        value = waiting.pop()
        if isinstance(value, str):
            yield value
        elif isinstance(value, dict):
            waiting += [*value, *value.values()]
        elif isinstance(value, list):
            waiting += value


def _curves(path: Path) -> tuple[str, dict[str, Any]]:
    from dicetalk.motion.live_link import csv_seconds

    _check_text(path)
    return "curves", {"seconds": round(csv_seconds(path), 3)}


def _text(path: Path) -> bytes:
    _check_text(path)
    return path.read_bytes()


def _check_text(path: Path) -> None:
    size = path.stat().st_size
    if size > MOST_TEXT:
        raise TooLargeError(f"{path} has {size / 1e6:.0f} MB of text; expected at most {MOST_TEXT / 1e6:.0f} MB")
