"""MEAD (Wang et al., ECCV 2020): 8 emotions at 3 levels, filmed from 7 sides.

`M003/video/front/angry/level_2/014.mp4` with `M003/audio/angry/level_2/014.m4a`; neutral has level 1 only.
"""

from __future__ import annotations

import re
from pathlib import Path

from dicetalk.data.clip import Clip, Corpus, collect
from dicetalk.emotion.vocabulary import NAMES

HELD_OUT = frozenset({"mead_M003", "mead_M030", "mead_W009", "mead_W015"})
"""The test speakers of later papers."""

STRENGTHS = {"level_1": 0.4, "level_2": 0.7, "level_3": 1.0}

LAYOUT = "M003/video/front/angry/level_2/014.mp4, with M003/audio/angry/level_2/014.m4a beside"

_SPEAKER = re.compile(r"[MW]\d{3}")


def read_mead(folder: Path) -> Corpus:
    """The front view of MEAD with its sound; a video without a sound file beside it is taken to hold its own.

    Raises:
        InputError: no such folder, or no front view of MEAD in it.
    """
    return collect(folder, (".mp4",), _clip, LAYOUT)


def _clip(file: Path) -> Clip | None:
    if len(file.parts) < 6:
        raise ValueError("expected SPEAKER/video/VIEW/EMOTION/LEVEL above the file")
    speaker, kind, view, emotion, level = file.parts[-6:-1]
    if kind != "video" or not _SPEAKER.fullmatch(speaker):
        raise ValueError(f"{speaker}/{kind} is not a speaker's video, as in M003/video")
    if view != "front":
        return None
    if emotion not in NAMES:
        raise ValueError(f"emotion {emotion!r} is not one of {', '.join(NAMES)}")
    if level not in STRENGTHS:
        raise ValueError(f"level {level!r} is not one of {', '.join(STRENGTHS)}")
    sound = file.parents[4] / "audio" / emotion / level / f"{file.stem}.m4a"
    return Clip(
        name="_".join((speaker, emotion, level, file.stem)),
        corpus="mead",
        identity=f"mead_{speaker}",
        sound=sound if sound.is_file() else file,
        video=file,
        emotion=emotion,
        strength=STRENGTHS[level],
        sentence=file.stem,
    )
