"""Jobs spread over a Ray cluster, all of whose machines see the same files under the same names."""

from __future__ import annotations

import os
import signal
import socket
import threading
from collections import deque
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import dicetalk
from dicetalk.__main__ import STOPS
from dicetalk.backbone import find_backbone
from dicetalk.batch.work import TIMES, Outcome, Task, make
from dicetalk.batch.workers import killed
from dicetalk.errors import ConfigError, require

PATIENCE = 5.0
"""Until a cluster must have answered [s]."""


def on_a_cluster(tasks: Sequence[Task], workers: int | None, address: str) -> Generator[Outcome, None, None]:
    """What becomes of each task, as they end; a task whose process or machine is lost is given to another.

    Args:
        tasks: to do.
        workers: most that are made at a time; None is as many as the cluster has processors.
        address: `HOST:PORT` of the head of a cluster of which this machine is one, or `auto`.

    Raises:
        ConfigError: no cluster answers at the address.
    """
    with _joined(address) as ray:
        waiting, at_work = deque(tasks), dict[Any, Task]()
        most = workers or max(1, int(ray.cluster_resources().get("CPU", 1)))
        remote = ray.remote(max_retries=TIMES - 1)(_make)
        try:
            while waiting or at_work:
                while waiting and len(at_work) < most:
                    task = waiting.popleft()
                    needs = _needs(ray, task)
                    at_work[remote.options(**needs).remote(task, str(Path.cwd()), dicetalk.__version__)] = task
                for promise in _ended(ray, list(at_work)):
                    yield _outcome(ray, promise, at_work.pop(promise))
        finally:
            _stop(ray, list(at_work))


def _ended(ray: Any, promises: list[Any]) -> list[Any]:
    """Wait until some have ended. What a signal raises in there comes out of Ray as the cause of another error."""
    try:
        done: list[Any] = ray.wait(promises)[0]
    except SystemError as error:
        raise error.__cause__ or error from None
    return done


def _stop(ray: Any, promises: Sequence[Any]) -> None:
    """End what is still being made, and wait until it has, so that what it leaves can be removed."""
    for promise in promises:
        ray.cancel(promise, force=True)
    if promises:
        ray.wait(promises, num_returns=len(promises), timeout=PATIENCE)


def _needs(ray: Any, task: Task) -> dict[str, Any]:
    """A processor; and a GPU for what is drawn by torch, where the cluster has any."""
    on_gpu = bool(find_backbone(task.job.backbone).kind.packages) and ray.cluster_resources().get("GPU", 0) >= 1
    return {"num_cpus": 1, "num_gpus": 1 if on_gpu else 0}


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
    if dicetalk.__version__ != version:
        why = f"the cluster has DiceTalk {dicetalk.__version__}, and this machine {version}; install the same on both"
        return Outcome(task.row, "failed", {"error": why, "kind": "ConfigError"}, task.job)
    try:
        os.chdir(folder)
    except OSError as error:
        why = f"a machine of the cluster has no folder {folder} ({error.strerror}); mount it under the same name"
        return Outcome(task.row, "failed", {"error": why, "kind": "ConfigError"}, task.job)
    return make(task)


@contextmanager
def _joined(address: str) -> Iterator[Any]:
    """Ray, connected to a cluster. Those who leave early end what they have begun there."""
    import ray

    try:
        ray.init(address=address, log_to_driver=False, logging_level="CRITICAL")
    except (ConnectionError, RuntimeError, ValueError, TimeoutError) as error:
        why = " ".join(str(error).split())[:200]
        raise ConfigError(f"no Ray cluster of this version answers at {address} ({why}); see docs/batch.md") from None
    _answer_signals()
    try:
        yield ray
    finally:
        ray.shutdown()


def _answer_signals() -> None:
    """Put Python's answers back in place: Ray's own end the process at once, and leave what was begun behind."""
    if threading.current_thread() is threading.main_thread():
        for number in STOPS:
            signal.signal(number, signal.getsignal(number))


def check_address(address: str) -> None:
    """Find out whether anybody listens there: Ray itself would ask for minutes.

    Raises:
        MissingExtraError: Ray is not installed.
        ConfigError: it is no address, or nobody answers.
    """
    require("ray", "ray")
    if address == "auto":
        return
    host, _, port = address.rpartition(":")
    if not host or not port.isdecimal() or not 0 < int(port) < 65536:
        raise ConfigError(f"the address of a Ray cluster is {address[:60]!r}; expected HOST:PORT or auto")
    try:
        socket.create_connection((host, int(port)), PATIENCE).close()
    except OSError as error:
        raise ConfigError(f"nobody answers at {address} ({error}); start a cluster there: docs/batch.md") from None
