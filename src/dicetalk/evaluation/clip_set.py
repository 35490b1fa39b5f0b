"""A set of videos: found in a folder, each measured once, and the figures of all of them."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Generator, Mapping, Sequence
from contextlib import closing
from dataclasses import dataclass, field, replace
from functools import partial
from pathlib import Path

from dicetalk.commands import Command
from dicetalk.data.clip import Dropped
from dicetalk.data.folder import VIDEOS
from dicetalk.data.workers import spread
from dicetalk.errors import InputError
from dicetalk.evaluation.appearance import Appearance, Networks, frames_of, look
from dicetalk.evaluation.footage import Footage, read_footage
from dicetalk.evaluation.judge import SHOWN, Reading, ask, own_reading
from dicetalk.evaluation.wanted import Part
from dicetalk.rates import FPS
from dicetalk.speech.broad import SHUT

OWN = "own"
"""How our own judge is called."""


@dataclass(frozen=True)
class Options:
    """How videos are measured.

    Attributes:
        threshold: likelihood from which a p, b or m is heard, 0 to 1.
        seam_every: where seams are looked for [s]; None does not look.
        judges: who is asked which emotion is shown, beside our own.
        networks: that the user has.
        workers: processes.
    """

    threshold: float = SHUT
    seam_every: float | None = None
    judges: tuple[Command, ...] = ()
    networks: Networks = field(default_factory=Networks)
    workers: int = 1

    @property
    def judge_names(self) -> list[str]:
        """Ours first; those that are called alike are numbered."""
        names = [judge.name for judge in self.judges]
        often = Counter((OWN, *names))
        return [OWN, *(f"{name} {number}" if often[name] > 1 else name for number, name in enumerate(names, 1))]


@dataclass(frozen=True, eq=False)
class Measured:
    """A clip.

    Attributes:
        footage: what is heard and seen.
        readings: which emotion each judge reads in it, by the judge's name.
        looks: what networks make of it.
        wanted: the emotion that it was meant to show; None where that is not known.
        parts: where several were meant in turn, each stretch and what our own judge reads in it.
    """

    footage: Footage
    readings: dict[str, Reading]
    looks: Appearance
    wanted: str | None = None
    parts: tuple[tuple[Part, Reading], ...] = ()

    @property
    def name(self) -> str:
        """Of the clip."""
        return self.footage.name


def find_videos(place: Path) -> dict[str, Path]:
    """The videos of a folder and those below it, or the one file, by name: the path without its suffix.

    Raises:
        InputError: no such place, or no video in it.
    """
    if place.is_file():
        return {place.stem: place}
    if not place.is_dir():
        raise InputError(f"there is no {place}; expected a folder of videos, or one")
    files = [
        path
        for path in sorted(place.rglob("*"))
        if path.suffix.lower() in VIDEOS and path.is_file() and not _hidden(path.relative_to(place))
    ]
    if not files:
        raise InputError(f"{place} holds no video; expected files that end in {', '.join(VIDEOS)}")
    often = Counter(_name(path, place) for path in files)
    # Two files that differ in their suffix only keep it.
    return {_name(path, place) if often[_name(path, place)] == 1 else _full(path, place): path for path in files}


def _hidden(path: Path) -> bool:
    return any(part.startswith(".") for part in path.parts)


def _full(path: Path, place: Path) -> str:
    return path.relative_to(place).as_posix()


def _name(path: Path, place: Path) -> str:
    return path.relative_to(place).with_suffix("").as_posix()


def measure_set(
    videos: Mapping[str, Path],
    wanted: Mapping[str, str],
    options: Options,
    progress: Callable[[], None],
    left_out: Callable[[Dropped], None],
    parts: Mapping[str, Sequence[Part]] | None = None,
) -> list[Measured]:
    """All clips of a set that can be measured.

    Args:
        videos: by name.
        wanted: the emotions that they were meant to show, as far as they are known, by name.
        options: how.
        progress: called after each clip.
        left_out: called with each clip that cannot be measured, or not be read by a judge, and why.
        parts: what was meant in turn, of clips of which that is known, by name.

    Raises:
        InputError: none can be measured.
        ConfigError: a judge's program cannot be started.
        CheckpointError: a network cannot be run.
    """
    found: list[Measured] = []
    reason = ""
    with closing(_measured(list(videos.items()), options)) as results:
        for result in results:
            if isinstance(result, Dropped):
                reason = reason or result.reason
                left_out(result)
            else:
                readings = result.readings | _asked(result.footage, options, left_out)
                turns = _turns(result.footage, (parts or {}).get(result.name, ()))
                found.append(replace(result, readings=readings, wanted=wanted.get(result.name), parts=turns))
            progress()
    if not found:
        raise InputError(f"none of {len(videos)} videos can be measured ({reason}); give videos of talking faces")
    return found


def _turns(footage: Footage, parts: Sequence[Part]) -> tuple[tuple[Part, Reading], ...]:
    """What our own judge reads in parts of a clip, as far as it lasts."""
    cut = [(part, footage.motion[slice(round(part.start * FPS), round(part.end * FPS))]) for part in parts]
    return tuple((part, own_reading(motion)) for part, motion in cut if len(motion))


def _asked(footage: Footage, options: Options, left_out: Callable[[Dropped], None]) -> dict[str, Reading]:
    """What judges read in a clip. Not in a worker: where that is ended, it would leave them behind."""
    found: dict[str, Reading] = {}
    try:
        frames = frames_of(footage, SHOWN) if options.judges else []
    except InputError as error:
        left_out(Dropped(footage.path, str(error)))
        return found
    for name, judge in zip(options.judge_names[1:], options.judges, strict=True):
        try:
            found[name] = ask(judge, frames)
        except InputError as error:
            left_out(Dropped(footage.path, str(error)))
    return found


def _measured(videos: Sequence[tuple[str, Path]], options: Options) -> Generator[Measured | Dropped, None, None]:
    work = partial(measure, options=options)
    if options.workers == 1:
        yield from map(work, videos)
    else:
        yield from spread(work, videos, options.workers)


def measure(video: tuple[str, Path], options: Options) -> Measured | Dropped:
    """A clip, by name and file; or why it is left out.

    Raises:
        CheckpointError: a network cannot be run.
    """
    name, path = video
    try:
        footage = read_footage(path, name)
        looks = look(footage, options.networks)
    except InputError as error:
        return Dropped(path, str(error))
    return Measured(footage, {OWN: own_reading(footage.motion)}, looks)
