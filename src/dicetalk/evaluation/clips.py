"""Which emotion is read out of real, labelled recordings, by the reader or an embedder: faces, voices and both."""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path

from dicetalk.data.clip import Clip
from dicetalk.emotion.embedding import Embedder
from dicetalk.errors import InputError
from dicetalk.reading import reader
from dicetalk.reading.reading import mean_of
from dicetalk.recording import Recording, perceive
from dicetalk.sources.like import resembled

WAYS = ("video", "audio", "both")


@dataclass(frozen=True)
class Read:
    """What was read of one clip.

    Attributes:
        clip: its name.
        emotion: its label.
        ranked: the names by how much it resembles each, most first, by what was looked at.
    """

    clip: str
    emotion: str
    ranked: dict[str, tuple[str, ...]]


Ranks = Callable[[Path], dict[str, tuple[str, ...]]]
"""A recording -> the names, most likely first, by what was looked at."""


def read_clips(
    clips: Sequence[Clip], ranks: Ranks, progress: Callable[[int, int], None], left_out: Callable[[str], None]
) -> list[Read]:
    """What is read of labelled clips.

    Args:
        clips: each with an emotion, and a sound or a video.
        ranks: what reads: `by_reader`, or `by_embedder`.
        progress: called with clips done and in all.
        left_out: called with the reason why a clip cannot be read.
    """
    found: list[Read] = []
    for number, clip in enumerate(clips, 1):
        file = clip.video or clip.sound
        assert file is not None and clip.emotion is not None
        try:
            found.append(Read(clip.name, clip.emotion, ranks(file)))
        except InputError as error:
            left_out(str(error))
        progress(number, len(clips))
    return found


def by_reader(file: Path) -> dict[str, tuple[str, ...]]:
    """What `dicetalk describe` reads of a recording, over all of it.

    Raises:
        InputError: it cannot be read.
    """
    reading = reader.read(file)
    together = reading.windows if reading.face is not None and reading.voice is not None else None
    ways = {"video": reading.face, "audio": reading.voice, "both": together}
    return {way: mean_of(windows).ranked for way, windows in ways.items() if windows is not None}


def by_embedder(embedder: Embedder, file: Path) -> dict[str, tuple[str, ...]]:
    """What an embedder reads of a recording, over all of it.

    Raises:
        InputError: it cannot be read.
    """
    return {way: _ranked(embedder, part) for way, part in _parts(perceive(file))}


def _parts(recording: Recording) -> Iterator[tuple[str, Recording]]:
    """The recording as each way of looking at it has it, as far as it is there."""
    if recording.motion is not None:
        yield "video", Recording(None, recording.motion)
    if recording.speech is not None:
        yield "audio", Recording(recording.speech, None)
    if recording.motion is not None and recording.speech is not None:
        yield "both", recording


def _ranked(embedder: Embedder, recording: Recording) -> tuple[str, ...]:
    _, likeness = resembled([recording], embedder)
    return tuple(name for name, _ in likeness.ranked())


def table(found: list[Read]) -> str:
    """One line a clip with the first two names of each way, and below how often the label is first and among them."""
    lines = ["| clip | label | " + " | ".join(WAYS) + " |", "|---|---|" + "---|" * len(WAYS)]
    for read in found:
        told = (", ".join(read.ranked.get(way, ("",))[:2]) for way in WAYS)
        lines.append(f"| {read.clip} | {read.emotion} | " + " | ".join(told) + " |")
    for first, what in ((1, "first"), (2, "among the first two")):
        lines.append(f"| | **label {what}** | " + " | ".join(_share(found, way, first) for way in WAYS) + " |")
    return "\n".join(lines)


def _share(found: list[Read], way: str, first: int) -> str:
    looked = [read for read in found if way in read.ranked]
    right = sum(read.emotion in read.ranked[way][:first] for read in looked)
    return f"{right} of {len(looked)}"
