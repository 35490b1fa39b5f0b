"""A clip of a corpus and what is known of it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterator, Sequence
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
        told: whether the voice tells the emotion; False where only virtual actors show it.
    """

    name: str
    corpus: str
    identity: str
    sound: Path | None
    video: Path | None = None
    emotion: str | None = None
    strength: float = 0.8
    sentence: str = ""
    told: bool = True


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
class Prepared:
    """What a clip's file holds.

    Attributes:
        frames: T.
        heard: whether there is a voice.
        seen: whether a face was filmed, and read.
        offset: of the pictures against the sound [frames], None where it is not sure.
        note: why a voice or a face is missing, in one line; "" where nothing is.
    """

    frames: int
    heard: bool = True
    seen: bool = False
    offset: int | None = None
    note: str = ""


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
    for file in _files(folder, suffixes):
        try:
            clip = read(file)
            if clip is not None and clips.setdefault(clip.name, clip) is not clip:
                raise ValueError(f"a second recording of {clip.name}")
        except ValueError as error:
            dropped.append(Dropped(file, str(error)))
    if not clips:
        raise InputError(
            f"{folder} holds no clip of this corpus ({_found(dropped)}); looked for files such as {layout}"
        )
    return Corpus(tuple(clips[name] for name in sorted(clips)), tuple(dropped))


def _files(folder: Path, suffixes: Collection[str]) -> Iterator[Path]:
    """All files below a folder with some suffixes, hidden ones left out, in order."""
    for file in sorted(folder.rglob("*")):
        if file.suffix.lower() in suffixes and file.is_file() and not file.name.startswith("."):
            yield file


def _found(dropped: Sequence[Dropped]) -> str:
    return (
        f"{len(dropped)} files with other names, the first {dropped[0].file.name}" if dropped else "no sound or video"
    )
