"""Read any recording: which emotion its face shows and its voice has, second by second."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import numpy as np

from dicetalk.errors import InputError, MediaError
from dicetalk.files import PathLike, existing_file
from dicetalk.media import Sound, VideoTrack, is_still, probe, read_sound
from dicetalk.media.channel import Channel
from dicetalk.reading.answers import Span, none_of
from dicetalk.reading.asked import asked_of
from dicetalk.reading.look import Seen, faces_at_start, looks, photographed, see
from dicetalk.reading.reading import Reading
from dicetalk.reading.together import both
from dicetalk.reading.tone import tones
from dicetalk.recording import Missing

STEP_S = 1.0
"""Length of a window, about [s]."""

Progress = Callable[[float, float], None]
"""Called with the seconds of pictures that are read, and those there are; 0 where the file does not tell."""


def read(path: PathLike, *, channel: Channel | None = None, progress: Progress = lambda done, of: None) -> Reading:
    """What a video, a sound or a photo of somebody shows.

    The largest face is read. Windows of about a second each look at a little more around them. Memory does not
    grow with the length of the pictures; of the sound 2 MB a minute are held.

    Args:
        path: of the file.
        channel: of the sound: "left", "right" or a number from 1; None mixes all of them.
        progress: is told how far it is.

    Raises:
        MediaError: the file cannot be read.
        InputError: there is neither a face nor a voice in it, or no such channel.
    """
    path = existing_file(path)
    if is_still(path):
        return _reading(path, photographed(path), Missing(f"{path} is a picture, which has no voice"))
    pictures, sound = probe(path)
    seen = Missing(f"{path} has no pictures") if pictures is None else _seen(path, pictures, progress)
    heard = Missing(f"{path} has no sound") if sound is None else _heard(path, channel)
    reading = _reading(path, seen, heard)
    several = 0 if isinstance(seen, Missing) else faces_at_start(path)
    if several < 2:
        return reading
    return replace(reading, warnings=(*reading.warnings, f"{path} shows {several} faces; the largest one is read"))


def _seen(path: Path, pictures: VideoTrack, progress: Progress) -> Seen | Missing:
    try:
        return see(path, lambda done: progress(done, pictures.seconds))
    except MediaError as error:
        return Missing(str(error))


def _heard(path: Path, channel: Channel | None) -> Sound | Missing:
    try:
        return read_sound(path, channel=channel)
    except MediaError as error:
        return Missing(str(error))


def _reading(path: Path, seen: Seen | Missing, heard: Sound | Missing) -> Reading:
    """What is read of a face and a voice.

    Raises:
        InputError: there is neither.
    """
    spans = _spans([found.seconds for found in (seen, heard) if not isinstance(found, Missing)])
    told = heard if isinstance(heard, Missing) else tones(heard, spans)
    lacks = [found.why for found in (seen, told) if isinstance(found, Missing)]
    if len(lacks) == 2:
        raise InputError(f"neither face nor voice can be read: {'; '.join(lacks)}")
    face, moves = (none_of(len(spans)), ()) if isinstance(seen, Missing) else looks(seen, spans)
    voice = none_of(len(spans)) if isinstance(told, Missing) else told
    return Reading(
        seconds=spans[-1][1],
        windows=both(face, voice).windows(spans),
        face=None if isinstance(seen, Missing) else face.windows(spans),
        voice=None if isinstance(told, Missing) else voice.windows(spans),
        moves=moves,
        asked=asked_of(path),
        lacks="; ".join(lacks),
        warnings=() if isinstance(heard, Missing) else heard.warnings,
    )


def _spans(lengths: list[float]) -> list[Span]:
    """Windows of one length from 0 to the end of the longest [s]; none where there is nothing."""
    if not lengths:
        return []
    count = max(1, round(max(lengths) / STEP_S))
    return list(pairwise(np.linspace(0, max(lengths), count + 1).tolist()))
