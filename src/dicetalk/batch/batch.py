"""A batch: every row of a manifest made, kept as it was made before, or told why not; and a report."""

from __future__ import annotations

import hashlib
import json
from collections.abc import Callable, Generator, Iterator, Sequence
from contextlib import closing, contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from dicetalk.batch.cluster import on_a_cluster
from dicetalk.batch.manifest import Row, read_manifest
from dicetalk.batch.places import RECORDS, REPORT, Claims, placed
from dicetalk.batch.records import READ, Record, key_of
from dicetalk.batch.report import write_reports
from dicetalk.batch.work import Outcome, Task, fault
from dicetalk.batch.workers import Part, on_this_machine
from dicetalk.cluster import check_address
from dicetalk.errors import DiceTalkError, InputError
from dicetalk.files import held, remove_abandoned, same_file, writing
from dicetalk.jobs import Job
from dicetalk.media.frames import is_numbered
from dicetalk.sources.scheme import source_of
from dicetalk.speakers import speakers_of


class Watch:
    """Is told how far a batch is. This one says nothing."""

    def begin(self, videos: int) -> None:
        """So many are to be made; of the other rows it is known what becomes of them."""

    def part(self, row: int, part: float) -> None:
        """So much of a row's video is made, 0 to 1."""

    def end(self, outcome: Outcome) -> None:
        """It is known what becomes of a row."""


@dataclass(frozen=True, kw_only=True)
class Way:
    """How a batch is made.

    Attributes:
        workers: processes; None is one on this machine, and as many as there are processors on a cluster.
        ray: the address of a Ray cluster; None makes all of it on this machine.
    """

    workers: int | None = None
    ray: str | None = None


def run_batch(manifest: Path, out: Path, way: Way, watch: Watch | None = None) -> list[Outcome]:
    """Make every row of a manifest, or as many as can be made; gives what became of each, in order.

    However this ends, even stopped by an exception, report.csv and report.html tell how far it came. Killed, it leaves
    nothing half-written under a file's name, and the next one goes on there.

    Args:
        manifest: see `read_manifest`.
        out: the folder for videos and reports; it is made if need be.
        way: how.
        watch: is told how far it is.

    Raises:
        InputError, MediaError: the manifest cannot be read at all, or `out` not be written.
        ConfigError, MissingExtraError: as `on_a_cluster`.
    """
    watch = watch or Watch()
    if way.ray is not None:
        check_address(way.ray)
    rows = read_manifest(manifest)
    if same_file(manifest, out / REPORT):
        raise InputError(f"the manifest {manifest} would be overwritten by the report; give it another name")
    with _alone_in(out):
        plan = _Plan(out, manifest, rows)
        try:
            _make_all(plan, way, watch)
        finally:
            plan.clean()
            outcomes = plan.told()
            write_reports(out, outcomes)
    return outcomes


def _make_all(plan: _Plan, way: Way, watch: Watch) -> None:
    for outcome in plan.outcomes.values():
        watch.end(outcome)
    watch.begin(len(plan.tasks))
    with closing(_spread(plan.tasks, way, watch.part)) as ended:
        for outcome in ended:
            plan.outcomes[outcome.row] = outcome
            watch.end(outcome)


def _spread(tasks: Sequence[Task], way: Way, part: Part) -> Generator[Outcome, None, None]:
    if way.ray is not None:
        return on_a_cluster(tasks, way.workers, way.ray)
    return on_this_machine(tasks, way.workers or 1, part)


def _folders(job: Job) -> Iterator[Path]:
    """Where unfinished files of a job may lie: numbered pictures are made beside their folder."""
    for path in outputs_of(job):
        yield from (path.parent, path.parent.parent) if is_numbered(path) else (path.parent,)


@contextmanager
def _alone_in(out: Path) -> Iterator[None]:
    """Hold a folder against other batches.

    Raises:
        InputError: another one writes there.
        MediaError: it cannot be made or written.
    """
    with writing(out):
        (out / RECORDS).mkdir(parents=True, exist_ok=True)
    with held(out / RECORDS / "lock") as alone:
        if not alone:
            raise InputError(f"another batch is writing into {out}; wait for it, or give another folder")
        yield


class _Plan:
    """What is to be made, and what is known already.

    Attributes:
        outcomes: by row.
        tasks: to do.
        folders: that were made for them.
    """

    def __init__(self, out: Path, manifest: Path, rows: Sequence[Row]) -> None:
        self._out, self._claims = out, Claims(out)
        self._jobs: dict[int, Job] = {}
        self.outcomes: dict[int, Outcome] = {}
        self.tasks: list[Task] = []
        self.folders: list[Path] = []
        for row in rows:
            self._try(row.number, lambda row=row: self._understand(row))  # type: ignore[misc]
        read = [manifest]
        for number, job in list(self._jobs.items()):
            self._try(number, lambda job=job: read.extend(_inputs(job)))  # type: ignore[misc]
        for number, job in list(self._jobs.items()):
            self._try(number, lambda number=number, job=job: self._add(number, job, read))  # type: ignore[misc]

    def _try(self, number: int, step: Callable[[], None]) -> None:
        try:
            step()
        except DiceTalkError as error:
            self.outcomes[number] = Outcome(number, "failed", error.to_json(), self._jobs.pop(number, None))
        except Exception as error:  # a fault of ours in one row must not take the others with it
            self.outcomes[number] = Outcome(number, "failed", fault(error), self._jobs.pop(number, None))

    def _understand(self, row: Row) -> None:
        if isinstance(row.told, InputError):
            raise row.told
        settings = hashlib.sha256(json.dumps(row.told, sort_keys=True).encode()).hexdigest()[:8]
        job = Job.from_json(placed(self._out, row.told, settings))
        self._claims.take(row.number, outputs_of(job))
        self._jobs[row.number] = job

    def _add(self, number: int, job: Job, read: Sequence[Path]) -> None:
        for output in outputs_of(job):
            if any(same_file(output, path) for path in read):
                raise InputError(
                    f"{output} is an input of this batch and would be overwritten; give another output name"
                )
        key, record = key_of(job), Record.of(self._out, job.output)
        for output in outputs_of(job):
            self._make_folder(output.parent)
        made = record.made(key, job)
        if made is None:
            self.tasks.append(Task(number, job, key, record))
        else:
            picture = record.picture if record.picture.is_file() else None
            self.outcomes[number] = Outcome(number, "kept", made | {"output": str(job.output)}, job, picture)

    def _make_folder(self, folder: Path) -> None:
        """Make a folder, and those that it lies in."""
        if not folder.is_dir():
            self._make_folder(folder.parent)
            with writing(folder):
                folder.mkdir()
            self.folders.append(folder)

    def clean(self) -> None:
        """Remove what those who were killed have left, and the folders that stayed empty."""
        for folder in {
            self._out,
            self._out / RECORDS,
            *(folder for task in self.tasks for folder in _folders(task.job)),
        }:
            remove_abandoned(folder)
        for folder in reversed(self.folders):
            with suppress(OSError):  # something is in it
                folder.rmdir()

    def told(self) -> list[Outcome]:
        """What became of each row, in order."""
        left = {task.row: Outcome(task.row, "left", {}, task.job) for task in self.tasks}
        return [outcome for _, outcome in sorted((left | self.outcomes).items())]


def outputs_of(job: Job) -> list[Path]:
    """The files that a job writes."""
    return [path for path in (job.output, job.motion_out, job.preview, job.words, job.feelings) if path is not None]


def _inputs(job: Job) -> list[Path]:
    """The files that a job reads, those of its emotions among them.

    Raises:
        EmotionError: one cannot be understood.
    """
    told: dict[str, Any] = job.to_json()
    felt = [job.felt, *(speaker.emotion for speaker in speakers_of(job.speakers))]
    named = [Path(told[name]) for name in READ if told[name] is not None]
    return [*named, *(path for emotion in felt for path in source_of(emotion).files)]
