"""A clip of a corpus and what is known of it; splits in which no person is on both sides."""

from __future__ import annotations

import hashlib
import math
from collections.abc import Callable, Collection, Iterable, Sequence
from dataclasses import dataclass
from pathlib import Path

from dicetalk.errors import InputError


@dataclass(frozen=True, kw_only=True)
class Clip:
    """One recording of one person.

    Attributes:
        name: unique in its corpus; can be part of a file name.
        corpus: "ravdess", "crema_d", ...
        identity: who it is, unique over all corpora: "ravdess_17".
        sound: the file with the voice, which may be a video; None without.
        video: the file with the face; None without.
        emotion: a name of the vocabulary, None where unknown.
        strength: how strong, 0 to 1.
        sentence: what was said, by the corpus's own code; "" where unknown.
    """

    name: str
    corpus: str
    identity: str
    sound: Path | None
    video: Path | None = None
    emotion: str | None = None
    strength: float = 0.8
    sentence: str = ""


@dataclass(frozen=True)
class Dropped:
    """A file that is not used, and why, in one line."""

    file: Path
    reason: str


@dataclass(frozen=True)
class Missing:
    """What a clip lacks (a voice, a film, all of it), and why, in one line."""

    reason: str


@dataclass(frozen=True)
class Corpus:
    """What was found in a folder, both in the order of names."""

    clips: tuple[Clip, ...]
    dropped: tuple[Dropped, ...]


def collect(folder: Path, suffixes: Collection[str], read: Callable[[Path], Clip | None], layout: str) -> Corpus:
    """Read the names of all files below a folder.

    Args:
        folder: where the corpus lies.
        suffixes: of the files that matter, in lower case; others are passed over in silence.
        read: a file's clip, or None for a file of the corpus that is meant to be left out (a song, a side view).
            Raises ValueError with the reason why a name is not one of the corpus.
        layout: an example of a path in this corpus, for messages.

    Raises:
        InputError: no such folder, or nothing of the corpus in it.
    """
    if not folder.is_dir():
        raise InputError(f"no folder {folder}; expected one with files such as {layout}")
    clips: dict[str, Clip] = {}
    dropped: list[Dropped] = []
    for file in sorted(folder.rglob("*")):
        if file.suffix.lower() not in suffixes or not file.is_file() or file.name.startswith("."):
            continue
        try:
            clip = read(file)
        except ValueError as error:
            dropped.append(Dropped(file, str(error)))
            continue
        if clip is not None and clip.name in clips:
            dropped.append(Dropped(file, f"a second recording of {clip.name}"))
        elif clip is not None:
            clips[clip.name] = clip
    if not clips:
        raise InputError(
            f"{folder} holds no clip of this corpus ({_found(dropped)}); looked for files such as {layout}"
        )
    return Corpus(tuple(clips[name] for name in sorted(clips)), tuple(dropped))


def _found(dropped: Sequence[Dropped]) -> str:
    return (
        f"{len(dropped)} files with other names, the first {dropped[0].file.name}" if dropped else "no sound or video"
    )


def split_by_identity(clips: Iterable[Clip], held_out: Collection[str]) -> tuple[list[Clip], list[Clip]]:
    """Clips to learn from, and those of the held-out identities.

    Raises:
        InputError: a held-out identity has no clip, or all have been held out.
    """
    clips = list(clips)
    there = {clip.identity for clip in clips}
    absent = sorted(set(held_out) - there)
    if absent:
        raise InputError(f"no clip of {absent[0]}, which is to be held out; there are: {', '.join(sorted(there))}")
    kept = [clip for clip in clips if clip.identity not in held_out]
    if not kept:
        raise InputError("every identity is held out; nothing is left to learn from")
    return kept, [clip for clip in clips if clip.identity in held_out]


def choose_held_out(identities: Iterable[str], share: float) -> frozenset[str]:
    """A share of the identities, at least one of two, by their names alone.

    The same person lands on the same side whatever other clips there are and wherever they lie.
    """
    ranked = sorted(set(identities), key=lambda name: hashlib.sha256(name.encode()).hexdigest())
    return frozenset(ranked[: max(1, math.floor(share * len(ranked)))] if len(ranked) > 1 else [])
