"""A corpus -> cached samples. Parallel; the same call resumes.

The folder holds what a way of preparing writes of each clip (`samples.py` for the embedder, `recorded.py` for motion),
and, written last, `clips.csv` and `dropped.csv`. `clips.csv` says of each clip whether there are a voice and a filmed
face, and why not.
"""

from __future__ import annotations

import csv
from collections.abc import Callable, Generator, Sequence
from contextlib import closing
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from typing import Protocol

from dicetalk.data.clip import Clip, Corpus, Dropped, Missing, Prepared
from dicetalk.data.cluster import Cluster, spread_over
from dicetalk.data.workers import spread
from dicetalk.errors import InputError
from dicetalk.files import existing_file, remove_abandoned, whole

Progress = Callable[[int, int], None]
"""Called with clips done and clips in all."""

TABLE, DROPPED = "clips.csv", "dropped.csv"
COLUMNS = (
    *("name", "corpus", "identity", "emotion", "strength", "sentence", "frames", "heard", "seen", "offset", "note"),
)

DROPPED_COLUMNS = ("file", "reason")


class Way(Protocol):
    """How clips are prepared, and for what; goes to other processes."""

    @property
    def workers(self) -> int:
        """Processes."""
        ...

    @property
    def on_gpu(self) -> bool:
        """Whether a GPU is of use."""
        ...

    @property
    def folders(self) -> tuple[str, ...]:
        """Of files, inside the prepared one."""
        ...

    def begin(self, out: Path) -> None:
        """Make sure that a folder is not prepared in another way.

        Raises:
            InputError: it is, or it cannot be made.
        """
        ...

    def known(self, clip: Clip, out: Path) -> Prepared | None:
        """What is there of a clip, prepared in the same way, of the same labels; None where it has to be made anew."""
        ...

    def make(self, clip: Clip, out: Path) -> Prepared | Missing:
        """Write what is not there of a clip; gives what there is, or why the clip cannot be used."""
        ...


@dataclass(frozen=True)
class Report:
    """What became of a corpus: clips prepared, how many of them now, what was dropped or is missing, and why.

    `incomplete` are clips which go on without a voice or without a face.
    """

    clips: int
    new: int
    dropped: tuple[Dropped, ...]
    incomplete: tuple[Dropped, ...] = ()


def prepare(
    corpus: Corpus, out: Path, way: Way, progress: Progress | None = None, cluster: Cluster | None = None
) -> Report:
    """Prepare every clip that is not there yet; a clip that cannot be read is dropped, never the run.

    Args:
        corpus: the clips.
        out: the folder.
        way: how.
        progress: is told how far it is.
        cluster: whose machines do it; None is the processes of this one.

    Raises:
        InputError: the folder cannot be written, holds tables of somebody else, or was prepared in another way.
        ConfigError: no cluster answers, or a machine of it sees other files.
    """
    _check_tables(out)
    way.begin(out)
    _make_folders(out, way)
    done: dict[str, Prepared] = {}
    dropped = list(corpus.dropped)
    before = {clip.name for clip in corpus.clips if way.known(clip, out) is not None}
    with closing(_prepared(corpus.clips, out, way, cluster)) as results:
        for number, (clip, result) in enumerate(zip(corpus.clips, results, strict=True), 1):
            if isinstance(result, Missing):
                dropped.append(Dropped(clip.sound or clip.video or Path(clip.name), result.reason))
            else:
                done[clip.name] = result
            if progress is not None:
                progress(number, len(corpus.clips))
    kept = [clip for clip in corpus.clips if clip.name in done]
    _write_tables(out, kept, done, dropped)
    incomplete = [Dropped(Path(clip.name), done[clip.name].note) for clip in kept if done[clip.name].note]
    return Report(len(done), len(done.keys() - before), tuple(dropped), tuple(incomplete))


def _check_tables(out: Path) -> None:
    """Refuse a folder with a table of these names that somebody else wrote: it would be overwritten.

    Raises:
        InputError: there is one.
    """
    for table, header in ((out / TABLE, COLUMNS), (out / DROPPED, DROPPED_COLUMNS)):
        if not table.exists():
            continue
        with existing_file(table).open(newline="", encoding="utf-8", errors="replace") as file:
            if tuple(next(csv.reader(file), ())) != header:
                raise InputError(f"{table} was not written by `dicetalk prepare` and would be lost; use another folder")


def _make_folders(out: Path, way: Way) -> None:
    try:
        for folder in way.folders:
            (out / folder).mkdir(parents=True, exist_ok=True)
    except OSError as error:
        raise InputError(f"{out} cannot be made ({error.strerror}); choose another folder") from error


def _prepared(
    clips: Sequence[Clip], out: Path, way: Way, cluster: Cluster | None
) -> Generator[Prepared | Missing, None, None]:
    """What each clip's file holds, or the reason why there is none, in order."""
    work = partial(way.make, out=out)
    if cluster is None and way.workers == 1:
        yield from map(work, clips)
        return
    try:
        with closing(
            spread(work, clips, way.workers) if cluster is None else spread_over(cluster, work, clips, way.on_gpu)
        ) as results:
            yield from results
    finally:  # a worker that was stopped could not
        for folder in way.folders:
            remove_abandoned(out / folder)


def _write_tables(out: Path, clips: Sequence[Clip], done: dict[str, Prepared], dropped: Sequence[Dropped]) -> None:
    rows = [_row(clip, done[clip.name]) for clip in clips]
    _write_table(out / DROPPED, DROPPED_COLUMNS, [(drop.file.name, drop.reason) for drop in dropped])
    _write_table(out / TABLE, COLUMNS, rows)


def _row(clip: Clip, found: Prepared) -> tuple[object, ...]:
    known = (clip.name, clip.corpus, clip.identity, clip.emotion or "", clip.strength, clip.sentence)
    offset = "" if found.offset is None else found.offset
    return (*known, found.frames, int(found.heard), int(found.seen), offset, found.note)


def _write_table(path: Path, header: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    with whole(path) as temporary, temporary.open("w", newline="", encoding="utf-8") as file:
        writer = csv.writer(file, lineterminator="\n")
        writer.writerow(header)
        writer.writerows(rows)
