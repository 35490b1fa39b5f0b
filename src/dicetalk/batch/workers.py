"""Jobs spread over processes of this machine: one that is killed is replaced, and its job made again."""

from __future__ import annotations

import multiprocessing
import time
from collections import deque
from collections.abc import Callable, Generator, Sequence
from contextlib import ExitStack
from dataclasses import dataclass, field
from multiprocessing.connection import Connection, wait
from multiprocessing.context import SpawnContext, SpawnProcess

from dicetalk.batch.work import KILLED, TIMES, Outcome, Task, make
from dicetalk.data.workers import end_with, unheard_signals

Part = Callable[[int, float], None]
"""Is told how much of a row is done, 0 to 1."""
OFTEN = 0.2
"""Between two words about one job [s]."""


@dataclass
class _Worker:
    """A process, and what it is doing.

    Attributes:
        process: that works.
        line: takes tasks, gives parts and outcomes; the process ends when it is closed.
        life: what the process waits for to be closed, so that it ends with us, however we end.
        task: it works on; None while it waits for one.
    """

    process: SpawnProcess
    line: Connection
    life: Connection
    task: Task | None = None

    def close(self) -> None:
        """End the process at once, whatever it does, and wait until it has."""
        self.life.close()
        self.line.close()
        self.process.join()


@dataclass
class _Pool:
    """The tasks that wait, and who works on the others."""

    waiting: deque[Task]
    context: SpawnContext
    workers: list[_Worker] = field(default_factory=list)
    begun: dict[int, int] = field(default_factory=dict)

    def start(self) -> None:
        """Give tasks to whoever has none, and to a new process where there may be another."""
        for worker in self.workers:
            if worker.task is None and self.waiting:
                worker.task = self.waiting.popleft()
                self.begun[worker.task.row] = self.begun.get(worker.task.row, 0) + 1
                _send(worker.line, worker.task)

    def hire(self) -> None:
        """Start a process."""
        with unheard_signals():
            theirs, ours = self.context.Pipe()
            stop, life = self.context.Pipe(duplex=False)
            process = self.context.Process(target=_work, args=(theirs, stop), daemon=True)
            process.start()
        theirs.close()
        stop.close()
        self.workers.append(_Worker(process, ours, life))

    def bury(self, worker: _Worker) -> Outcome | None:
        """Replace a process that was killed; its job waits again, or has failed."""
        self.workers.remove(worker)
        worker.close()
        self.hire()
        task = worker.task
        if task is None:
            return None
        if self.begun[task.row] < TIMES:
            self.waiting.append(task)
            return None
        return killed(task)

    def close(self) -> None:
        """End all processes at once."""
        for worker in self.workers:
            worker.close()


def killed(task: Task) -> Outcome:
    """The outcome of a job whose process is killed each time."""
    why = f"the process that made it was killed {TIMES} times (out of memory?); use fewer workers or a smaller size"
    return Outcome(task.row, "failed", {"error": why, "kind": KILLED}, task.job)


def on_this_machine(tasks: Sequence[Task], workers: int, part: Part) -> Generator[Outcome, None, None]:
    """What becomes of each task, as they end. Where the generator is closed, no process outlives it."""
    pool = _Pool(deque(tasks), multiprocessing.get_context("spawn"))
    with ExitStack() as end:
        end.callback(pool.close)
        for _ in range(min(workers, len(tasks))):
            pool.hire()
        left = len(tasks)
        while left:
            pool.start()
            for outcome in _heard(pool, part):
                left -= 1
                yield outcome


def _heard(pool: _Pool, part: Part) -> Generator[Outcome, None, None]:
    """The outcomes of those who have something to say now; waits until somebody has."""
    ready = wait([worker.line for worker in pool.workers])
    for worker in [worker for worker in pool.workers if worker.line in ready]:
        said: tuple[int, float] | Outcome | None
        try:
            said = worker.line.recv()
        except (EOFError, OSError):
            said = pool.bury(worker)
        else:
            worker.task = worker.task if isinstance(said, tuple) else None
        if isinstance(said, tuple):
            part(*said)
        elif said is not None:
            yield said


def _send(line: Connection, task: Task) -> None:
    try:
        line.send(task)
    except OSError:
        return  # it was killed, which the next `wait` finds


def _work(line: Connection, stop: Connection) -> None:
    """In a process of its own: make what comes."""
    end_with(stop)
    while True:
        try:
            task: Task = line.recv()
        except EOFError:
            return
        line.send(make(task, _seldom(task.row, line)))


def _seldom(row: int, line: Connection) -> Callable[[float], None]:
    last = 0.0

    def tell(part: float) -> None:
        nonlocal last
        if time.monotonic() - last > OFTEN:
            last = time.monotonic()
            line.send((row, part))

    return tell
