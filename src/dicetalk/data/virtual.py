"""Virtual people: any recordings of speech, each acted out in every emotion by people of its own.

Nobody else's faces or feelings are in it. What was said has no part in what is shown: a voice tells nothing here.
"""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

from dicetalk.data.clip import Clip, Corpus
from dicetalk.emotion.vocabulary import NAMES, NEUTRAL
from dicetalk.errors import InputError

SOUNDS = (".wav", ".ogg", ".opus", ".flac", ".mp3")
STRENGTHS = (0.6, 1.0)


def read_virtual(folder: Path) -> Corpus:
    """Every sound of a folder, in any depth, once for each emotion and strength.

    Raises:
        InputError: no such folder, or no sound in it.
    """
    if not folder.is_dir():
        raise InputError(f"no folder {folder}; expected one with recordings of speech")
    sounds = [file for file in sorted(folder.rglob("*")) if file.suffix.lower() in SOUNDS]
    clips = [clip for sound in sounds for clip in _acted(folder, sound)]
    if not clips:
        raise InputError(f"{folder} holds no sound; looked for {', '.join(SOUNDS)}")
    return Corpus(tuple(clips), ())


def _acted(folder: Path, sound: Path) -> Iterator[Clip]:
    said = sound.relative_to(folder).with_suffix("").as_posix().replace("/", "_")
    for emotion in NAMES:
        for strength in STRENGTHS if emotion != NEUTRAL else STRENGTHS[-1:]:
            yield Clip(
                name=f"{said}-{emotion}-{strength:g}",
                corpus="virtual",
                identity=f"virtual_{said}",
                sound=sound,
                emotion=emotion,
                strength=strength,
                sentence=said,
                told=False,
            )
