"""Work spread over the processors of a Ray cluster."""

from __future__ import annotations

from collections import deque
from collections.abc import Callable, Generator, Sequence
from dataclasses import dataclass
from typing import Any, TypeVar

from dicetalk.cluster import ended, enter, here, joined, needs, processors, stop
from dicetalk.errors import DiceTalkError

Item = TypeVar("Item")
Made = TypeVar("Made")

AHEAD = 4
"""Items that wait for each processor, so that none is idle while an earlier item is not done."""
TRIES = 3
"""Of an item whose process or machine is lost."""


@dataclass(frozen=True, kw_only=True)
class Cluster:
    """Where work is spread over.

    Attributes:
        address: `HOST:PORT` of its head, or `auto`.
        workers: items at a time; None is as many as it has processors.
    """

    address: str
    workers: int | None = None


def spread_over(
    cluster: Cluster, work: Callable[[Item], Made], items: Sequence[Item], on_gpu: bool
) -> Generator[Made, None, None]:
    """What work makes of each item, in order. Where the iterator is closed or fails, what was begun is ended.

    A process may then end in the middle of an item: what it writes must be whole or not there.

    Args:
        cluster: where.
        work: what is done; it and the items go to other machines.
        items: what it is done with.
        on_gpu: the work takes a GPU where the cluster has any.

    Raises:
        ConfigError: no cluster answers, or a machine of it lacks the folder or has another version.
        DiceTalkError: an item's process was lost again and again.
    """
    with joined(cluster.address) as ray:
        most = cluster.workers or processors(ray)
        # By `options`: where a GPU is asked for at once, every item gets a process of its own, and loads anew.
        remote = ray.remote(max_retries=TRIES - 1)(_make).options(**needs(ray, on_gpu))
        waiting, begun = deque(items), deque[Any]()
        done: set[Any] = set()
        try:
            while waiting or begun:
                while waiting and len(begun) - len(done) < most and len(begun) < AHEAD * most:
                    begun.append(remote.remote(work, waiting.popleft(), *here()))
                done.update(ended(ray, [one for one in begun if one not in done]))
                while begun and begun[0] in done:
                    first = begun.popleft()
                    done.remove(first)
                    yield _result(ray, first)
        finally:
            stop(ray, list(begun))


def _make(work: Callable[[Any], Any], item: Any, folder: str, version: str) -> Any:
    """On a machine of the cluster; an error of ours comes back as what was made."""
    try:
        enter(folder, version)
        return work(item)
    except DiceTalkError as error:
        return error


def _result(ray: Any, promise: Any) -> Any:
    try:
        made = ray.get(promise)
    except ray.exceptions.RayError as error:
        if isinstance(error, ray.exceptions.RayTaskError):
            raise error.cause from None  # a fault of ours
        lines = [line for line in str(error).splitlines() if line.strip()]
        raise DiceTalkError(
            f"a process of the cluster was lost {TRIES} times ({lines[-1].strip()[:100]}; out of memory?); run the "
            "same again, with fewer --workers"
        ) from None
    if isinstance(made, DiceTalkError):
        raise made
    return made
