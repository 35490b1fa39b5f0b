"""Jobs spread over a Ray cluster."""

from __future__ import annotations

from collections import deque
from collections.abc import Generator, Sequence
from typing import Any

from dicetalk.backbone import find_backbone
from dicetalk.batch.work import TIMES, Outcome, Task, make
from dicetalk.batch.workers import killed
from dicetalk.cluster import ended, enter, here, joined, needs, processors, stop
from dicetalk.errors import ConfigError


def on_a_cluster(tasks: Sequence[Task], workers: int | None, address: str) -> Generator[Outcome, None, None]:
    """What becomes of each task, as they end; a task whose process or machine is lost is given to another.

    Args:
        tasks: to do.
        workers: most that are made at a time; None is as many as the cluster has processors.
        address: `HOST:PORT` of the head of a cluster of which this machine is one, or `auto`.

    Raises:
        ConfigError: no cluster answers at the address.
    """
    with joined(address) as ray:
        waiting, at_work = deque(tasks), dict[Any, Task]()
        most = workers or processors(ray)
        remote = ray.remote(max_retries=TIMES - 1)(_make)
        try:
            while waiting or at_work:
                while waiting and len(at_work) < most:
                    task = waiting.popleft()
                    torch = bool(find_backbone(task.job.backbone).kind.packages)
                    at_work[remote.options(**needs(ray, torch)).remote(task, *here())] = task
                for promise in ended(ray, list(at_work)):
                    yield _outcome(ray, promise, at_work.pop(promise))
        finally:
            stop(ray, list(at_work))


def _outcome(ray: Any, promise: Any, task: Task) -> Outcome:
    try:
        outcome: Outcome = ray.get(promise)
    except ray.exceptions.RayError as error:
        if isinstance(error, ray.exceptions.WorkerCrashedError | ray.exceptions.OutOfMemoryError):
            return killed(task)
        lines = [line for line in str(error).splitlines() if line.strip()]
        return Outcome(task.row, "failed", {"error": f"the cluster: {lines[-1].strip()}", "kind": "RayError"}, task.job)
    return outcome


def _make(task: Task, folder: str, version: str) -> Outcome:
    """On a machine of the cluster: make a video, in the folder where the command was typed."""
    try:
        enter(folder, version)
    except ConfigError as error:
        return Outcome(task.row, "failed", {"error": str(error), "kind": "ConfigError"}, task.job)
    return make(task)
