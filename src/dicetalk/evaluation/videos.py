"""Measure a folder of talking-head videos, beside a reference if there is one."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path

from dicetalk.arrays import Picture
from dicetalk.data.clip import Dropped
from dicetalk.errors import MediaError
from dicetalk.evaluation.clip_set import Measured, Options, find_videos, measure_set
from dicetalk.evaluation.comparison import REFERENCE, VIDEOS, compare
from dicetalk.evaluation.judge import ask
from dicetalk.evaluation.report import Report
from dicetalk.evaluation.wanted import Part, wanted_emotions, wanted_parts
from dicetalk.media import read_video


@dataclass(frozen=True)
class Request:
    """What is to be measured.

    Attributes:
        videos: a folder, or one file.
        reference: likewise, of real ones; None without.
        emotions: a table of what the videos were meant to show; None looks beside them.
    """

    videos: Path
    reference: Path | None = None
    emotions: Path | None = None


def evaluate_videos(
    request: Request, options: Options, progress: Callable[[int, int], None], left_out: Callable[[Dropped], None]
) -> Report:
    """Measure all that is asked for.

    Args:
        request: what.
        options: how.
        progress: called with clips done and in all.
        left_out: called with each clip that cannot be measured, and why.

    Raises:
        InputError: there is no video, none can be measured, or the table of emotions cannot be used.
        CheckpointError, MissingExtraError: a network cannot be used.
    """
    places = {VIDEOS: request.videos} | ({} if request.reference is None else {REFERENCE: request.reference})
    found = {name: find_videos(place) for name, place in places.items()}
    tables = {VIDEOS: request.emotions}
    wanted = {name: wanted_emotions(videos, tables.get(name), places[name]) for name, videos in found.items()}
    parts = {name: wanted_parts(videos, tables.get(name), places[name]) for name, videos in found.items()}
    return measure_sets(found, wanted, options, progress, left_out, parts)


def measure_sets(
    found: Mapping[str, Mapping[str, Path]],
    wanted: Mapping[str, Mapping[str, str]],
    options: Options,
    progress: Callable[[int, int], None],
    left_out: Callable[[Dropped], None],
    parts: Mapping[str, Mapping[str, Sequence[Part]]] | None = None,
) -> Report:
    """Measure sets of videos, and lay them beside each other.

    Args:
        found: the files of `VIDEOS` and, where there are any, of `REFERENCE`, by name.
        wanted: what each was meant to show, by set and name.
        options, progress, left_out: as for `evaluate_videos`.
        parts: what was meant in turn, of clips of which that is known, by set and name.

    Raises:
        InputError, CheckpointError, MissingExtraError: as `evaluate_videos`.
    """
    start = time.perf_counter()
    options.networks.check()
    try_judges(options, found[VIDEOS])
    dropped: list[Dropped] = []

    def drop(clip: Dropped) -> None:
        dropped.append(clip)
        left_out(clip)

    sets: dict[str, list[Measured]] = {}
    total, done = sum(map(len, found.values())), count(1)
    for name, videos in found.items():
        turns = (parts or {}).get(name)
        sets[name] = measure_set(videos, wanted[name], options, lambda: progress(next(done), total), drop, turns)
    comparison = compare(sets[VIDEOS], sets.get(REFERENCE, []), options)
    return Report(comparison, sets, dropped, options, lacking(options, sets), time.perf_counter() - start)


def try_judges(options: Options, videos: Mapping[str, Path]) -> None:
    """Show each judge a frame, before hours are spent on what it may fail at.

    Raises:
        InputError: as `judge.ask`.
    """
    frame = next(_first_frames(videos), None) if options.judges else None
    if frame is not None:
        for judge in options.judges:
            ask(judge, [frame])


def _first_frames(videos: Mapping[str, Path]) -> Iterator[Picture]:
    for path in videos.values():
        with suppress(MediaError):  # told when its turn comes
            yield next(read_video(path))


def lacking(options: Options, sets: Mapping[str, Sequence[Measured]]) -> list[str]:
    """What is not told, and what would be needed for it."""
    networks, real = options.networks, REFERENCE in sets
    lines = {
        "distances to real clips: give a REFERENCE": not real,
        "emotion: give --emotions, or keep the record of `dicetalk generate --json` beside each video": not any(
            clip.wanted for clip in sets[VIDEOS]
        ),
        "identity: give --face-network, a network that knows faces": networks.face is None,
        "LMD: give a REFERENCE with clips of the same names and the same sound": not real,
        "FID: give --fid-network and a REFERENCE": networks.fid is None or not real,
        "FVD: give --fvd-network and a REFERENCE": networks.fvd is None or not real,
        "LSE-D and LSE-C: give --sync-network": networks.sync is None,
        "seams: give --seam-every": options.seam_every is None,
    }
    return [line for line, absent in lines.items() if absent]
